"""``get_token_provider``: resolves once, keeps up with time and credentials, copies and pickles."""

from __future__ import annotations

import copy
import logging
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest
from botocore.credentials import (
    Credentials,
    EnvProvider,
    RefreshableCredentials,
)
from botocore.exceptions import CredentialRetrievalError, NoCredentialsError, NoRegionError

import sigv4
from bedrock_token_generator import Token, TokenProvider, get_token, get_token_provider
from examples import KEYS, NOW


def test_is_a_callable_that_returns_tokens(environment):
    provider = get_token_provider()
    assert isinstance(provider, TokenProvider)
    assert isinstance(provider, Callable)
    assert isinstance(provider(), Token)


CREATION = """
import sys
from bedrock_token_generator import get_token_provider
seen = []
sys.addaudithook(lambda event, args: seen.append((event, args)))
get_token_provider(profile="anything", region="us-east-1", expires_in_seconds=60)
get_token_provider()
watched = ("open", "import", "os.", "socket.", "subprocess.", "threading.")
print([event for event, _ in seen if event.startswith(watched)], "botocore.session" in sys.modules)
"""


def test_does_nothing_at_creation_but_check_arguments():
    assert _python(CREATION) == "[] False"


def test_import_is_light():
    code = """
import sys
import bedrock_token_generator
print({"asyncio", "botocore.session"} & sys.modules.keys())
"""
    assert _python(code) == "set()"


def test_given_credentials_and_region_need_no_session():
    code = """
import sys
from botocore.credentials import Credentials
from bedrock_token_generator import get_token
get_token(credentials=Credentials("AKID", "secret"), region="us-east-1")
print("botocore.session" in sys.modules)
"""
    assert _python(code) == "False"


def _python(code):
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return run.stdout.strip()


def test_resolves_once(config, credential_process):
    config(f"[default]\nregion = us-east-1\n{credential_process.line}\n")
    provider = get_token_provider()
    assert credential_process.runs() == 0
    tokens = [provider() for _ in range(3)]
    assert credential_process.runs() == 1
    for token in tokens:
        sigv4.verify(token, KEYS, region="us-east-1", now=datetime.now(timezone.utc))


def test_get_token_resolves_each_time(config, credential_process):
    config(f"[default]\nregion = us-east-1\n{credential_process.line}\n")
    for _ in range(3):
        get_token()
    assert credential_process.runs() == 3


def test_keeps_what_it_resolved(environment, monkeypatch):
    provider = get_token_provider()
    provider()
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")
    claims = sigv4.claims(provider())
    assert (claims.region, claims.access_key) == ("us-east-1", KEYS.access_key)
    claims = sigv4.claims(get_token())
    assert (claims.region, claims.access_key) == ("eu-west-1", "AKIAOTHER")


def test_32_threads_at_once_resolve_once(config, credential_process):
    config(f"[default]\nregion = us-east-1\n{credential_process.line}\n")
    provider = get_token_provider()
    barrier = threading.Barrier(32)

    def call(_):
        barrier.wait()
        return provider()

    with ThreadPoolExecutor(32) as pool:
        tokens = list(pool.map(call, range(32)))
    assert credential_process.runs() == 1
    for token in tokens:
        sigv4.verify(token, KEYS, region="us-east-1", now=datetime.now(timezone.utc))


def test_a_failed_resolution_is_tried_again(monkeypatch):
    provider = get_token_provider()
    with pytest.raises(NoRegionError):
        provider()
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with pytest.raises(NoCredentialsError):
        provider()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS.secret_key)
    assert sigv4.claims(provider()).access_key == KEYS.access_key


@pytest.mark.parametrize(
    ("asked", "serves"),
    [(None, 60), (43200, 60), (601, 60), (600, 60), (599, 59.9), (60, 6), (10, 1), (1, 0.1)],
)
def test_one_token_serves_for_a_minute_or_a_tenth_of_its_life(credentials, clock, asked, serves):
    provider = get_token_provider(
        credentials=credentials, region="us-east-1", expires_in_seconds=asked
    )
    first = provider()
    clock.shift(serves - 0.01)
    assert provider() is first
    clock.shift(0.02)
    second = provider()
    assert second is not first
    claims = sigv4.verify(second, KEYS, region="us-east-1", now=datetime.now(timezone.utc))
    assert claims.date == NOW + timedelta(seconds=int(serves + 0.01))


