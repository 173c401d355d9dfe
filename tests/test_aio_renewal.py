"""How the provider of ``aio`` waits: threads, executors, cancelled tasks, loops; what it awaits."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import functools
import gc
import inspect
import pickle
import subprocess
import sys
import threading
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from datetime import datetime, timedelta, timezone

import pytest
from botocore.credentials import (
    Credentials,
    DeferredRefreshableCredentials,
    ReadOnlyCredentials,
    RefreshableCredentials,
)
from botocore.exceptions import NoCredentialsError

import sigv4
from bedrock_token_generator import aio, get_token, get_token_provider
from examples import KEYS, NOW
from test_renewal import Source


@pytest.fixture
def source(clock):
    return Source()


@pytest.fixture
def provider(source):
    credentials = DeferredRefreshableCredentials(source, "test")
    return aio.get_token_provider(credentials=credentials, region="us-east-1")


def signer(token):
    now = datetime.now(timezone.utc)
    access_key = sigv4.claims(token).access_key
    keys = sigv4.Keys(access_key, KEYS.secret_key, KEYS.token)
    return sigv4.verify(token, keys, region="us-east-1", now=now).access_key


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


@pytest.fixture
def no_threads(monkeypatch):
    """Return a function after which no thread can be started."""

    def forbid():
        def start(self):
            raise AssertionError("a thread was started")

        monkeypatch.setattr(threading.Thread, "start", start)

    return forbid


def test_a_warm_call_takes_no_thread_and_does_not_suspend(provider, no_threads):
    async def main():
        first = await provider()
        no_threads()
        for _ in range(1000):
            call = provider()
            with pytest.raises(StopIteration) as ended:
                call.send(None)  # Nothing but the loop would go on from here.
            assert ended.value.value is first

    asyncio.run(main())


@contextlib.contextmanager
def busy_executor():
    """Fill the executor of the loop with jobs that do not end before the block does."""
    release, loop = threading.Event(), asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(2))
    jobs = [loop.run_in_executor(None, release.wait, 20) for _ in range(40)]
    yield
    assert not any(job.done() for job in jobs)
    release.set()


@pytest.mark.parametrize("minutes", [0, 0.5, 2, 50, 61])
def test_a_busy_executor_holds_no_token_back(source, provider, clock, minutes):
    async def main():
        if minutes:
            await provider()
            clock.shift(timedelta(minutes=minutes))
        with busy_executor():
            return await asyncio.wait_for(provider(), 5)

    signer(asyncio.run(main()))


def test_get_token_needs_no_executor_either(environment):
    async def main():
        with busy_executor():
            return await asyncio.wait_for(aio.get_token(), 5)

    assert sigv4.claims(asyncio.run(main())).access_key == KEYS.access_key


@pytest.mark.parametrize("minutes", [0, 50, 61])
def test_each_thread_of_the_executor_may_ask_through_the_loop(source, provider, clock, minutes):
    async def main():
        loop = asyncio.get_running_loop()
        if minutes:
            await provider()
            clock.shift(timedelta(minutes=minutes))
        loop.set_default_executor(ThreadPoolExecutor(4))

        def ask():
            return asyncio.run_coroutine_threadsafe(provider(), loop).result(timeout=10)

        return await asyncio.gather(*(asyncio.to_thread(ask) for _ in range(4)))

    for token in asyncio.run(main()):
        signer(token)


def test_asyncio_run_does_not_wait_for_a_renewal(source, provider):
    source.lets.clear()

    async def main():
        task = asyncio.create_task(provider())
        await until(lambda: source.requests)
        task.cancel()

    asyncio.run(main())
    assert not source.lets.is_set()
    source.lets.set()
    assert signer(asyncio.run(provider())) == "ASIAEXAMPLE1"


def test_threads_and_loops_share_a_renewal(source, provider, clock):
    """64 threads with a loop each, 500 tasks in this one, and none beside them."""
    source.lets.clear()

    async def main():
        with ThreadPoolExecutor(64) as pool:
            threads = [pool.submit(asyncio.run, provider()) for _ in range(64)]
            tasks = [asyncio.create_task(provider()) for _ in range(500)]
            await until(lambda: source.requests)
            source.lets.set()
            tokens = await asyncio.gather(*tasks)
            return {*tokens, *(thread.result() for thread in threads)}

    assert {signer(token) for token in asyncio.run(main())} == {"ASIAEXAMPLE1"}
    assert source.requests == 1


def test_10000_renewals_leave_no_thread_behind(credentials, clock):
    provider = aio.get_token_provider(credentials=credentials, region="us-east-1")
    before, most = threading.active_count(), 0

    async def main():
        nonlocal most
        for _ in range(10_000):
            await provider()
            clock.shift(61)
            most = max(most, threading.active_count())

    asyncio.run(main())
    assert most <= before + 2
    for thread in threading.enumerate():
        if thread.name == "bedrock_token_generator":
            thread.join(10)
    assert threading.active_count() == before


def test_where_no_thread_can_be_started_the_loop_waits(provider, monkeypatch):
    def start(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    assert signer(asyncio.run(provider())) == "ASIAEXAMPLE1"


def test_where_no_thread_can_be_started_an_interrupt_stays_with_its_caller(
    source, provider, monkeypatch
):
    """Who waits for it, in another loop, renews in its place."""
    others_wait = threading.Event()

    def wait(_):
        if source.requests == 1:
            assert others_wait.wait(20)
            raise KeyboardInterrupt
        return True

    source.lets.wait = wait

    async def main():
        waiting = asyncio.create_task(provider())
        await asyncio.sleep(0)
        others_wait.set()
        return await waiting

    def start(self):
        raise RuntimeError("can't start new thread")

    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()  # Its thread is there before none can be started.
        monkeypatch.setattr(threading.Thread, "start", start)
        first = pool.submit(asyncio.run, provider())
        source.asked(1)
        assert signer(asyncio.run(main())) == "ASIAEXAMPLE2"
        assert type(first.exception()) is KeyboardInterrupt


def test_an_interrupt_while_the_thread_starts_is_raised(source, provider, monkeypatch):
    """And the renewal goes on."""
    start = threading.Thread.start

    def interrupted(self):
        start(self)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(provider())
    monkeypatch.setattr(threading.Thread, "start", start)
    assert signer(asyncio.run(provider())) == "ASIAEXAMPLE1"
    assert source.requests == 1


AT_EXIT = """
import asyncio, atexit, time_machine
from botocore.credentials import Credentials
from bedrock_token_generator import aio, get_token_provider

