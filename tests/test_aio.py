"""``bedrock_token_generator.aio``: the same tokens and errors, and an event loop that goes on."""

from __future__ import annotations

import asyncio
import copy
import gc
import json
import pickle
import sys
import threading
import time
import weakref
from collections import Counter
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from types import SimpleNamespace

import pytest
from botocore.credentials import Credentials, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, CredentialRetrievalError, NoRegionError
from botocore.utils import ContainerMetadataFetcher

import bedrock_token_generator
import loopback
import sigv4
from bedrock_token_generator import Token, aio
from examples import KEYS


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A container's credential server.

    ``delay`` is how long an answer takes, in seconds; it does not come before ``answers`` is set.
    """
    state = SimpleNamespace(delay=0.0, requests=0, answers=threading.Event())
    state.answers.set()
    monkeypatch.setattr(ContainerMetadataFetcher, "TIMEOUT_SECONDS", 30)

    class Handler(loopback.Handler):
        def do_GET(self):
            state.requests += 1
            answer = {
                "AccessKeyId": f"ASIAEXAMPLE{state.requests}",
                "SecretAccessKey": KEYS.secret_key,
                "Token": KEYS.token,
                "Expiration": (datetime.now(timezone.utc) + timedelta(hours=1)).isoformat(),
            }
            time.sleep(state.delay)
            assert state.answers.wait(20)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

    with loopback.Server(Handler) as server:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/credentials")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        yield state


class Gate:
    """A ``credentials`` callable that answers, or fails, when the test opens it."""

    def __init__(self, *answers: Credentials | Exception) -> None:
        self.answers = list(answers)
        self.calls = 0
        self.opened = threading.Event()

    def __call__(self) -> Credentials:
        answer = self.answers[self.calls]
        self.calls += 1
        assert self.opened.wait(10)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def refreshing(self) -> DeferredRefreshableCredentials:
        """The same as credentials that refresh, which overlapping calls share."""

        def refresh() -> dict[str, str | None]:
            answer = self()
            return {
                "access_key": answer.access_key,
                "secret_key": answer.secret_key,
                "token": answer.token,
                "expiry_time": (datetime.now(timezone.utc) + timedelta(hours=6)).isoformat(),
            }

        return DeferredRefreshableCredentials(refresh, "gate")

    async def entered(self) -> None:
        while not self.calls:
            await asyncio.sleep(0.001)


@pytest.fixture
def noise(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """What asyncio complains of; empty at the end of a test."""
    found: list[str] = []
    yield found
    gc.collect()
    found += [record.getMessage() for record in caplog.records if record.name == "asyncio"]
    assert found == []


def verify(token, access_key=KEYS.access_key):
    keys = sigv4.Keys(access_key, KEYS.secret_key, KEYS.token)
    return sigv4.verify(token, keys, region="us-east-1", now=datetime.now(timezone.utc))


ARGUMENTS = [
    {},
    {"region": "eu-west-1"},
    {"credentials": Credentials(KEYS.access_key, KEYS.secret_key)},
    {"credentials": lambda: Credentials(KEYS.access_key, KEYS.secret_key)},
    {"expires_in_seconds": 60},
]


@pytest.mark.parametrize("arguments", ARGUMENTS)
def test_tokens_are_the_synchronous_ones(environment, clock, arguments):
    async def main():
        provider = aio.get_token_provider(**arguments)
        return [await aio.get_token(**arguments), await provider(), await provider()]

    expected = bedrock_token_generator.get_token(**arguments)
    for token in asyncio.run(main()):
        assert type(token) is Token
        assert (str(token), token.expires_at) == (str(expected), expected.expires_at)


WRONG = [
    {"credentials": "AKIAIOSFODNN7EXAMPLE"},
    {"credentials": Credentials},
    {"region": "us east"},
    {"region": 1},
    {"profile": b"dev"},
    {"expires_in_seconds": 0},
    {"expires_in_seconds": "3600"},
    {"regoin": "us-east-1"},
]


@pytest.mark.parametrize("arguments", WRONG)
@pytest.mark.parametrize("name", ["get_token", "get_token_provider"])
def test_wrong_arguments_get_the_synchronous_errors(name, arguments):
    expected = error_of(getattr(bedrock_token_generator, name), arguments)

    def call(**arguments):
        made = getattr(aio, name)(**arguments)
        assert name == "get_token", "a provider's arguments are checked at once"
        asyncio.run(made)

    raised = error_of(call, arguments)
    assert (type(raised), str(raised)) == (type(expected), str(expected))


def error_of(call, arguments):
    try:
        call(**arguments)
    except (TypeError, ValueError, BotoCoreError) as error:
        return error
    return pytest.fail("no error")


def test_positional_arguments_are_refused():
    with pytest.raises(TypeError):
        aio.get_token_provider("us-east-1")
    with pytest.raises(TypeError):
        aio.get_token("us-east-1")


def test_errors_of_a_call_are_the_synchronous_ones():
    with pytest.raises(NoRegionError) as expected:
        bedrock_token_generator.get_token()
    for call in (aio.get_token, aio.get_token_provider()):
        with pytest.raises(NoRegionError) as raised:
            asyncio.run(call())
        assert str(raised.value) == str(expected.value)


COPIES = [copy.copy, copy.deepcopy, lambda provider: pickle.loads(pickle.dumps(provider))]


@pytest.mark.parametrize("copied", COPIES)
def test_a_copy_resolves_for_itself(source, copied):
    async def main():
        provider = aio.get_token_provider()
        await provider()
        return await asyncio.gather(provider(), copied(provider)())

    own, others = asyncio.run(main())
    verify(own, "ASIAEXAMPLE1")
    verify(others, "ASIAEXAMPLE2")


@pytest.mark.parametrize("copied", COPIES)
def test_a_copy_has_the_arguments_and_looks_for_its_own_region(copied, environment, monkeypatch):
    provider = aio.get_token_provider()
    assert asyncio.run(provider()).region == "us-east-1"
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert asyncio.run(provider()).region == "us-east-1"
    assert asyncio.run(copied(provider)()).region == "eu-central-1"
    provider = aio.get_token_provider(region="eu-west-1", profile="p", expires_in_seconds=60)
    assert repr(copied(provider)) == repr(provider)


def test_a_used_provider_shows_and_pickles_no_secret(environment):
    provider = aio.get_token_provider(region="us-east-1")
    token = asyncio.run(provider())
    shown = repr(provider) + repr(pickle.dumps(provider))
    assert "aio" in repr(provider)
    assert "region='us-east-1'" in repr(provider)
    for secret in (KEYS.access_key, KEYS.secret_key, KEYS.token, str(token)):
        assert secret not in shown


@pytest.mark.parametrize("name", ["get_token", "get_token_provider"])
def test_the_loop_goes_on_while_credentials_take_2_seconds(source, name):
    source.delay = 2
    call = aio.get_token if name == "get_token" else aio.get_token_provider()

    async def main():
        ticks = [time.perf_counter()]

        async def tick():
            while True:
                await asyncio.sleep(0.01)
                ticks.append(time.perf_counter())

        ticker = asyncio.create_task(tick())
        token = await call()
        ticker.cancel()
        ticks.append(time.perf_counter())
        return token, ticks

    token, ticks = asyncio.run(main())
    verify(token, "ASIAEXAMPLE1")
    assert ticks[-1] - ticks[0] > 2
    # Blocked, the loop would stand still for all of the 2 s.
    assert max(later - earlier for earlier, later in pairwise(ticks)) < 2


@pytest.mark.parametrize("minutes", [0, 50, 55, 65], ids=["first", "advisory", "mandatory", "dead"])
def test_1000_tasks_share_one_refresh(source, clock, minutes):
    """Where the last token lives, one waits for the refresh; where none lives, all."""
    provider = aio.get_token_provider()
    if minutes:
        asyncio.run(provider())
        clock.shift(timedelta(minutes=minutes))
    source.answers.clear()
    asked_before, ended = source.requests, []

    async def call():
        token = await provider()
        ended.append(source.answers.is_set())
        return token

    async def main():
        waiting = [asyncio.create_task(call()) for _ in range(1000)]
        while source.requests == asked_before:
            await asyncio.sleep(0.001)
        waiting += [asyncio.create_task(call()) for _ in range(1000)]
        await asyncio.sleep(0)
        source.answers.set()
        return await asyncio.gather(*waiting)

    signers = [sigv4.claims(token).access_key for token in asyncio.run(main())]
    assert source.requests == asked_before + 1
    new = f"ASIAEXAMPLE{source.requests}"
    if minutes in (50, 55):
        assert signers == [new] + ["ASIAEXAMPLE1"] * 1999
        assert ended == [False] * 1999 + [True]
    else:
        assert signers == [new] * 2000
        assert ended == [True] * 2000


def test_waiting_tasks_leave_the_threads_of_the_loop_to_others(credentials):
    gate = Gate(credentials)
    provider = aio.get_token_provider(credentials=gate.refreshing(), region="us-east-1")

    async def main():
        waiting = [asyncio.create_task(provider()) for _ in range(1000)]
        await gate.entered()
        # Name look-ups, among others, need these threads.
        await asyncio.wait_for(asyncio.to_thread(int), 5)
        gate.opened.set()
        return await asyncio.gather(*waiting)

    assert len(set(asyncio.run(main()))) == 1
    assert gate.calls == 1


def test_a_cancelled_task_leaves_the_others_their_token(credentials, noise):
    gate = Gate(credentials)
    provider = aio.get_token_provider(credentials=gate.refreshing(), region="us-east-1")

    async def main():
        tasks = [asyncio.create_task(provider()) for _ in range(3)]
        await gate.entered()
        tasks[0].cancel()  # The one that started the call.
        with pytest.raises(asyncio.CancelledError):
            await tasks[0]
        gate.opened.set()
        return await asyncio.gather(*tasks[1:])

    for token in asyncio.run(main()):
        verify(token)
    assert gate.calls == 1


def test_where_all_are_cancelled_the_next_task_gets_the_token(credentials, noise):
    gate = Gate(credentials)
    provider = aio.get_token_provider(credentials=gate.refreshing(), region="us-east-1")

    async def main():
        tasks = [asyncio.create_task(provider()) for _ in range(3)]
        await gate.entered()
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(result) for result in results} == {asyncio.CancelledError}
        late = asyncio.create_task(provider())
        await asyncio.sleep(0)
        gate.opened.set()
        return await late

    verify(asyncio.run(main()))
    assert gate.calls == 1


def test_each_task_has_the_answer_of_its_own_callable():
    """It may depend on context variables, such as the tenant of a request."""
    tenant = ContextVar("tenant")

    def credentials():
        time.sleep(0.05)  # The calls overlap.
        return Credentials(f"AKID{tenant.get()}", KEYS.secret_key, KEYS.token)

    provider = aio.get_token_provider(credentials=credentials, region="us-east-1")

    async def ask(name):
        tenant.set(name)
        return sigv4.claims(await provider()).access_key

    async def main():
        return await asyncio.gather(*map(ask, "ABCABC"))

    assert asyncio.run(main()) == [f"AKID{name}" for name in "ABCABC"]


def test_a_timeout_ends_the_wait_at_once(credentials, noise):
    gate = Gate(credentials)
    provider = aio.get_token_provider(credentials=gate.refreshing(), region="us-east-1")

    async def main():
        start = time.perf_counter()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(provider(), 0.05)
        waited = time.perf_counter() - start
        gate.opened.set()
        return waited

    assert asyncio.run(main()) < 5  # Of the 10 s that the gate stays shut.


def test_an_error_reaches_all_and_the_next_call_tries_again(credentials, noise):
    gate = Gate(ConnectionError("source is down"), credentials)
    provider = aio.get_token_provider(credentials=gate.refreshing(), region="us-east-1")

    async def main():
        tasks = [asyncio.create_task(provider()) for _ in range(10)]
        await gate.entered()
        gate.opened.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [str(result) for result in results] == ["source is down"] * 10
        return await provider()

    verify(asyncio.run(main()))
    assert gate.calls == 2


@pytest.mark.parametrize("make", ["get_token", "get_token_provider"])
def test_an_error_that_nobody_awaits_makes_no_noise(make, noise):
    gate = Gate(ConnectionError("source is down"))
    arguments = {"credentials": gate.refreshing(), "region": "us-east-1"}

    async def main():
        asyncio.get_running_loop().set_exception_handler(
            lambda loop, context: noise.append(context["message"])
        )
        if make == "get_token":
            tasks = [asyncio.create_task(aio.get_token(**arguments))]
        else:
            provider = aio.get_token_provider(**arguments)
            tasks = [asyncio.create_task(provider()) for _ in range(3)]
        await gate.entered()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        gate.opened.set()
        await asyncio.sleep(0.1)

    asyncio.run(main())
    assert gate.calls == 1


def test_a_loop_may_end_while_a_call_is_under_way(credentials, noise):
    gate = Gate(credentials, credentials)
    provider = aio.get_token_provider(credentials=gate.refreshing(), region="us-east-1")

    async def leave():
        task = asyncio.create_task(provider())
        await gate.entered()
        # The loop waits for its threads when it ends.
        threading.Timer(0.05, gate.opened.set).start()
        return task

    assert asyncio.run(leave()).cancelled()
    verify(asyncio.run(provider()))


def test_successive_loops_share_a_provider(source):
    provider = aio.get_token_provider()
    for _ in range(3):
        verify(asyncio.run(provider()), "ASIAEXAMPLE1")
    assert source.requests == 1


@pytest.mark.parametrize("minutes", [55, 65], ids=["a token lives", "no token lives"])
def test_two_loops_at_once_share_a_provider(source, clock, minutes):
    provider = aio.get_token_provider()
    asyncio.run(provider())
    clock.shift(timedelta(minutes=minutes))
    source.answers.clear()
    tokens = []

    async def call():
        tokens.append(await provider())

    async def main():
        await asyncio.gather(*(call() for _ in range(100)))

    threads = [threading.Thread(target=asyncio.run, args=(main(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    while source.requests == 1:
        time.sleep(0.001)
    if minutes == 55:
        while len(tokens) < 199:  # All but that which began the renewal.
            time.sleep(0.001)
    source.answers.set()
    for thread in threads:
        thread.join()
    assert source.requests == 2
    assert len(tokens) == 200
    signers = Counter(sigv4.claims(token).access_key for token in tokens)
    assert signers["ASIAEXAMPLE2"] == (1 if minutes == 55 else 200)


def test_no_task_is_left_behind(credentials):
    provider = aio.get_token_provider(credentials=credentials, region="us-east-1")

    async def main():
        await asyncio.gather(*(provider() for _ in range(10)))
        await aio.get_token(credentials=credentials, region="us-east-1")
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert asyncio.run(main()) == set()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks are new in Python 3.12")
def test_eager_tasks_share_a_call(credentials):
    gate = Gate(credentials)
    gate.opened.set()
    provider = aio.get_token_provider(credentials=gate.refreshing(), region="us-east-1")

    async def main():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        return await asyncio.gather(*(asyncio.create_task(provider()) for _ in range(10)))

    for token in asyncio.run(main()):
        verify(token)
    assert gate.calls == 1


def test_an_async_source_can_be_asked_from_the_thread(credentials):
    async def fetch():
        await asyncio.sleep(0)
        return credentials

    async def main():
        loop = asyncio.get_running_loop()
        provider = aio.get_token_provider(
            credentials=lambda: asyncio.run_coroutine_threadsafe(fetch(), loop).result(),
            region="us-east-1",
        )
        return await asyncio.gather(*(provider() for _ in range(10)))

    for token in asyncio.run(main()):
        verify(token)


def test_expired_credentials_that_do_not_refresh_give_an_error(role, clock):
    provider = aio.get_token_provider(credentials=role(timedelta(0)), region="us-east-1")
    with pytest.raises(CredentialRetrievalError, match="ended"):
        asyncio.run(provider())


def test_an_ended_call_keeps_neither_its_callers_nor_the_loop_alive(credentials):
    class Failing(Credentials):
        def get_frozen_credentials(self):
            raise ConnectionError

    failing = aio.get_token_provider(credentials=Failing("AKID", "secret"), region="us-east-1")
    working = aio.get_token_provider(credentials=credentials, region="us-east-1")

    class Request:
        pass

    async def main():
        request = Request()
        kept = [weakref.ref(request), weakref.ref(asyncio.get_running_loop())]
        await working()
        with pytest.raises(ConnectionError):
            await failing()
        return kept

    kept = asyncio.run(main())
    gc.collect()
    assert [reference() for reference in kept] == [None, None]


@pytest.mark.parametrize("name", ["get_token", "get_token_provider"])
def test_a_callable_that_raises_stop_iteration_does_not_hang(name):
    arguments = {"credentials": iter([]).__next__, "region": "us-east-1"}

    async def main():
        made = getattr(aio, name)(**arguments)
        await asyncio.wait_for(made if name == "get_token" else made(), 5)

    with pytest.raises(RuntimeError, match="StopIteration"):
        asyncio.run(main())
