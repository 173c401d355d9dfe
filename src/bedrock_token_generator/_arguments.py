"""Checks the arguments of the public functions and hides keys from tracebacks; resolves nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from botocore.credentials import Credentials, ReadOnlyCredentials

from . import _errors

AnyCredentials = Credentials | ReadOnlyCredentials
CredentialsArgument = AnyCredentials | Callable[[], AnyCredentials | None] | None
MAX_EXPIRES_IN_SECONDS = 43200

# A host label (RFC 1123, section 2.1), as botocore.utils.validate_region_name has it; but that lets
# a trailing newline and the empty string through.
_REGION = re.compile(r"(?!-)(?![0-9]+\Z)[A-Za-z0-9-]{1,63}(?<!-)")


class CredentialsCallable:
    """A callable passed as ``credentials``, without its repr: a partial's shows its arguments."""

    def __init__(self, function: Callable[[], object]) -> None:
        self._function = function

    def __call__(self) -> Credentials:
        try:
            found = _as_credentials(
                self._function(), "the callable passed as credentials must return"
            )
        except StopIteration as error:
            # As in a generator (PEP 479); asyncio before Python 3.13 would wait for ever.
            raise RuntimeError("the callable passed as credentials raised StopIteration") from error
        if isinstance(found, Exception):
            raise found
        return found


HiddenCredentials = Credentials | CredentialsCallable | None
Arguments = tuple[HiddenCredentials, str | None, str | None, int]


def hide(credentials: CredentialsArgument) -> HiddenCredentials | Exception:
    """Return credentials that show no secret in a traceback with locals, or the error to raise.

    A caller first of all puts it in the argument's place: no frame that holds keys raises.
    """
    if credentials is None:
        return None
    if callable(credentials) and not isinstance(credentials, (type, Credentials)):
        return CredentialsCallable(credentials)
    return _as_credentials(credentials, "credentials must be")


def check_arguments(
    hidden: HiddenCredentials | Exception,
    region: str | None,
    profile: str | None,
    expires_in_seconds: int,
) -> Arguments:
    if isinstance(hidden, Exception):
        raise hidden
    return (
        hidden,
        check_region(region),
        check_name("profile", profile),
        check_expires_in_seconds(expires_in_seconds),
    )


def check_expires_in_seconds(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(
            f"expires_in_seconds must be an int, not {_shown(value)}; convert it, for example with "
            "int(...) or int(delta.total_seconds())"
        )
    if not 0 < value <= MAX_EXPIRES_IN_SECONDS:
        raise ValueError(
            f"expires_in_seconds must be from 1 to {MAX_EXPIRES_IN_SECONDS} (12 hours), not "
            f"{_shown(value)}"
        )
    return int(value)  # Not a subclass such as IntEnum, which may have a str() of its own.


def check_name(argument: str, value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{argument} must be a str or None, not {_shown(value)}; pass its name")
    return value or None


def check_region(value: object, source: str = "the argument region") -> str | None:
    region = check_name("region", value)
    if region is not None and not _REGION.fullmatch(region):
        raise _errors.InvalidRegionError(region_name=region, source=source)
    return region


def _as_credentials(value: object, must: str) -> Credentials | Exception:
    if isinstance(value, Credentials):
        return value
    if isinstance(value, ReadOnlyCredentials):
        return Credentials(*value[:3])  # type: ignore[arg-type] # _fault refuses None.
    if value is None:
        return _errors.NoCredentialsError(source="the callable passed as credentials")
    kind = value.__name__ if isinstance(value, type) else type(value).__name__
    return TypeError(
        f"{must} botocore Credentials or ReadOnlyCredentials, or a callable that returns them, not "
        f"{kind}. With keys at hand: botocore.credentials.Credentials(access_key, secret_key, "
        "token); with a boto3 Session: session.get_credentials()"
    )


def _shown(value: object) -> str:
    """Show a value in an error message, if plain: the repr of others may hold a secret."""
    if type(value) is int and value.bit_length() > 99:
        return "an int of more than 30 digits"
    plain = type(value) in (int, float, bool, str, bytes, timedelta)
    return f"{value!r:.99} ({type(value).__name__})" if plain else type(value).__name__
