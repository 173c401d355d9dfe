"""Resolves region and credentials, and the keys of the moment, through botocore; signs nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime

from botocore import exceptions
from botocore.credentials import (
    Credentials,
    DeferredRefreshableCredentials,
    ReadOnlyCredentials,
)

from . import _errors
from ._arguments import CredentialsCallable, HiddenCredentials, check_region


def resolve(
    credentials: HiddenCredentials, region: str | None, profile: str | None
) -> tuple[str, Callable[[], Credentials]]:
    """Return the region, and a function that returns the credentials to use now."""
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        region = region or check_region(os.environ.get(variable), variable)
    if region is None or credentials is None:
        # Imported late because it takes 30 ms, which a caller who gives both need not pay.
        from botocore.session import Session

        session = Session(profile=profile)
        try:
            if region is None:
                name = session.profile or "default"
                configured = session.get_scoped_config().get("region")
                region = check_region(configured, f"the profile {name!r}")
                if region is None:
                    raise _errors.NoRegionError(profile=name)
            if credentials is None:
                # STS, where a role needs it, is asked in the same region.
                session.set_config_variable("region", region)
                credentials = session.get_credentials()
        except exceptions.ProfileNotFound as error:
            raise _errors.ProfileNotFound(**error.kwargs) from None
        except exceptions.PartialCredentialsError as error:
            raise _errors.PartialCredentialsError(**error.kwargs) from None
        if credentials is None:
            raise _errors.NoCredentialsError(source="botocore's default chain")
    if isinstance(credentials, CredentialsCallable):
        return region, credentials
    found = credentials
    return region, lambda: found


class Keys:
    """Frozen credentials and their end. Not a tuple, whose repr in a traceback would show them."""

    def __init__(self, frozen: ReadOnlyCredentials, end: datetime | None) -> None:
        self.frozen = frozen
        self.end = end


def freeze(credentials: Credentials, last: Keys | None) -> Keys:
    """Return the keys to sign with now, with their end where botocore knows it.

    Another thread may be refreshing the credentials: botocore publishes keys and end one after the
    other, in an order that depends on its version. So they are read until they belong together.
    """
    deferred = isinstance(credentials, DeferredRefreshableCredentials)
    tries = 50
    while True:
        before = _end(credentials)
        keys = Keys(credentials.get_frozen_credentials(), _end(credentials))
        # The end did not change meanwhile, nor without its keys, and is there if it has to be.
        settled = keys.end is before and (
            last is None or keys.end is last.end or keys.frozen is not last.frozen
        )
        tries -= 1
        if (settled and (keys.end or not deferred)) or not tries:
            break
        time.sleep(0.001)
    fault = _fault(keys.frozen)
    if fault is not None:
        raise fault
    return keys


def _end(credentials: Credentials) -> datetime | None:
    # botocore has no public name for it: https://github.com/boto/botocore/issues/2694
    end = getattr(credentials, "_expiry_time", None)
    return end if isinstance(end, datetime) else None


def _fault(frozen: object) -> Exception | None:
    """Tell what is wrong with the keys: an error to raise where no frame holds them."""
    if not isinstance(frozen, ReadOnlyCredentials):
        return TypeError(
            "get_frozen_credentials() of credentials must return botocore ReadOnlyCredentials, not "
            f"{type(frozen).__name__}; pass botocore's own credentials, not aiobotocore's"
        )
    for name in ("access_key", "secret_key", "token"):
        value = getattr(frozen, name)
        if not value and name != "token":
            return _errors.PartialCredentialsError(provider="credentials", cred_var=name)
        if value and not (isinstance(value, str) and value.isprintable()):
            return (ValueError if isinstance(value, str) else TypeError)(
                f"{name} of credentials must be a str of printable characters; look for a line "
                "break at its end, or bytes that are not UTF-8, where it is set"
            )
    return None
