"""What a provider does when its minute is over: who waits, who gets what, and what is asked."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.credentials import (
    Credentials,
    DeferredRefreshableCredentials,
    RefreshableCredentials,
)
from botocore.exceptions import ClientError, CredentialRetrievalError, NoCredentialsError

import sigv4
from bedrock_token_generator import aio, get_token, get_token_provider
from examples import KEYS, NOW


class Source:
    """What ``Credentials`` that refresh ask; it answers when it is let, or fails."""

    def __init__(self, life=timedelta(hours=1)):
        self.life = life
        self.error = None
        self.requests = 0
        self.lets = threading.Event()
        self.lets.set()

    def __call__(self):
        self.requests += 1
        assert self.lets.wait(20)
        if self.error is not None:
            raise self.error
        return {
            "access_key": f"ASIAEXAMPLE{self.requests}",
            "secret_key": KEYS.secret_key,
            "token": KEYS.token,
            "expiry_time": (datetime.now(timezone.utc) + self.life).isoformat(),
        }

    def asked(self, number):
        """Wait until it has been asked so often."""
        while self.requests < number:
            time.sleep(0.001)


@pytest.fixture
def source(clock):
    return Source()


@pytest.fixture
def provider(source):
    credentials = DeferredRefreshableCredentials(source, "test")
    return get_token_provider(credentials=credentials, region="us-east-1")


def signer(token):
    now = datetime.now(timezone.utc)
    access_key = sigv4.claims(token).access_key
    keys = sigv4.Keys(access_key, KEYS.secret_key, KEYS.token)
    return sigv4.verify(token, keys, region="us-east-1", now=now).access_key


@pytest.fixture
def signatures(monkeypatch):
    """Count them, and let them be made."""
    made = []
    sign = SigV4QueryAuth.signature

    def counted(self, *args):
        made.append(None)
        return sign(self, *args)

    monkeypatch.setattr(SigV4QueryAuth, "signature", counted)
    return made


class Counted(Credentials):
    reads = 0

    def get_frozen_credentials(self):
        self.reads += 1
        return super().get_frozen_credentials()


def test_for_a_minute_nothing_is_asked_and_nothing_signed(clock, signatures, monkeypatch):
    credentials = Counted(KEYS.access_key, KEYS.secret_key)
    provider = get_token_provider(credentials=credentials, region="us-east-1")
    token = provider()
    assert (credentials.reads, len(signatures)) == (1, 1)
    monkeypatch.setattr(threading, "Thread", None)
    monkeypatch.setattr(time, "sleep", None)
    for _ in range(1000):
        assert provider() is token
    assert (credentials.reads, len(signatures)) == (1, 1)
    clock.shift(60)
    provider()
    assert (credentials.reads, len(signatures)) == (2, 2)


def test_a_warm_call_does_next_to_nothing(clock, credentials):
    """What it calls is counted: its method, which asks another, which asks for the time."""
    provider = get_token_provider(credentials=credentials, region="us-east-1")
    provider()
    events = []
    sys.setprofile(lambda frame, event, argument: events.append(event))
    provider()
    sys.setprofile(None)
    assert 0 < events.count("call") + events.count("c_call") < 8


@pytest.mark.parametrize("how", ["synchronous", "synchronous, awaited", "asynchronous"])
def test_a_callable_is_asked_once_for_each_token_and_each_is_signed_once(clock, signatures, how):
    asked = []

    def credentials():
        asked.append(Counted(KEYS.access_key, KEYS.secret_key))
        return asked[-1]

    async def asynchronous():
        return credentials()

    given = {"credentials": asynchronous if how == "asynchronous" else credentials}
    given["region"] = "us-east-1"
    awaited = aio.get_token_provider(**given)
    calls = [lambda: asyncio.run(awaited()), lambda: asyncio.run(aio.get_token(**given))]
    if how == "synchronous":
        calls = [get_token_provider(**given), lambda: get_token(**given)]
    for number, call in enumerate(calls * 2, start=1):
        call()
        reads = sum(each.reads for each in asked)
        assert (len(asked), reads, len(signatures)) == (number, number, number)


@pytest.mark.parametrize("asked", [None, 43200])
@pytest.mark.parametrize(
    ("life", "serves"), [(900, 60), (540, 60), (120, 60), (119, 59.5), (60, 30), (10, 5), (2, 1)]
)
def test_a_token_that_its_credentials_cut_short_serves_for_half_its_life_at_most(
    clock, life, serves, asked
):
    credentials = DeferredRefreshableCredentials(Source(timedelta(seconds=life)), "test")
    provider = get_token_provider(
        credentials=credentials, region="us-east-1", expires_in_seconds=asked
    )
    first = provider()
    clock.shift(serves - 0.01)
    assert provider() is first
    clock.shift(0.02)
    assert provider() is not first


@pytest.mark.parametrize(
    ("after", "waiting"),
    [(0, 16), (50, 1), (58.995, 1), (59, 16), (59.005, 16), (61, 16)],
    ids=["first call", "a token lives", "for a minute", "to the second", "for less", "ended"],
)
def test_one_of_16_threads_waits_where_a_token_lives_and_all_where_none_does(
    source, provider, clock, after, waiting
):
    old = []
    if after:
        old = [provider()]
        clock.shift(timedelta(minutes=after))
    source.lets.clear()
    asked_before = source.requests
    with ThreadPoolExecutor(16) as pool:
        first = pool.submit(provider)
        source.asked(asked_before + 1)
        others = [pool.submit(provider) for _ in range(15)]
        if waiting == 1:
            assert [other.result(timeout=20) for other in others] == old * 15
        else:
            time.sleep(0.05)
            assert not any(other.done() for other in others)
        assert not first.done()
        source.lets.set()
        tokens = {each.result() for each in (first, *others)}
    assert source.requests == asked_before + 1
    assert len(tokens) == (2 if waiting == 1 else 1)
    assert signer(first.result()) == f"ASIAEXAMPLE{source.requests}"


def test_an_outage_is_lived_through_until_the_keys_end(source, provider, clock):
    """The source is down from minute 45 on; asked once a minute, then by each call."""
    for minute in range(45):
        clock.move_to(NOW + timedelta(minutes=minute))
        provider()
    source.error = ConnectionError("down")
    requests = source.requests
    assert requests == 1
    for second in range(45 * 60, 59 * 60):
        clock.move_to(NOW + timedelta(seconds=second))
        assert signer(provider()) == "ASIAEXAMPLE1"
    # botocore asks when less than 15 minutes are left: at the renewals of minute 46 to 58.
    assert source.requests - requests == 13
    clock.move_to(NOW + timedelta(minutes=59, seconds=1))
    for number in range(1, 4):
        with pytest.raises(ConnectionError, match="down"):
            provider()
        assert source.requests - requests == 13 + number
    source.error = None
    assert signer(provider()) == f"ASIAEXAMPLE{source.requests}"


def test_after_a_failure_the_next_try_comes_a_minute_later(source, provider, clock):
    first = provider()
    clock.shift(timedelta(minutes=51))
    source.error = ConnectionError("down")
    for _ in range(100):
        assert provider() is first
    assert source.requests == 2
    source.error = None
    clock.shift(59.9)
    assert provider() is first
    clock.shift(0.2)
    assert signer(provider()) == "ASIAEXAMPLE3"


def test_a_token_that_ends_while_its_renewal_hangs_and_fails_is_not_handed_out(
    source, provider, clock
):
    provider()
    clock.shift(timedelta(minutes=51))

    def hang():
        clock.shift(timedelta(minutes=8, seconds=30))
        raise ConnectionError("down")

    source.error = None
    source.lets.wait = lambda _: hang()
    with pytest.raises(ConnectionError, match="down"):
        provider()


def test_8_threads_wait_once_for_a_source_that_fails(source, provider):
    source.error = ConnectionError("down")
    source.lets.clear()
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(provider) for _ in range(8)]
        source.asked(1)
        time.sleep(0.05)
        source.lets.set()
        errors = [call.exception() for call in calls]
    assert source.requests == 1
    assert {str(error) for error in errors} == {"down"}
    assert len({id(error) for error in errors}) == 8


def in_an_except(provider, text):
    """Call the provider while an error is handled, and return what it raises."""
    try:
        raise LookupError(text)
    except LookupError:
        try:
            provider()
        except Exception as error:
            # As add_note() does, which is new in Python 3.11.
            if not hasattr(error, "__notes__"):
                error.__notes__ = []
            error.__notes__.append(f"note of {text}")
            return error
    return pytest.fail("no error")


def test_nothing_of_one_caller_stands_in_the_error_of_another(source, provider):
    source.error = ConnectionError("down")
    source.error.__cause__ = OSError("the cause")
    source.error.__notes__ = ["note of the source"]
    source.lets.clear()
    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(in_an_except, provider, f"caller {number}") for number in range(3)]
        source.asked(1)
        time.sleep(0.05)
        source.lets.set()
        errors = [call.result() for call in calls]
    for number, error in enumerate(errors):
        shown = "".join(traceback.format_exception(error))
        for other in range(3):
            context = "".join(traceback.format_exception(error.__context__))
            assert (f"caller {other}" in shown + context) == (other == number)
        assert "the cause" in shown
        assert "in __call__" in shown  # Of the source: where it failed.
        assert error.__notes__ == ["note of the source", f"note of caller {number}"]


class PeculiarError(Exception):
    def __init__(self, code, *, hint):
        super().__init__(f"code {code}")
        self.hint = hint


class DoublingError(Exception):
    def __init__(self, text):
        super().__init__(f"<{text}>")


ENDED = [
    PeculiarError(7, hint="none"),
    DoublingError("text"),
    OSError(2, "No such file", "name"),
    TimeoutError("slow"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    KeyError("key"),
    ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "AssumeRole"),
    CredentialRetrievalError(provider="test", error_msg="none"),
]


@pytest.mark.parametrize("error", ENDED, ids=lambda error: type(error).__name__)
def test_errors_of_any_kind_reach_those_who_wait(source, provider, error):
    source.error = error
    source.lets.clear()
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(provider) for _ in range(2)]
        source.asked(1)
        time.sleep(0.02)
        source.lets.set()
        raised = [call.exception() for call in calls]
    assert raised[0] is not raised[1]
    for each in raised:
        assert type(each) is type(error)
        assert (str(each), each.args, vars(each)) == (str(error), error.args, vars(error))
        for name in ("errno", "filename", "reason", "start"):
            assert getattr(each, name, None) == getattr(error, name, None)


def raises_from_itself():
    try:
        raise ValueError("down")
    except ValueError as error:
        raise error from error


def raises_a_frozen_dataclass():
    @dataclasses.dataclass(frozen=True)
    class FrozenError(Exception):
        text: str

    raise FrozenError("down")


def raises_after_a_thousand():
    error = ValueError("down")
    for _ in range(1500):
        link = ValueError("before")
        link.__context__ = error.__context__
        error.__context__ = link
    raise error


def raises_with_changed_arguments():
    error = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
    error.args = ("changed",)
    raise error


HARD_TO_COPY = [
    raises_from_itself,
    raises_a_frozen_dataclass,
    raises_after_a_thousand,
    raises_with_changed_arguments,
]


@pytest.mark.parametrize("raises", HARD_TO_COPY)
def test_an_error_that_is_hard_to_copy_is_not_lost(source, provider, raises):
    def refresh():
        source.requests += 1
        raises()

    names = []
    given = {"credentials": DeferredRefreshableCredentials(refresh, "test"), "region": "us-east-1"}
    for call in (raises, get_token_provider(**given), aio.get_token_provider(**given)):
        try:
            asyncio.run(call()) if isinstance(call, aio.TokenProvider) else call()
        except Exception as error:
            names.append(type(error).__name__)
    assert source.requests == 2
    assert names == [names[0]] * 3


def raises_from_what_came_from_it():
    error, other = ValueError("down"), LookupError("other")
    error.__cause__, other.__cause__ = other, error
    raise error


@pytest.mark.parametrize("raises", [raises_from_itself, raises_from_what_came_from_it])
def test_an_error_that_is_its_own_cause_is_told_once(raises):
    given = {"credentials": DeferredRefreshableCredentials(raises, "test")}
    with pytest.raises(ValueError, match="down") as caught:
        get_token_provider(**given, region="us-east-1")()
    assert "".join(traceback.format_exception(caught.value)).count("ValueError: down") == 1


def test_a_source_may_raise_what_its_caller_handles(source, provider):
    """The same object each time, as a cached failure."""
    source.error = RuntimeError("down")
    try:
        raise source.error
    except RuntimeError:
        with pytest.raises(RuntimeError, match="down"):
            provider()
    assert source.requests == 1


def test_where_an_error_came_from_is_told_to_a_caller_that_handles_another(source, provider):
    def refresh():
        try:
            raise ConnectionError("root")
        except ConnectionError:
            raise ValueError("refresh failed")  # noqa: B904 # An implicit context.

    provider = get_token_provider(
        credentials=DeferredRefreshableCredentials(refresh, "test"), region="us-east-1"
    )
    error = in_an_except(provider, "another")
    assert (type(error), str(error)) == (ValueError, "refresh failed")
    assert str(error.__context__) == "root"
    assert error.__context__.__context__ is None


@pytest.fixture
def interrupts():
    """SIGINT is a KeyboardInterrupt, also where a shell had this process ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="POSIX's way to send Ctrl-C")
