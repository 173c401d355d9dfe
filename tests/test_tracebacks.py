"""No traceback with locals shows a secret, whether raised inside our calls or around them."""

from __future__ import annotations

import asyncio
import functools
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest
from botocore.credentials import Credentials, ReadOnlyCredentials, RefreshableCredentials
from botocore.exceptions import BotoCoreError

import sigv4
from bedrock_token_generator import aio, get_token, get_token_provider
from examples import KEYS

SECRETS = (KEYS.secret_key, KEYS.token)
KEYS_TUPLE = (KEYS.access_key, KEYS.secret_key, KEYS.token)


def with_locals(error: BaseException) -> str:
    """The traceback and its chain, with the locals of every frame."""
    lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    return "".join(lines)


def of_our_frames(error: BaseException) -> str:
    """What a collector such as Sentry sends of our frames: the repr of locals and their elements.

    And of the whole chain, the messages and arguments.
    """
    found = []
    link: BaseException | None = error
    while link is not None:
        found += [str(link), repr(link), repr(link.args), repr(getattr(link, "kwargs", None))]
        for frame, _ in traceback.walk_tb(link.__traceback__):
            if frame.f_globals["__name__"].startswith("bedrock_token_generator"):
                found.append(f"in {frame.f_code.co_name}")
                for value in frame.f_locals.values():
                    found.append(repr(value))
                    if isinstance(value, (tuple, list)):
                        found += map(repr, value)
                    if isinstance(value, dict):
                        found += map(repr, value.values())
        link = link.__cause__ or link.__context__
    return "\n".join(found)


def frozen() -> ReadOnlyCredentials:
    return ReadOnlyCredentials(KEYS.access_key, KEYS.secret_key, KEYS.token)


def mapping() -> dict[str, str | None]:
    return vars(KEYS).copy()


def partial() -> ReadOnlyCredentials:
    return ReadOnlyCredentials("", KEYS.secret_key, KEYS.token)


def line_break() -> ReadOnlyCredentials:
    return ReadOnlyCredentials(KEYS.access_key, KEYS.secret_key + "\n", KEYS.token)


def ended() -> Credentials:
    """Credentials whose refresh brings new ones that live for less than a second."""

    def refresh() -> dict[str, str | None]:
        end = (datetime.now(timezone.utc) + timedelta(seconds=0.9)).isoformat()
        access_key, secret_key, token = frozen()[:3]
        return {
            "access_key": access_key,
            "secret_key": secret_key,
            "token": token,
            "expiry_time": end,
        }

    return RefreshableCredentials.create_from_metadata(
        refresh(), refresh_using=refresh, method="test"
    )


def default_chain() -> None:
    return None


ERRORS: list[tuple[Callable[[], object], dict[str, object]]] = [
    (frozen, {"region": "us east"}),
    (frozen, {"region": 1}),
    (frozen, {"profile": 1}),
    (frozen, {"expires_in_seconds": 0}),
    (frozen, {}),  # No region.
    (frozen, {"profile": "nope"}),
    (mapping, {}),
    (partial, {"region": "us-east-1"}),
    (line_break, {"region": "us-east-1"}),
    (ended, {"region": "us-east-1"}),
    (default_chain, {"region": "us-east-1"}),  # Partial, below.
]


@pytest.mark.parametrize("how", ["object", "callable"])
@pytest.mark.parametrize(
    "make",
    [
        get_token,
        lambda **given: get_token_provider(**given)(),
        lambda **given: asyncio.run(aio.get_token(**given)),
        lambda **given: asyncio.run(aio.get_token_provider(**given)()),
    ],
    ids=["get_token", "get_token_provider", "aio.get_token", "aio.get_token_provider"],
)
@pytest.mark.parametrize(("credentials", "arguments"), ERRORS, ids=range(len(ERRORS)))
def test_our_frames_show_no_secret(credentials, arguments, make, how, monkeypatch, clock):
    if credentials is default_chain:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.access_key)
        monkeypatch.setenv("AWS_SESSION_TOKEN", KEYS.token)
    given = credentials() if how == "object" or credentials is default_chain else credentials
    with pytest.raises((BotoCoreError, TypeError, ValueError)) as caught:
        make(credentials=given, **arguments)
    shown = of_our_frames(caught.value)
    assert "in get_token" in shown or "in __call__" in shown
    for secret in SECRETS:
        assert secret not in shown


@pytest.mark.parametrize("keys", [KEYS_TUPLE, ("", *KEYS_TUPLE[1:])], ids=["right", "partial"])
def test_a_callable_may_have_the_keys_in_its_repr(keys, monkeypatch):
    callable_ = functools.partial(Credentials, *keys)
    assert KEYS.secret_key in repr(callable_)
    if keys[0] == "":
        monkeypatch.setenv("AWS_REGION", "us-east-1")
    for make in (get_token, lambda **given: get_token_provider(**given)()):
        with pytest.raises(BotoCoreError) as caught:
            make(credentials=callable_)
        for secret in SECRETS:
            assert secret not in of_our_frames(caught.value)


@pytest.mark.parametrize("used", [True, False])
def test_a_refresh_that_fails_does_not_show_the_keys_of_before(used, clock):
    old = {
        "access_key": KEYS.access_key,
        "secret_key": KEYS.secret_key,
        "token": KEYS.token,
        "expiry_time": (datetime.now(timezone.utc) + timedelta(hours=1)).isoformat(),
    }

    def refresh():
        raise LookupError

    credentials = RefreshableCredentials.create_from_metadata(old, refresh, "test")
    provider = get_token_provider(credentials=credentials, region="us-east-1")
    if used:
        provider()
        clock.shift(timedelta(minutes=55))
    else:
        # Read in the middle of another thread's refresh, and again after that.
        frozen = credentials.get_frozen_credentials

        def first():
            credentials.get_frozen_credentials = frozen
            keys = frozen()
            clock.shift(timedelta(minutes=55))
            credentials._expiry_time += timedelta(seconds=1)  # noqa: SLF001
            return keys

        credentials.get_frozen_credentials = first
    with pytest.raises(LookupError) as caught:
        provider()
    shown = of_our_frames(caught.value)
    assert "in freeze" in shown
    for secret in SECRETS:
        assert secret not in shown


def test_the_capture_would_show_a_secret():
    """The check of the check: a local that is shown, is found."""
    try:
        local = KEYS.secret_key
        raise LookupError
    except LookupError as error:
        assert local in with_locals(error)
        assert local not in of_our_frames(error)


def test_the_capture_sees_our_frames():
    with pytest.raises(ValueError, match="expires_in_seconds") as caught:
        get_token(profile="seen", expires_in_seconds=0)
    assert "'seen'" in of_our_frames(caught.value)
    assert "'seen'" in with_locals(caught.value)


def test_an_error_around_our_calls_shows_neither_token_nor_keys(credentials):
    def work():
        provider = get_token_provider(credentials=credentials, region="us-east-1")
        token = provider()
        headers = {"Authorization": token}
        several = [token, (token, headers)]
        raise LookupError(repr(several))

    with pytest.raises(LookupError) as caught:
        work()
    shown = with_locals(caught.value)
    assert "token = <Token expires_at=" in shown
    token = get_token(credentials=credentials, region="us-east-1")
    for secret in (*SECRETS, sigv4.claims(token).signature, "bedrock-api-key-"):
        assert secret not in shown