given = {"credentials": Credentials("AKID", "secret"), "region": "us-east-1"}
awaited, provider = aio.get_token_provider(**given), get_token_provider(**given)
before = asyncio.run(awaited()), provider()
traveller = time_machine.travel(before[0].expires_at, tick=False)
traveller.start()

@atexit.register
def last():
    after = asyncio.run(awaited()), provider()
    print(len({*before, *after}) >= 2)
"""


def test_a_renewal_at_the_interpreters_exit():
    """From Python 3.12 on, no thread can be started there."""
    run = subprocess.run([sys.executable, "-c", AT_EXIT], capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("True\n", "")


HANGS = """
import asyncio, threading
from botocore.credentials import DeferredRefreshableCredentials
from bedrock_token_generator import aio

credentials = DeferredRefreshableCredentials(threading.Event().wait, "test")
provider = aio.get_token_provider(credentials=credentials, region="us-east-1")
try:
    asyncio.run(asyncio.wait_for(provider(), 0.01))
except asyncio.TimeoutError:
    print("ended")
"""


def test_a_source_that_hangs_does_not_hold_up_the_interpreters_exit():
    run = subprocess.run(
        [sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=30, check=True
    )
    assert (run.stdout, run.stderr) == ("ended\n", "")


def test_nothing_of_one_task_stands_in_the_error_of_another(source, provider):
    source.error = ConnectionError("down")
    source.lets.clear()

    async def in_an_except(text):
        try:
            raise LookupError(text)
        except LookupError:
            try:
                await provider()
            except ConnectionError as error:
                return error

    async def main():
        tasks = [asyncio.create_task(in_an_except(f"task {number}")) for number in range(3)]
        await until(lambda: source.requests)
        source.lets.set()
        return await asyncio.gather(*tasks)

    errors = asyncio.run(main())
    for number, error in enumerate(errors):
        shown = "".join(traceback.format_exception(error))
        for other in range(3):
            assert (f"task {other}" in shown) == (other == number)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), StopIteration()])
def test_whatever_a_source_raises_is_answered(source, provider, error):
    """In the thread of the renewal these are no interrupt, and end nothing but the call."""
    source.error = error

    async def main():
        results = await asyncio.gather(provider(), provider(), return_exceptions=True)
        return [type(result) for result in results]

    if isinstance(error, StopIteration):
        assert asyncio.run(main()) == [RuntimeError] * 2
    else:
        with pytest.raises(type(error)):
            asyncio.run(main())
    assert source.requests <= 2
    source.error = None
    signer(asyncio.run(provider()))


# What is asynchronous.


async def coroutine_function():
    await asyncio.sleep(0)
    return Credentials(KEYS.access_key, KEYS.secret_key, KEYS.token)


class AsynchronousCall:
    async def __call__(self):
        return await coroutine_function()


class AsynchronousCredentials(RefreshableCredentials):
    """As aiobotocore's: all is the same but that the keys are awaited."""

    frozen = 0

    async def get_frozen_credentials(self):
        await asyncio.sleep(0)
        self.frozen += 1
        return ReadOnlyCredentials(KEYS.access_key, KEYS.secret_key, KEYS.token)


