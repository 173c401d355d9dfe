"""Checks the arguments of the public functions; resolves nothing."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from botocore.credentials import CredentialProvider, Credentials, ReadOnlyCredentials

from . import _errors
from ._hidden import Hidden, hide

AnyCredentials = Credentials | ReadOnlyCredentials
CredentialsArgument = AnyCredentials | Callable[[], AnyCredentials | None] | None
AsyncCredentialsArgument = CredentialsArgument | Callable[[], Awaitable[AnyCredentials | None]]

# The shape that the names of all AWS Regions have, in the length of a host label (RFC 1123, 2.1).
# https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
_REGION = re.compile(r"(?!.{64})[a-z]{2,8}(-[a-z0-9]+)+-[0-9]+")


class Arguments:
    """What a public function was given, checked."""

    def __init__(
        self, credentials: Hidden[Any], region: object, profile: object, expires_in_seconds: object
    ) -> None:
        self.credentials = credentials
        own = isinstance(credentials(), (type, Credentials))
        self.callable: bool = callable(credentials()) and not own
        if credentials() is not None and not self.callable:
            check_credentials(
                credentials, "credentials must be", ", or a callable that returns them"
            )
        self.region: str | None = check_region(region)
        self.profile: str | None = check_name("the argument profile", profile)
        self.expires_in_seconds: int = check_expires_in_seconds(expires_in_seconds)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "credentials": self.credentials()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, credentials=hide(state["credentials"]))


def check_credentials(found: Hidden[Any], must: str, others: str = "") -> None:
    """Raise a ``TypeError`` that shows what to pass in place of what is no credentials."""
    if isinstance(found(), (Credentials, ReadOnlyCredentials)):
        return
    name = f"the class {found().__name__}" if isinstance(found(), type) else type(found()).__name__
    hint = "botocore.credentials.Credentials(access_key, secret_key, token) if you have keys"
    if inspect.isawaitable(found()):
        hint = "an asynchronous function, not its result, to bedrock_token_generator.aio"
        if inspect.iscoroutine(found()):
            found().close()  # Or Python warns that nobody awaited it.
    elif hasattr(found(), "get_credentials"):
        hint = "session.get_credentials()"
    elif isinstance(found(), CredentialProvider):
        hint = "provider.load"
    must = f"{must} botocore Credentials or ReadOnlyCredentials{others}"
    raise TypeError(f"{must}, not {name}. Pass {hint}")


def check_expires_in_seconds(value: object) -> int:
    value = 43200 if value is None else value
    if isinstance(value, bool) or not isinstance(value, int):
        hint = "convert it with int(...) or int(delta.total_seconds())"
        raise TypeError(f"expires_in_seconds must be an int, not {_shown(value)}; {hint}")
    if not 0 < value <= 43200:
        allowed = "from 1 to 43200 (12 hours)"
        raise ValueError(f"expires_in_seconds must be {allowed}, not {_shown(value)}")
    return int(value)  # Not a subclass such as IntEnum, which may have a str() of its own.


def check_name(argument: str, value: object) -> str | None:
    value = "" if value is None else value
    if not isinstance(value, str):
        raise TypeError(f"{argument} must be a str or None, not {_shown(value)}; pass its name")
    return str.__str__(value) or None  # Not a subclass such as an Enum, likewise.


def check_region(value: object, source: str = "the argument region") -> str | None:
    region = check_name(source, value)
    if region is not None and not _REGION.fullmatch(region):
        raise _errors.InvalidRegionError(region_name=region, source=source)
    return region


def _shown(value: object) -> str:
    """Show a value in an error message, if plain: the repr of others may hold a secret."""
    if type(value) is int and abs(value) >= 10**30:
        return "an int of more than 30 digits"
    plain = type(value) in (int, float, bool, str, bytes, timedelta)
    return f"{value!r:.99} ({type(value).__name__})" if plain else type(value).__name__