def test_an_interrupt_stays_with_the_caller_that_it_hit(source, provider, interrupts):
    """The main thread renews and is interrupted; who waited renews in its place."""
    main = threading.main_thread().ident

    class Interrupted:
        def wait(self, _):
            if threading.get_ident() == main:
                time.sleep(0.05)  # Until the other waits.
                signal.pthread_kill(main, signal.SIGINT)
                time.sleep(5)
            return True

    source.lets = Interrupted()

    def wait_for_the_first():
        source.asked(1)
        return provider()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait_for_the_first)
        with pytest.raises(KeyboardInterrupt):
            provider()
        assert signer(waiting.result(timeout=20)) == "ASIAEXAMPLE2"
    assert provider() == waiting.result()


def test_a_token_dated_in_the_future_serves_nobody(source, provider, clock):
    """The clock is set back: the call waits for a renewal, as do those that come meanwhile."""
    first = provider()
    clock.shift(-10)
    second = provider()
    assert second is not first
    assert sigv4.claims(second).date == NOW - timedelta(seconds=10)
    clock.shift(-10)
    assert sigv4.claims(provider()).date == NOW - timedelta(seconds=20)


def test_a_token_dated_in_the_future_does_not_serve_where_the_renewal_fails(clock):
    source = Source(timedelta(minutes=9))
    provider = get_token_provider(
        credentials=DeferredRefreshableCredentials(source, "test"), region="us-east-1"
    )
    first = provider()
    source.error = ConnectionError("down")
    clock.shift(-10)
    with pytest.raises(ConnectionError, match="down"):
        provider()
    clock.shift(75)
    assert provider() is first