def asynchronous_credentials(life=timedelta(hours=1)):
    keys = KEYS.access_key, KEYS.secret_key, KEYS.token
    return AsynchronousCredentials(*keys, datetime.now(timezone.utc) + life, dict, "test")


async def with_asynchronous_credentials():
    return asynchronous_credentials()


ASYNCHRONOUS = {
    "coroutine function": coroutine_function,
    "partial": functools.partial(coroutine_function),
    "lambda": lambda: coroutine_function(),
    "object": AsynchronousCall(),
    "asynchronous credentials from a coroutine function": with_asynchronous_credentials,
    "asynchronous credentials from a function": asynchronous_credentials,
}


@pytest.mark.parametrize("how", ASYNCHRONOUS)
@pytest.mark.parametrize("name", ["get_token", "get_token_provider"])
def test_asynchronous_callables_are_awaited_for_each_token(how, name):
    async def main():
        made = getattr(aio, name)(credentials=ASYNCHRONOUS[how], region="us-east-1")
        return [await made] if name == "get_token" else [await made() for _ in range(3)]

    for token in asyncio.run(main()):
        assert signer(token) == KEYS.access_key


def test_asynchronous_credentials_are_frozen_for_each_token(clock):
    async def main():
        credentials = asynchronous_credentials()
        provider = aio.get_token_provider(credentials=credentials, region="us-east-1")
        for number in range(1, 4):
            token = await provider()
            assert signer(token) == KEYS.access_key
            assert token.expires_at == NOW + timedelta(hours=1)
            assert credentials.frozen == number
        assert await aio.get_token(credentials=credentials, region="us-east-1") == token

    asyncio.run(main())


@pytest.mark.parametrize(
    "how",
    [
        "coroutine function",
        "partial",
        "object",
        "asynchronous credentials from a coroutine function",
    ],
)
def test_an_asynchronous_callable_takes_no_thread_and_stays_in_the_callers_task(
    how, no_threads, monkeypatch
):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    no_threads()
    tasks = []

    async def main():
        async def ask():
            tasks.append(asyncio.current_task())
            return await ASYNCHRONOUS[how]()

        await aio.get_token_provider(credentials=ask)()
        assert tasks == [asyncio.current_task()]
        await aio.get_token_provider(credentials=ASYNCHRONOUS[how])()

    asyncio.run(main())


@pytest.mark.parametrize("kind", [Credentials, ReadOnlyCredentials])
@pytest.mark.parametrize("name", ["get_token", "get_token_provider"])
def test_an_asynchronous_callable_that_has_its_answer_suspends_nothing(name, kind):
    async def ask():
        return kind(KEYS.access_key, KEYS.secret_key, KEYS.token)

    made = getattr(aio, name)(credentials=ask, region="us-east-1")
    with pytest.raises(StopIteration) as ended:
        (made if name == "get_token" else made()).send(None)
    assert signer(ended.value.value) == KEYS.access_key


def test_credentials_that_block_do_so_in_a_thread(source):
    """An asynchronous callable that returns credentials that refresh over the network."""
    source.lets.clear()

    async def ask():
        return DeferredRefreshableCredentials(source, "test")

    async def main():
        token = asyncio.create_task(aio.get_token(credentials=ask, region="us-east-1"))
        await until(lambda: source.requests)
        source.lets.set()
        return await token

    assert signer(asyncio.run(main())) == "ASIAEXAMPLE1"


TENANT = ContextVar("tenant")


def credentials_of_the_tenant():
    return Credentials(TENANT.get(), KEYS.secret_key, KEYS.token)


async def awaited_credentials_of_the_tenant():
    await asyncio.sleep(0)
    return credentials_of_the_tenant()


