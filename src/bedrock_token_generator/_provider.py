"""The public functions, and the provider that keeps what they resolve; knows nothing of SigV4."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from botocore.credentials import Credentials
from botocore.exceptions import CredentialRetrievalError

from ._arguments import Arguments, CredentialsArgument, check_arguments, hide
from ._presign import presign
from ._resolve import Keys, freeze, resolve
from ._token import Token, encode


def get_token(
    *,
    credentials: CredentialsArgument = None,
    region: str | None = None,
    profile: str | None = None,
    expires_in_seconds: int = 43200,
) -> Token:
    """Make one token from credentials and a region, resolved afresh each time.

    For more than one, :func:`get_token_provider` is as easy, faster, and asks the source of the
    credentials less often.

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
        <https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html>`_. It ends with the
        credentials that sign it if they end earlier and botocore knows when.
    :raises TypeError: an argument of another type.
    :raises ValueError: ``expires_in_seconds`` out of range; a key with unprintable characters.
    :raises botocore.exceptions.NoRegionError: no region anywhere.
    :raises botocore.exceptions.InvalidRegionError: a region that is no host label.
    :raises botocore.exceptions.ProfileNotFound: no such profile.
    :raises botocore.exceptions.NoCredentialsError: none anywhere, or None from the callable.
    :raises botocore.exceptions.PartialCredentialsError: no access key or no secret key.
    :raises botocore.exceptions.CredentialRetrievalError: the credentials have ended.
    :raises botocore.exceptions.BotoCoreError: what else botocore meets while it fetches them. It
        lets some errors of others through, such as ``ClientError`` of STS and ``OSError`` of files.
    """
    hidden, credentials = hide(credentials), None
    return TokenProvider(check_arguments(hidden, region, profile, expires_in_seconds))()


def get_token_provider(
    *,
    credentials: CredentialsArgument = None,
    region: str | None = None,
    profile: str | None = None,
    expires_in_seconds: int = 43200,
) -> TokenProvider:
    """Make a callable that returns a token with its life ahead, as often as it is asked.

    >>> client = OpenAI(api_key=get_token_provider(), base_url=...)  # doctest: +SKIP

    Only the arguments are checked here. The first call resolves region and credentials (and the
    next one again if that fails), later calls use them, and botocore refreshes the credentials when
    they near their end. Threads may share a provider.

    Arguments, and the errors of a call, are those of :func:`get_token`.

    :raises TypeError: an argument of another type.
    :raises ValueError: ``expires_in_seconds`` out of range.
    :raises botocore.exceptions.InvalidRegionError: a region that is no host label.
    """
    hidden, credentials = hide(credentials), None
    return TokenProvider(check_arguments(hidden, region, profile, expires_in_seconds))


class TokenProvider:
    """A ``Callable[[], Token]``. Not made directly: :func:`get_token_provider` makes it.

    A class, not a closure, so that its repr shows no secret and it can be copied and pickled: the
    copy has the same arguments and resolves for itself.
    """

    def __init__(self, arguments: Arguments) -> None:
        self._arguments = arguments
        # One for each process: a fork may leave out the thread that holds it. Reentrant, because a
        # signal or log handler may call in the middle of the first call.
        self._locks: dict[int, threading.RLock] = {}
        self._resolved: tuple[str, Callable[[], Credentials]] | None = None
        self._last: _Signed | None = None

    def __call__(self) -> Token:
        """Return a token, the same one within a second: signing again would change nothing."""
        region, ask = self._resolved or self._resolve()
        credentials = ask()
        last = self._last
        if (
            last is None
            or last.now != int(time.time())
            or last.keys.frozen != credentials.get_frozen_credentials()
        ):
            self._last = last = self._sign(credentials, region, last)
        return last.token

    def _resolve(self) -> tuple[str, Callable[[], Credentials]]:
        with self._locks.setdefault(os.getpid(), threading.RLock()):
            if self._resolved is None:
                self._resolved = resolve(*self._arguments[:3])
            return self._resolved

    def _sign(self, credentials: Credentials, region: str, last: _Signed | None) -> _Signed:
        keys = freeze(credentials, last.keys if last else None)
        now = int(time.time())
        expires = self._arguments[3]
        if keys.end is not None:
            expires = min(expires, int(keys.end.timestamp()) - now)
        if expires < 1:
            raise CredentialRetrievalError(
                provider=credentials.method,
                error_msg=f"they ended at {keys.end}, not refreshed. Renew them at their source.",
            )
        url = presign(keys.frozen, region, now, expires)
        return _Signed(now, keys, encode(url, now + expires))

    def __repr__(self) -> str:
        credentials, region, profile, expires = self._arguments
        return (
            f"<{type(self).__name__} credentials={type(credentials).__name__} region={region!r} "
            f"profile={profile!r} expires_in_seconds={expires}>"
        )

    def __reduce__(self) -> tuple[type[TokenProvider], tuple[Arguments]]:
        return type(self), (self._arguments,)

    def __deepcopy__(self, memo: object) -> TokenProvider:
        # Credentials that refresh hold a lock, which cannot be copied: the copy shares them.
        return type(self)(self._arguments)


class _Signed:
    """The last token and what it was made from."""

    def __init__(self, now: int, keys: Keys, token: Token) -> None:
        self.now = now
        self.keys = keys
        self.token = token
