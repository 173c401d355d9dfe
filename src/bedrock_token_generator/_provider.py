"""The public functions, and the provider that holds a token; knows nothing of SigV4."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from ._arguments import Arguments, CredentialsArgument
from ._hidden import hide
from ._renewal import Renewal, copied
from ._resolve import Source, resolve
from ._token import Token, make

FRESH_SECONDS = 60  # For so long the same token serves, less where it lives for less.
SPARE_SECONDS = 60  # With more than this to live it serves on while there is no other.

P = TypeVar("P", bound="Provider")


def get_token(
    *,
    credentials: CredentialsArgument = None,
    region: str | None = None,
    profile: str | None = None,
    expires_in_seconds: int | None = 43200,
) -> Token:
    """Make one token from credentials and a region, resolved afresh each time.

    For more than one, :func:`get_token_provider` is faster, and asks their source less often.

    :param credentials: botocore ``Credentials`` of any kind (``boto3.Session().get_credentials()``
        too), ``ReadOnlyCredentials``, or a callable without arguments that returns one of these and
        is asked for every token. Default: `botocore's chain
        <https://docs.aws.amazon.com/boto3/latest/guide/credentials.html>`_.
    :param region: the AWS Region where the token is to be used, such as ``"us-east-1"``. Default:
        the environment variable ``AWS_REGION``, else ``AWS_DEFAULT_REGION``, else the ``region`` of
        the profile. Empty strings count as absent.
    :param profile: the profile of the `shared files
        <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>`_ for whatever of the two
        is not given. Default: botocore's rule (``AWS_PROFILE``, else ``default``).
    :param expires_in_seconds: how long the token is to live, from 1 to 43200 seconds, `12 hours
        <https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html>`_, which ``None`` means
        too. It ends with the credentials that sign it if they end earlier and botocore knows when.
    :raises TypeError: an argument of another type; an asynchronous callable.
    :raises ValueError: ``expires_in_seconds`` out of range; a key with unprintable characters.
    :raises botocore.exceptions.NoRegionError: no region anywhere.
    :raises botocore.exceptions.InvalidRegionError: what has not the shape of a region's name.
    :raises botocore.exceptions.ProfileNotFound: no such profile.
    :raises botocore.exceptions.NoCredentialsError: none anywhere, or None from the callable.
    :raises botocore.exceptions.PartialCredentialsError: no access key or no secret key.
    :raises botocore.exceptions.CredentialRetrievalError: the credentials have ended, or a source of
        botocore's chain failed with an error that is not botocore's.
    :raises botocore.exceptions.BotoCoreError: what else botocore meets while it fetches them.
    :raises botocore.exceptions.ClientError: STS or IAM Identity Center refuses.
    """
    hidden, credentials = hide(credentials), None
    arguments = Arguments(hidden, region, profile, expires_in_seconds)
    region, source = resolve(arguments)
    return make(source.keys(), region, arguments.expires_in_seconds)


def get_token_provider(
    *,
    credentials: CredentialsArgument = None,
    region: str | None = None,
    profile: str | None = None,
    expires_in_seconds: int | None = 43200,
) -> TokenProvider:
    """Make a callable that returns a token with its life ahead, as often as it is asked.

    >>> client = OpenAI(api_key=get_token_provider(), base_url=...)  # doctest: +SKIP

    Only the arguments are checked here. :class:`TokenProvider` tells what a call does. Arguments,
    and the errors of a call, are those of :func:`get_token`.

    :raises TypeError: an argument of another type.
    :raises ValueError: ``expires_in_seconds`` out of range.
    :raises botocore.exceptions.InvalidRegionError: what has not the shape of a region's name.
    """
    hidden, credentials = hide(credentials), None
    return TokenProvider(Arguments(hidden, region, profile, expires_in_seconds))


class Provider:
    """What the synchronous and the asynchronous provider share: all but how they wait."""

    _name = "TokenProvider"

    def __init__(self, arguments: Arguments) -> None:
        self._arguments = arguments
        self._resolved: tuple[str | None, Source | None] = (None, None)
        self._token: Token | None = None
        # Fresh from and to, by the wall clock: a monotonic one stands still while a laptop sleeps.
        self._since = self._until = 0.0
        # The one under way, by process: a fork leaves behind the thread that carries it out.
        self._renewals: dict[int, Renewal] = {}

    def _fresh(self) -> Token | None:
        return self._token if self._since <= time.time() < self._until else None

    def _spare(self) -> Token | None:
        token, now = self._token, time.time()
        if token and self._since <= now < token.expires_at.timestamp() - SPARE_SECONDS:
            return token
        return None

    def _join(self, carry_out: Callable[[Renewal], None]) -> Renewal:
        """Return one's own renewal, another's to wait for, or an ended one with what is at hand."""
        mine = Renewal()
        mine.set_running_or_notify_cancel()  # So that who gives up does not cancel it for others.
        mine.thread = threading.get_ident()
        renewal = self._renewals.setdefault(os.getpid(), mine)
        if renewal is mine:
            carry_out(mine)
            return mine
        mine.token = self._spare()
        if mine.token is None and renewal.thread == mine.thread:
            # A log handler, a signal handler or the source: it cannot wait for itself.
            raise RuntimeError("the token provider was called from within its own renewal")
        if mine.token is None:
            return renewal
        mine.set_result(None)
        return mine

    def _renew(self, renewal: Renewal, expected: type[BaseException] = Exception) -> None:
        renewal.thread, here = threading.get_ident(), os.getpid()
        _, handled, _ = sys.exc_info()  # By the caller: Python adds it to whatever is raised here.
        try:
            if self._renewals.keys() - {here}:
                # Forked in the middle of one: a lock of botocore's may stay locked. Resolve anew.
                region, _ = self._resolved
                self._renewals, self._resolved = {here: renewal}, (region, None)
            # Another renewal may have ended since the caller found nothing fresh.
            renewal.token = self._fresh()
            if renewal.token is None:
                renewal.token = self._token = self._make()
                self._since = now = time.time()
                life = renewal.token.expires_at.timestamp() - now
                asked = self._arguments.expires_in_seconds
                self._until = now + min(FRESH_SECONDS, asked / 10, life / 2)
        except expected as error:
            renewal.token = self._spare()
            if renewal.token:
                self._until = time.time() + FRESH_SECONDS
            else:
                renewal.error = copied(error, handled)
        finally:
            self._renewals.pop(here, None)
            renewal.set_result(None)

    def _make(self) -> Token:
        region, source = self._resolved
        if region is None or source is None or not source.stays:
            region, source = self._resolved = resolve(self._arguments, region)
        return make(source.keys(), region, self._arguments.expires_in_seconds)

    def __repr__(self) -> str:
        given, kind = self._arguments, type(self._arguments.credentials()).__name__
        where = f"credentials={kind} region={given.region!r} profile={given.profile!r}"
        return f"<{self._name} {where} expires_in_seconds={given.expires_in_seconds}>"

    def __reduce__(self: P) -> tuple[type[P], tuple[Arguments]]:
        return type(self), (self._arguments,)

    def __deepcopy__(self: P, memo: object) -> P:
        # Credentials that refresh hold a lock, which cannot be copied: the copy shares them.
        return type(self)(self._arguments)


class TokenProvider(Provider):
    """A ``Callable[[], Token]``. Not made directly: :func:`get_token_provider` makes it.

    - The first call resolves region and credentials; if that fails, so does the next.
    - For a minute after a token is made, or a tenth of the life it was asked for if that is
      shorter (or half of the life that its credentials leave it), every call returns the same.
    - Then a call renews it: it asks the credentials, waits, and signs, one call at a time in a
      process. Others return the last token meanwhile if that has more than a minute to live, and
      wait for the renewal if not.
    - Where a renewal fails, the last token serves while it has more than a minute to live, and the
      next is tried a minute later. If it has not, each caller gets an error of its own.
    - At each renewal, keys that botocore's chain found in variables or files are looked up anew.
      Credentials that refresh are kept, and botocore refreshes them; the region is kept.
    - A callable passed as ``credentials`` is asked for every token instead.
    - It can be copied, and pickled if its ``credentials`` can. The copy resolves for itself.
    """

    def __call__(self) -> Token:
        """Return a token with its life ahead; the errors are those of :func:`get_token`."""
        token = self._fresh()
        if token:
            return token
        if self._arguments.callable:
            return self._make()
        renewal = self._join(self._renew)
        renewal.result()
        return renewal.outcome() or self()