def test_follows_a_clock_that_is_set_back(credentials, clock):
    provider = get_token_provider(credentials=credentials, region="us-east-1")
    provider()
    clock.shift(-3600)
    now = NOW - timedelta(hours=1)
    sigv4.verify(provider(), KEYS, region="us-east-1", now=now)


def test_given_credentials_that_change_sign_the_next_renewal(credentials, clock):
    provider = get_token_provider(credentials=credentials, region="us-east-1")
    first = provider()
    credentials.secret_key = "rotated"
    clock.shift(59.99)
    assert provider() is first
    clock.shift(0.02)
    keys = sigv4.Keys(KEYS.access_key, "rotated", KEYS.token)
    sigv4.verify(provider(), keys, region="us-east-1", now=NOW + timedelta(minutes=1))


def test_a_callable_is_asked_for_every_token(monkeypatch, environment, clock):
    provider = get_token_provider(credentials=EnvProvider().load)
    sigv4.verify(provider(), KEYS, region="us-east-1", now=NOW)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "rotated")
    keys = sigv4.Keys(KEYS.access_key, "rotated", KEYS.token)
    sigv4.verify(provider(), keys, region="us-east-1", now=NOW)


def test_follows_credentials_that_refresh(role, clock):
    hour = timedelta(hours=1)
    credentials = role(hour)
    provider = get_token_provider(credentials=credentials, region="us-east-1")
    assert provider().expires_at == NOW + hour
    clock.shift(46 * 60)  # botocore refreshes in the last 15 minutes.
    token = provider()
    keys = sigv4.Keys("ASIAEXAMPLE2", "secret/2", "session-token-2")
    sigv4.verify(token, keys, region="us-east-1", now=NOW + timedelta(minutes=46))
    assert token.expires_at == NOW + timedelta(minutes=46) + hour


def test_never_a_dead_token(role, clock):
    """Credentials that end within this second can sign nothing that lives a second."""
    credentials = role(timedelta(hours=1), timedelta(seconds=0.5))
    provider = get_token_provider(credentials=credentials, region="us-east-1")
    provider()
    clock.shift(3600)
    with pytest.raises(CredentialRetrievalError) as caught:
        provider()
    assert str(caught.value) == (
        "Error when retrieving credentials from test-role: they ended at 2026-11-24 "
        "13:00:00.500000+00:00, not refreshed. Renew them at their source."
    )


def test_botocores_own_refresh_error_comes_through(clock):
    def refresh():
        raise LookupError("no answer")

    credentials = RefreshableCredentials(
        "AKID", "secret", "token", NOW + timedelta(seconds=1), refresh, "test"
    )
    provider = get_token_provider(credentials=credentials, region="us-east-1")
    with pytest.raises(LookupError, match="no answer"):
        provider()


def test_the_end_is_that_of_the_keys_while_another_thread_refreshes(role, clock):
    """botocore logs between the publication of keys and of their end, so a log handler is there."""
    credentials = role(timedelta(hours=1))
    provider = get_token_provider(credentials=credentials, region="us-east-1")
    ends = {"ASIAEXAMPLE1": provider().expires_at}
    clock.shift(46 * 60)
    ends["ASIAEXAMPLE2"] = NOW + timedelta(minutes=46) + timedelta(hours=1)
    during = []

    class Handler(logging.Handler):
        def handle(self, record):  # Not emit(), for which the other thread would have to wait.
            if "will expire at" in record.msg:
                during.append(pool.submit(provider))
                time.sleep(0.01)

    logger, handler = logging.getLogger("botocore.credentials"), Handler()
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    try:
        with ThreadPoolExecutor(1) as pool:
            tokens = [provider(), *(each.result() for each in during)]
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)

    assert len(tokens) == 2
    for token in tokens:
        assert token.expires_at == ends[sigv4.claims(token).access_key]