def test_date_expiry_and_end_belong_together_on_a_clock_that_ticks(monkeypatch):
    """Between any two readings a second passes."""
    readings = iter(range(int(NOW.timestamp()), int(NOW.timestamp()) + 100_000))
    monkeypatch.setattr(time, "time", lambda: float(next(readings)))
    end = NOW + timedelta(minutes=30)
    credentials = RefreshableCredentials(
        KEYS.access_key, KEYS.secret_key, KEYS.token, end, dict, "test", time_fetcher=lambda: NOW
    )
    provider = get_token_provider(credentials=credentials, region="us-east-1")
    for make in (lambda: get_token(credentials=credentials, region="us-east-1"), provider):
        token = make()
        assert token.expires_at == sigv4.claims(token).end == end
    static = Credentials(KEYS.access_key, KEYS.secret_key)
    token = get_token(credentials=static, region="us-east-1", expires_in_seconds=60)
    claims = sigv4.claims(token)
    assert claims.expires == 60
    assert token.expires_at == claims.end == claims.date + timedelta(seconds=60)


@pytest.mark.parametrize("how", ["first", "later"])
def test_a_token_is_dated_after_the_source_has_answered(source, clock, how):
    """Two seconds of life, and a refresh that takes three."""
    provider = get_token_provider(
        credentials=DeferredRefreshableCredentials(source, "test"),
        region="us-east-1",
        expires_in_seconds=2,
    )
    if how == "later":
        provider()
        clock.shift(timedelta(minutes=59))
    source.lets.wait = lambda _: clock.shift(3) is None
    token = provider()
    now = datetime.now(timezone.utc)
    assert sigv4.claims(token).date == now
    assert token.expires_at == now + timedelta(seconds=2)