@pytest.mark.parametrize("ask", [credentials_of_the_tenant, awaited_credentials_of_the_tenant])
@pytest.mark.parametrize("name", ["get_token", "get_token_provider"])
def test_context_variables_are_the_callers(ask, name):
    given = {"credentials": ask, "region": "us-east-1"}
    call = functools.partial(aio.get_token, **given)
    if name == "get_token_provider":
        call = aio.get_token_provider(**given)

    async def of(tenant):
        TENANT.set(tenant)
        return await call()

    async def main():
        return await asyncio.gather(*map(of, ("AKIDA", "AKIDB", "AKIDC")))

    assert [signer(token) for token in asyncio.run(main())] == ["AKIDA", "AKIDB", "AKIDC"]


def test_a_renewal_has_the_context_of_the_task_that_began_it(source, provider):
    """What it logs belongs to a request, say; the name of its thread tells whose it is."""
    seen = []

    def wait(_):
        seen.append((TENANT.get(), threading.current_thread().name))
        return True

    async def main():
        TENANT.set("A")
        await provider()

    source.lets.wait = wait
    asyncio.run(main())
    assert seen == [("A", "bedrock_token_generator")]


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (None, NoCredentialsError, "the callable passed as credentials gave none"),
        ({}, TypeError, "the callable passed as credentials must return botocore Credentials"),
    ],
)
def test_an_asynchronous_answer_is_checked(environment, answer, error, message):
    async def ask():
        return answer

    with pytest.raises(error, match=message):
        asyncio.run(aio.get_token(credentials=ask))


ASYNCHRONOUS_TO_AIO = (
    r"must return botocore Credentials or ReadOnlyCredentials, not \w+\. Pass an asynchronous "
    r"function, not its result, to bedrock_token_generator\.aio$"
)


@pytest.mark.parametrize("how", ASYNCHRONOUS)
@pytest.mark.parametrize("make", [get_token, lambda **given: get_token_provider(**given)()])
def test_the_synchronous_functions_refuse_what_is_to_be_awaited(how, make):
    if how == "asynchronous credentials from a coroutine function":
        pytest.skip("refused as any coroutine function is")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TypeError, match=ASYNCHRONOUS_TO_AIO):
            make(credentials=ASYNCHRONOUS[how], region="us-east-1")
        gc.collect()


class Awaitable:
    def __await__(self):
        yield


@pytest.mark.parametrize("make", [get_token, lambda **given: get_token_provider(**given)()])
def test_the_synchronous_functions_refuse_any_awaitable(make):
    with pytest.raises(TypeError, match=ASYNCHRONOUS_TO_AIO):
        make(credentials=lambda: Awaitable(), region="us-east-1")


@pytest.mark.parametrize("make", [get_token, aio.get_token, aio.get_token_provider])
def test_the_result_of_an_asynchronous_function_is_refused_and_closed(make):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TypeError, match=r"not coroutine\. Pass an asynchronous function, not"):
            make(credentials=coroutine_function(), region="us-east-1")
        gc.collect()


def test_the_synchronous_functions_refuse_asynchronous_credentials():
    with pytest.raises(TypeError, match=ASYNCHRONOUS_TO_AIO):
        get_token(credentials=asynchronous_credentials(), region="us-east-1")


# What it is.


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python can be told so from 3.12 on")
def test_it_says_that_it_is_a_coroutine_function(provider):
    for each in (
        provider,
        copy.copy(provider),
        pickle.loads(pickle.dumps(aio.get_token_provider())),
    ):
        assert inspect.iscoroutinefunction(each)
    assert not inspect.iscoroutinefunction(type(provider))


def test_its_call_is_a_coroutine_function(provider):
    assert inspect.iscoroutinefunction(provider.__call__)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_of_one_with_credentials_that_refresh(source, provider, copied):
    first = asyncio.run(provider())
    other = copied(provider)
    assert type(other) is aio.TokenProvider
    assert asyncio.run(other()) == first
    assert source.requests == 1


ATTRIBUTE = """
import sys
import bedrock_token_generator
assert "asyncio" not in sys.modules
print(bedrock_token_generator.aio.__name__, "asyncio" in sys.modules)
try:
    bedrock_token_generator.nothing
except AttributeError as error:
    print(error)
"""


def test_aio_is_an_attribute_that_loads_asyncio_when_asked_for():
    run = subprocess.run([sys.executable, "-c", ATTRIBUTE], capture_output=True, text=True)
    assert run.stdout == (
        "bedrock_token_generator.aio True\n"
        "module 'bedrock_token_generator' has no attribute 'nothing'\n"
    )
