"""The token: how keys become one, and a ``str`` that knows its end and its region."""

from __future__ import annotations

import time
from base64 import b64encode
from datetime import datetime, timezone

from botocore.exceptions import CredentialRetrievalError

from ._keys import Keys
from ._presign import presign


class Token(str):
    """A short-term API key for Amazon Bedrock that knows its end and its region.

    A ``str``, so it passes wherever a key passes: headers, ``os.environ``, JSON, clients.
    ``str()``, ``print()`` and f-strings give the key; ``repr()``, which notebooks, debuggers and
    containers show, does not. Copies and pickles keep the end and the region.
    """

    __slots__ = ("_expires_at", "_region")
    _expires_at: datetime
    _region: str

    def __new__(cls, value: str, expires_at: datetime, region: str) -> Token:
        self = super().__new__(cls, value)
        self._expires_at = expires_at
        self._region = region
        return self

    @property
    def expires_at(self) -> datetime:
        """The end of the key, an aware UTC ``datetime``: ``X-Amz-Date`` plus ``X-Amz-Expires``."""
        return self._expires_at

    @property
    def region(self) -> str:
        """The AWS Region that the key is for, such as ``"us-east-1"``: that of the endpoint."""
        return self._region

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} expires_at={self.expires_at.isoformat()} "
            f"region={self.region!r}>"
        )

    def __reduce__(self) -> tuple[type[Token], tuple[str, datetime, str]]:
        return type(self), (str(self), self.expires_at, self.region)


def encode(url: str, end: int, region: str) -> Token:
    """Encode a presigned URL without its scheme, as AWS's generators do.

    ``end`` is in seconds since the epoch. https://github.com/aws/aws-bedrock-token-generator-js
    """
    encoded = b64encode(f"{url}&Version=1".encode()).decode()
    expires_at = datetime.fromtimestamp(end, timezone.utc)
    return Token(f"bedrock-api-key-{encoded}", expires_at, region)


def make(keys: Keys, region: str, expires_in_seconds: int) -> Token:
    """Make a token that ends when it was asked to, or with the keys if they end earlier."""
    keys.check()
    now = int(time.time())  # Once, and after the source of the keys has answered.
    if keys.end is not None:
        expires_in_seconds = min(expires_in_seconds, int(keys.end.timestamp()) - now)
    if expires_in_seconds < 1:
        message = f"they ended at {keys.end}, not refreshed. Renew them at their source."
        raise CredentialRetrievalError(provider=keys.method, error_msg=message)
    url = presign(keys.frozen(), region, now, expires_in_seconds)
    return encode(url, now + expires_in_seconds, region)
