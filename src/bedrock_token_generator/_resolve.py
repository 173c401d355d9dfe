"""Resolves the region, and where the keys come from, through botocore; signs nothing."""

from __future__ import annotations

import os
from typing import Any

from botocore.credentials import EnvProvider, ProcessProvider, RefreshableCredentials

from . import _errors
from ._arguments import Arguments, check_region
from ._hidden import Hidden, hide
from ._keys import Keys, answer, ask, freeze


class Source:
    """Credentials or a callable, as passed, or what botocore's default chain found."""

    def __init__(self, credentials: Hidden[Any], *, asked: bool = False, profile: str = "") -> None:
        self.credentials = credentials
        self.asked = asked
        self._profile = profile  # Only if the default chain found them.
        # Keys without an end come from variables or files, which may change, and nobody tells.
        kept = isinstance(credentials(), RefreshableCredentials)
        self.stays = kept or not profile or credentials().method == ProcessProvider.METHOD

    def keys(self) -> Keys:
        if self.asked:
            return freeze(answer(ask(self.credentials)))
        if not self._profile:
            return freeze(self.credentials)
        with _errors.explained(self.credentials().method, self._profile):
            return freeze(self.credentials)


def resolve(arguments: Arguments, region: str | None = None) -> tuple[str, Source]:
    """Return the region, the one known from before if any, and the source of the keys."""
    region = region or region_at_hand(arguments)
    source = _source_at_hand(arguments)
    if region is not None and source is not None:
        return region, source

    # Imported late because it takes 30 ms, which who has both at hand need not pay.
    from botocore.session import Session

    session = Session(profile=arguments.profile)
    profile = session.profile or "default"
    with _errors.explained("botocore's settings", profile):
        configured = session.get_scoped_config().get("region")
        chain = session.get_component("credential_provider").providers
    region = region or check_region(configured, f"the region of the profile {profile!r}")
    if region is None:
        raise _errors.NoRegionError(profile=profile)
    if source is not None:
        return region, source
    # STS, where a role needs it, is asked in the same region.
    session.set_config_variable("region", region)
    for provider in chain:
        with _errors.explained(provider.METHOD, profile):
            credentials = provider.load()
        if credentials is not None:
            return region, Source(hide(credentials), profile=profile)
    where = f"botocore's default chain with the profile {profile!r}"
    remedy = _errors.PROFILE if arguments.profile else _errors.CHAIN
    raise _errors.NoCredentialsError(source=where, remedy=remedy)


def region_at_hand(arguments: Arguments) -> str | None:
    """Return the region of the argument or the environment, which is checked only if it counts."""
    # By getenv(): a traceback that shows `os.environ` shows the keys in it.
    region = arguments.region
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        region = region or check_region(os.getenv(variable), variable)
    return region


def _source_at_hand(arguments: Arguments) -> Source | None:
    """Return the source that needs no session, whose making takes 150 times a token's time."""
    if arguments.credentials() is not None:
        return Source(arguments.credentials, asked=arguments.callable)
    # botocore's chain begins with the environment, but refuses a profile that does not exist.
    if arguments.profile or {os.getenv("AWS_PROFILE"), os.getenv("AWS_DEFAULT_PROFILE")} != {None}:
        return None
    with _errors.explained(EnvProvider.METHOD, "default"):
        credentials = EnvProvider().load()
    return Source(hide(credentials), profile="default") if credentials else None