@pytest.mark.parametrize("make", [get_token, lambda **given: get_token_provider(**given)()])
def test_a_callable_that_returns_none_never_means_another_source(make, environment):
    with pytest.raises(NoCredentialsError, match="the callable passed as credentials gave none"):
        make(credentials=lambda: None)


@pytest.mark.parametrize("make", [get_token, lambda **given: get_token_provider(**given)()])
def test_stop_iteration_of_a_refresh_function_is_a_runtime_error(source, make):
    source.error = StopIteration()
    credentials = DeferredRefreshableCredentials(source, "test")
    with pytest.raises(RuntimeError, match="raised StopIteration") as caught:
        make(credentials=credentials, region="us-east-1")
    assert isinstance(caught.value.__cause__, StopIteration)


def test_a_refresh_function_that_asks_its_own_provider_gets_the_spare(source, provider, clock):
    provider()
    clock.shift(timedelta(minutes=50))
    inner = []
    source.lets.wait = lambda _: inner.append(provider()) is None
    outer = provider()
    assert [signer(token) for token in (*inner, outer)] == ["ASIAEXAMPLE1", "ASIAEXAMPLE2"]


@pytest.mark.parametrize("awaited", [False, True])
def test_without_a_spare_it_gets_an_error_and_does_not_wait_for_itself(clock, awaited):
    def refresh():
        return asyncio.run(provider()) if awaited else provider()

    given = {"credentials": DeferredRefreshableCredentials(refresh, "test"), "region": "us-east-1"}
    provider = aio.get_token_provider(**given) if awaited else get_token_provider(**given)
    with pytest.raises(RuntimeError, match="called from within its own renewal"):
        asyncio.run(provider()) if awaited else provider()


