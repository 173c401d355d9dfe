"""Reads the keys of the moment, and their end, from botocore's credentials; signs nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from botocore.credentials import ReadOnlyCredentials, RefreshableCredentials

from . import _errors
from ._arguments import check_credentials
from ._hidden import Hidden, hide


class Keys:
    """Frozen credentials, and their end where botocore knows it."""

    def __init__(self, frozen: Hidden[Any], credentials: Hidden[Any]) -> None:
        self.frozen = frozen
        self.end = _end(credentials)
        self.method = getattr(credentials(), "method", "credentials")

    def check(self) -> None:
        """Raise for keys that cannot sign; no name here leads to one of them."""
        check_credentials(self.frozen, "get_frozen_credentials() of credentials must return")
        for name in ("access_key", "secret_key", "token"):
            empty = not getattr(self.frozen(), name)
            kind: Any = getattr(self.frozen(), name).__class__
            if empty and name != "token":
                raise _errors.PartialCredentialsError(provider="credentials", cred_var=name)
            if not empty and not issubclass(kind, str):
                hint = "its get_secret_value()" if hasattr(kind, "get_secret_value") else "its text"
                must = f"{name} of credentials must be a str"
                raise TypeError(f"{must}, not {kind.__name__}; pass {hint}")
            if not empty and not getattr(self.frozen(), name).isprintable():
                hint = "look for a line break, or bytes that are not UTF-8, where it is set"
                raise ValueError(f"{name} of credentials has unprintable characters; {hint}")


def ask(function: Hidden[Any]) -> Hidden[Any]:
    """Call what others wrote, and hide what it returns."""
    try:
        return hide(function()())
    except StopIteration as error:
        # As in a generator (PEP 479); asyncio before Python 3.13 would wait for ever.
        raise RuntimeError("the source of the credentials raised StopIteration") from error


def answer(found: Hidden[Any]) -> Hidden[Any]:
    """Check what a callable passed as ``credentials`` returned."""
    if found() is None:
        source = "the callable passed as credentials"
        raise _errors.NoCredentialsError(source=source, remedy=_errors.CALLABLE)
    check_credentials(found, "the callable passed as credentials must return")
    return found


def freeze(credentials: Hidden[Any]) -> Keys:
    """Read keys and end, which botocore publishes one after the other, once for both.

    If another thread refreshed the credentials in between, the keys are read again, unless botocore
    would ask the source for them.
    """
    if isinstance(credentials(), ReadOnlyCredentials):
        return Keys(credentials, credentials)
    before = _end(credentials)
    keys = Keys(ask(hide(credentials().get_frozen_credentials)), credentials)
    refreshed = keys.end != before and isinstance(credentials(), RefreshableCredentials)
    if refreshed and not credentials().refresh_needed():
        keys.frozen = ask(hide(credentials().get_frozen_credentials))
    return keys


def _end(credentials: Hidden[Any]) -> datetime | None:
    # botocore has no public name for it: https://github.com/boto/botocore/issues/2694
    end = getattr(credentials(), "_expiry_time", None)
    return end if isinstance(end, datetime) else None
