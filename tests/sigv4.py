"""An independent check of tokens, from AWS's published SigV4 algorithm and the standard library.

It shares no code with the library under test nor with botocore.
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from urllib.parse import quote, unquote

EMPTY_PAYLOAD = hashlib.sha256(b"").hexdigest()
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"


class RejectedError(Exception):
    """The token is not one that AWS would take."""


@dataclass(frozen=True)
class Keys:
    access_key: str
    secret_key: str
    token: str | None = None


@dataclass(frozen=True)
class Claims:
    """What a token says of itself."""

    access_key: str
    region: str
    date: datetime
    expires: int
    security_token: str | None
    signature: str

    @property
    def end(self) -> datetime:
        return self.date + timedelta(seconds=self.expires)


def uri_encode(text: str) -> str:
    return quote(text, safe="-_.~")


def signature(
    *, method: str, host: str, path: str, query: dict[str, str], payload: str, secret_key: str
) -> str:
    """The signature of a presigned URL whose only signed header is the host."""
    _access_key, date, region, service, _ = query["X-Amz-Credential"].rsplit("/", 4)
    scope = f"{date}/{region}/{service}/aws4_request"
    pairs = sorted((uri_encode(name), uri_encode(value)) for name, value in query.items())
    canonical_query = "&".join(f"{name}={value}" for name, value in pairs)
    canonical = f"{method}\n{path}\n{canonical_query}\nhost:{host}\n\nhost\n{payload}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    string_to_sign = f"AWS4-HMAC-SHA256\n{query['X-Amz-Date']}\n{scope}\n{digest}"
    key = f"AWS4{secret_key}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, string_to_sign.encode(), "sha256").hex()


def decode(token: str) -> str:
    """The presigned URL, without its scheme, in a token."""
    prefix, encoded = "bedrock-api-key-", str(token)
    if not encoded.startswith(prefix):
        raise RejectedError("prefix")
    try:
        raw = base64.b64decode(encoded.removeprefix(prefix), validate=True)
        url = raw.decode("ascii")
    except ValueError:
        raise RejectedError("base64") from None
    if base64.b64encode(raw).decode() != encoded.removeprefix(prefix):
        raise RejectedError("base64")
    return url


def claims(token: str) -> Claims:
    """What a token says of itself, unchecked but for its form."""
    query = _query(decode(token))
    access_key, _, region, _, _ = query["X-Amz-Credential"].rsplit("/", 4)
    return Claims(
        access_key=access_key,
        region=region,
        date=_date(query["X-Amz-Date"]),
        expires=int(query["X-Amz-Expires"]),
        security_token=query.get("X-Amz-Security-Token"),
        signature=query["X-Amz-Signature"],
    )


def verify(token: str, keys: Keys, *, region: str, now: datetime) -> Claims:
    """Return what the token says of itself if AWS would take it now, or raise RejectedError."""
    query = _query(decode(token))
    _expect("Version", query.pop("Version"), "1")
    _expect("Action", query["Action"], "CallWithBearerToken")
    _expect("X-Amz-Algorithm", query["X-Amz-Algorithm"], "AWS4-HMAC-SHA256")
    _expect("X-Amz-SignedHeaders", query["X-Amz-SignedHeaders"], "host")
    _expect("X-Amz-Security-Token", query.get("X-Amz-Security-Token"), keys.token or None)
    date = _date(query["X-Amz-Date"])
    scope = f"{keys.access_key}/{date:%Y%m%d}/{region}/bedrock/aws4_request"
    _expect("X-Amz-Credential", query["X-Amz-Credential"], scope)
    if not re.fullmatch("[1-9][0-9]{0,4}", query["X-Amz-Expires"]):
        raise RejectedError("X-Amz-Expires")
    expires = int(query["X-Amz-Expires"])
    if expires > 43200:
        raise RejectedError("X-Amz-Expires")
    expected = signature(
        method="POST",
        host="bedrock.amazonaws.com",
        path="/",
        query={name: value for name, value in query.items() if name != "X-Amz-Signature"},
        payload=EMPTY_PAYLOAD,
        secret_key=keys.secret_key,
    )
    if not hmac.compare_digest(query["X-Amz-Signature"].encode(), expected.encode()):
        raise RejectedError("X-Amz-Signature")
    if not date <= now < date + timedelta(seconds=expires):
        raise RejectedError("time")
    return claims(token)


def _query(url: str) -> dict[str, str]:
    host_and_path, _, text = url.partition("?")
    _expect("host", host_and_path, "bedrock.amazonaws.com/")
    query: dict[str, str] = {}
    for pair in text.split("&"):
        name, _, encoded = pair.partition("=")
        value = unquote(encoded)
        if name in query or uri_encode(value) != encoded:
            raise RejectedError(name)
        query[name] = value
    names = {
        "Action",
        "Version",
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
    }
    if query.keys() - {"X-Amz-Security-Token"} != names:
        raise RejectedError("parameters")
    return query


def _date(text: str) -> datetime:
    try:
        date = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise RejectedError("X-Amz-Date") from None
    _expect("X-Amz-Date", f"{date:%Y%m%dT%H%M%SZ}", text)
    return date


def _expect(what: str, value: str | None, expected: str | None) -> None:
    if value != expected:
        raise RejectedError(what)