def test_a_log_handler_that_asks_within_botocores_lock_does_not_hang(source, provider):
    """botocore logs that a refresh failed while it holds the lock of the credentials."""
    source.error = ConnectionError("down")
    answers = []

    class Handler(logging.Handler):
        def handle(self, record):
            try:
                provider()
            except RuntimeError as error:
                answers.append(str(error))

    logger, handler = logging.getLogger("botocore.credentials"), Handler()
    logger.addHandler(handler)
    try:
        with pytest.raises(ConnectionError, match="down"):
            provider()
    finally:
        logger.removeHandler(handler)
    assert answers == ["the token provider was called from within its own renewal"]


def test_who_found_nothing_fresh_gets_what_another_made_meanwhile(
    credentials, clock, signatures, monkeypatch
):
    """The process is asked for its number between the two: then another thread renews."""
    provider = get_token_provider(credentials=credentials, region="us-east-1")
    getpid = os.getpid
    others = []

    def late():
        monkeypatch.setattr(os, "getpid", getpid)
        with ThreadPoolExecutor(1) as pool:
            others.append(pool.submit(provider).result())
        return getpid()

    monkeypatch.setattr(os, "getpid", late)
    assert [provider()] == others
    assert len(signatures) == 1


def test_a_race_with_the_end_of_a_renewal_does_not_renew_again(source, provider, clock):
    """64 threads, all of which may find nothing fresh and then join, 40 renewals."""
    barrier = threading.Barrier(64)

    def call(number):
        barrier.wait()
        return provider()

    with ThreadPoolExecutor(64) as pool:
        for number in range(1, 41):
            assert len(set(pool.map(call, range(64)))) <= 2
            assert source.requests == number
            clock.shift(timedelta(hours=1))


MANY_CALLS = """
import asyncio, gc, inspect, sys, time_machine
from botocore.credentials import Credentials
from {module} import get_token_provider

provider = get_token_provider(credentials=Credentials("AKIDEXAMPLE", "key"), region="us-east-1")

async def use(renewals, calls):
    for number in range(renewals + calls):
        token = provider()
        if inspect.isawaitable(token):
            await token
        if number < renewals:
            clock.shift(61)

def blocks_after(renewals, calls):
    asyncio.run(use(renewals, calls))
    gc.collect()
    return sys.getallocatedblocks()

with time_machine.travel(0, tick=False) as clock:
    before = blocks_after(500, 500)  # The caches of others are full.
    print(blocks_after(2_000, 1_000_000) - before)
"""


@pytest.mark.parametrize("module", ["bedrock_token_generator", "bedrock_token_generator.aio"])
def test_2000_renewals_and_a_million_calls_leave_nothing_in_memory(module):
    """In a process of its own, where nothing else allocates."""
    code = MANY_CALLS.format(module=module)
    blocks = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert int(blocks) < 1_000
