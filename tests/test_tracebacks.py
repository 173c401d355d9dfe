"""No traceback with locals shows a secret, whether raised inside our calls or around them."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import functools
import inspect
import re
import textwrap
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from types import FrameType

import pytest
from botocore.credentials import Credentials, ReadOnlyCredentials, RefreshableCredentials
from botocore.exceptions import BotoCoreError

import sigv4
from bedrock_token_generator import aio, get_token, get_token_provider
from examples import KEYS, NOW

SECRETS = (KEYS.secret_key, KEYS.token)
KEYS_TUPLE = (KEYS.access_key, KEYS.secret_key, KEYS.token)


def with_locals(error: BaseException) -> str:
    """The traceback and its chain, with the locals of every frame."""
    lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    return "".join(lines)


def of_our_frames(error: BaseException) -> str:
    """All that a collector can find in our frames without a call, and what the errors say.

    That is the repr of every local, of its elements, and of every name and attribute expression
    anywhere in the function; of the whole chain, the messages and arguments.
    """
    found = []
    link: BaseException | None = error
    while link is not None:
        found += [str(link), repr(link), repr(link.args), repr(getattr(link, "kwargs", None))]
        for frame, _ in traceback.walk_tb(link.__traceback__):
            if frame.f_globals["__name__"].startswith("bedrock_token_generator"):
                found.append(f"in {frame.f_code.co_name}")
                for value in (*frame.f_locals.values(), *expressions(frame)):
                    found.append(repr(value))
                    if isinstance(value, (tuple, list)):
                        found += map(repr, value)
                    if isinstance(value, dict):
                        found += map(repr, value.values())
        link = link.__cause__ or link.__context__
    return "\n".join(found)


def expressions(frame: FrameType) -> Iterator[object]:
    """The values of the names, attributes and subscripts in the source of the frame's function."""
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(frame.f_code)))):
        calls = any(isinstance(each, ast.Call) for each in ast.walk(node))
        if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and not calls:
            with contextlib.suppress(Exception):
                yield eval(ast.unparse(node), frame.f_globals, frame.f_locals)


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


def refreshing(refresh: Callable[[], dict[str, str]], minutes: float) -> RefreshableCredentials:
    end = datetime.now(timezone.utc) + timedelta(minutes=minutes)
    return RefreshableCredentials(*KEYS_TUPLE, end, refresh, "test")


@pytest.fixture(params=["first", "in the second of a token", "later", "between two readings"])
def failing(request, clock) -> Callable[[], object]:
    """A provider whose credentials hold keys and fail to refresh, at different moments."""

    def refresh() -> dict[str, str]:
        raise LookupError

    first = request.param == "first"
    credentials = refreshing(refresh, 5 if first else 60)
    life = 1 if request.param == "in the second of a token" else None
    provider = get_token_provider(
        credentials=credentials, region="us-east-1", expires_in_seconds=life
    )
    if life:
        provider()
        credentials._expiry_time = NOW + timedelta(minutes=5)  # noqa: SLF001
        clock.shift(0.5)
    elif request.param == "later":
        provider()
        clock.shift(timedelta(minutes=59.5))
    elif request.param == "between two readings":
        # Another thread refreshes them after the keys were read, and they fail when read again.
        frozen = credentials.get_frozen_credentials

        def replaced() -> ReadOnlyCredentials:
            keys = frozen()
            credentials._expiry_time += timedelta(seconds=1)  # noqa: SLF001
            credentials.get_frozen_credentials = refresh
            return keys

        credentials.get_frozen_credentials = replaced
    return provider


def test_a_refresh_that_fails_does_not_show_the_keys_of_before(failing):
    with pytest.raises(LookupError) as caught:
        failing()
    shown = of_our_frames(caught.value)
    assert "in freeze" in shown
    for secret in SECRETS:
        assert secret not in shown


def loguru(raising: Callable[[], object]) -> str:
    logger = pytest.importorskip("loguru", reason="not installed: loguru").logger
    lines: list[str] = []
    number = logger.add(lines.append)
    try:
        raising()
    except Exception:
        logger.exception("failed")
    logger.remove(number)
    return "".join(lines)


def stack_data(raising: Callable[[], object]) -> str:
    """The variables of whole functions, not only of the lines around the one that raised."""
    module = pytest.importorskip("stack_data", reason="not installed: stack_data")
    options = module.Options(before=500, after=500, include_signature=True, max_lines_per_piece=500)
    try:
        raising()
    except Exception as error:
        return "".join(
            f"in {info.frame.f_code.co_name}\n"
            + "".join(f"{each.name} = {each.value!r}\n" for each in info.variables)
            for info in module.FrameInfo.stack_data(error.__traceback__, options)
            if isinstance(info, module.FrameInfo)
            and info.frame.f_globals["__name__"].startswith("bedrock_token_generator")
        )
    return pytest.fail("no error")


def stackprinter(raising: Callable[[], object]) -> str:
    module = pytest.importorskip("stackprinter", reason="not installed: stackprinter")
    try:
        raising()
    except Exception as error:
        return module.format(error, show_vals="all", source_lines="all", truncate_vals=5000)
    return pytest.fail("no error")


def verbose(raising: Callable[[], object]) -> str:
    """IPython's Verbose mode."""
    ultratb = pytest.importorskip("IPython.core.ultratb", reason="not installed: ipython")
    try:
        raising()
    except Exception as error:
        form = ultratb.VerboseTB(include_vars=True)
        return form.text(type(error), error, error.__traceback__)
    return pytest.fail("no error")


def ours(shown: str) -> str:
    """Leave out the frames of botocore and of this file, which hold the keys as they like."""
    blocks = re.split(r"(?=^\S*File |^> File |^  File )", shown, flags=re.M)
    return "".join(block for block in blocks if "/bedrock_token_generator/" in block[:300])


def dict_as_credentials() -> object:
    return get_token(credentials=vars(KEYS), region="us-east-1")  # type: ignore[arg-type]


def secret_with_a_line_break() -> object:
    return get_token(credentials=line_break(), region="us-east-1")


def callable_that_returns_a_dict() -> object:
    return get_token_provider(credentials=mapping, region="us-east-1")()  # type: ignore[arg-type]


def cancelled_before_its_first_step() -> object:
    async def main() -> None:
        task = asyncio.ensure_future(aio.get_token(credentials=frozen(), region="us-east-1"))
        task.cancel()
        await task

    try:
        asyncio.run(main())
    except asyncio.CancelledError as error:
        raise RuntimeError("cancelled") from error


RAISING = [
    dict_as_credentials,
    secret_with_a_line_break,
    callable_that_returns_a_dict,
    cancelled_before_its_first_step,
]


@pytest.mark.parametrize("collector", [loguru, stack_data, stackprinter, verbose])
@pytest.mark.parametrize("raising", RAISING)
def test_collectors_find_no_key_in_our_frames(collector, raising):
    shown = collector(raising)
    assert "LookupError" not in shown
    mine = shown if collector is stack_data else ours(shown)
    if raising is not cancelled_before_its_first_step:
        assert mine, shown
    for secret in SECRETS:
        assert secret not in mine


@pytest.mark.parametrize("collector", [loguru, stack_data, stackprinter, verbose])
def test_collectors_find_no_key_when_a_refresh_fails(collector, failing):
    shown = collector(failing)
    mine = shown if collector is stack_data else ours(shown)
    assert "freeze" in mine
    for secret in SECRETS:
        assert secret not in mine


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