def test_keys_that_another_thread_replaces_do_not_get_the_new_end(role, clock):
    """A thread has read the old keys and pauses; another refreshes; the first reads the end."""
    credentials = role(timedelta(hours=1))
    frozen = credentials.get_frozen_credentials
    provider = get_token_provider(credentials=credentials, region="us-east-1")
    clock.shift(44 * 60)

    def pause():
        credentials.get_frozen_credentials = frozen
        old = frozen()
        clock.shift(2 * 60)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(frozen).result()
        return old

    credentials.get_frozen_credentials = pause
    token = provider()
    assert sigv4.claims(token).access_key == "ASIAEXAMPLE2"
    assert token.expires_at == NOW + timedelta(minutes=46) + timedelta(hours=1)


@pytest.mark.parametrize("end", ["2026-11-24T13:00:00Z", 1795525200, object()])
def test_an_end_that_is_no_datetime_counts_as_none(credentials, clock, end):
    credentials._expiry_time = end  # noqa: SLF001
    token = get_token(credentials=credentials, region="us-east-1")
    assert token.expires_at == NOW + timedelta(hours=12)


def test_credentials_of_ones_own_may_tell_their_end_when_they_are_read(clock):
    class Own(Credentials):
        def get_frozen_credentials(self):
            self._expiry_time = NOW + timedelta(hours=1)
            return super().get_frozen_credentials()

    token = get_token(credentials=Own(KEYS.access_key, KEYS.secret_key), region="us-east-1")
    assert token.expires_at == NOW + timedelta(hours=1)


def test_an_end_that_is_set_by_hand_is_believed_in_the_end(role, clock):
    credentials = role(timedelta(hours=1))
    provider = get_token_provider(credentials=credentials, region="us-east-1")
    provider()
    clock.shift(61)
    credentials._expiry_time = NOW + timedelta(minutes=30)  # noqa: SLF001
    assert provider().expires_at == NOW + timedelta(minutes=30)


def _module_level_credentials():
    return Credentials(*_module_level_keys)


_module_level_keys = ("AKID", "secret")

ARGUMENTS = [
    {},
    {"region": "eu-west-1", "profile": "p", "expires_in_seconds": 60},
    {"credentials": _module_level_credentials, "region": "us-east-1"},
]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=range(len(ARGUMENTS)))
@pytest.mark.parametrize(
    "copier",
    [copy.copy, copy.deepcopy, lambda provider: pickle.loads(pickle.dumps(provider))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_copy_has_the_arguments_and_resolves_for_itself(
    arguments, copier, environment, monkeypatch
):
    provider = get_token_provider(**arguments)
    if "profile" not in arguments:
        provider()
    other = copier(provider)
    assert type(other) is TokenProvider
    assert other is not provider
    assert repr(other) == repr(provider)
    if not arguments:
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        assert sigv4.claims(provider()).region == "us-east-1"
        assert sigv4.claims(other()).region == "eu-central-1"


def test_a_deep_copy_shares_credentials_that_refresh(role, clock):
    provider = get_token_provider(credentials=role(timedelta(hours=1)), region="us-east-1")
    assert copy.deepcopy({"nested": [provider]})["nested"][0]() == provider()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_the_pickle_of_a_default_chain_provider_holds_no_secret(environment, protocol):
    provider = get_token_provider()
    token = provider()
    pickled = pickle.dumps(provider, protocol)
    signature = sigv4.claims(token).signature
    for secret in (KEYS.access_key, KEYS.secret_key, KEYS.token, str(token), signature):
        assert secret.encode() not in pickled


def test_given_static_credentials_travel_in_a_pickle(credentials, clock):
    provider = get_token_provider(credentials=credentials, region="us-east-1")
    assert pickle.loads(pickle.dumps(provider))() == provider()


def test_repr_shows_the_arguments_and_no_secret(credentials):
    provider = get_token_provider(credentials=credentials, region="us-east-1", profile="p")
    provider()
    assert (
        repr(provider)
        == str(provider)
        == f"{provider}"
        == (
            "<TokenProvider credentials=Credentials region='us-east-1' profile='p' "
            "expires_in_seconds=43200>"
        )
    )
    assert "credentials=NoneType" in repr(get_token_provider())
    assert "credentials=function" in repr(get_token_provider(credentials=lambda: None))
    for secret in (KEYS.secret_key, KEYS.token):
        assert secret not in f"{vars(provider)}"
