"""The token: how a presigned URL is encoded as one, and a ``str`` that knows its end."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime, timezone


class Token(str):
    """A short-term API key for Amazon Bedrock that knows its end.

    A ``str``, so it passes wherever a key passes: headers, ``os.environ``, JSON, clients.
    ``str()``, ``print()`` and f-strings give the key; ``repr()``, which notebooks, debuggers and
    containers show, does not. Copies and pickles keep the end.
    """

    __slots__ = ("_expires_at",)
    _expires_at: datetime

    def __new__(cls, value: str, expires_at: datetime) -> Token:
        self = super().__new__(cls, value)
        self._expires_at = expires_at
        return self

    @property
    def expires_at(self) -> datetime:
        """The end of the key, an aware UTC ``datetime``: ``X-Amz-Date`` plus ``X-Amz-Expires``."""
        return self._expires_at

    def __repr__(self) -> str:
        return f"<{type(self).__name__} expires_at={self.expires_at.isoformat()}>"

    def __reduce__(self) -> tuple[type[Token], tuple[str, datetime]]:
        return type(self), (str(self), self.expires_at)


def encode(url: str, end: int) -> Token:
    """Encode a presigned URL without its scheme, as AWS's generators do.

    ``end`` is in seconds since the epoch. https://github.com/aws/aws-bedrock-token-generator-js
    """
    encoded = b64encode(f"{url}&Version=1".encode()).decode()
    return Token(f"bedrock-api-key-{encoded}", datetime.fromtimestamp(end, timezone.utc))
