"""A loopback source of credentials that counts: container endpoint, instance metadata, STS."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs

import loopback
import sigv4

SECRET_KEY = "secret/of/the/source"
SESSION_TOKEN = "session-token-of-the-source"
ROLE_PATH = "/latest/meta-data/iam/security-credentials/"
ROLE_ARN = "arn:aws:iam::123456789012:role/example"


class Source:
    """Counts requests by kind; each credentials that it makes have an access key of their own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: Counter[str] = Counter()
        self.life = timedelta(hours=6)
        # How long before their end the instance has new ones.
        self.instance_replaces = timedelta(hours=1)
        # Of the credentials that it made last.
        self.end = datetime.max.replace(tzinfo=timezone.utc)
        self._lock = threading.Lock()
        self._made = 0
        self._of_instance = ("", datetime.min.replace(tzinfo=timezone.utc))

    def verify(self, token: str) -> str:
        """Verify a token, and return the access key that signed it."""
        keys = sigv4.Keys(sigv4.claims(token).access_key, SECRET_KEY, SESSION_TOKEN)
        assert keys.access_key.startswith("ASIASOURCE")
        now = datetime.now(timezone.utc)
        return sigv4.verify(token, keys, region="us-east-1", now=now).access_key

    def make(self, kind: str, life: timedelta | None = None) -> tuple[str, datetime]:
        """Count a request, and answer it with an access key and its end."""
        with self._lock:
            self.requests[kind] += 1
            now = datetime.now(timezone.utc)
            if kind == "IMDS" and self._of_instance[1] - now > self.instance_replaces:
                return self._of_instance
            self._made += 1
            self.end = now + (life or self.life)
            made = f"ASIASOURCE{self._made}", self.end
            if kind == "IMDS":
                self._of_instance = made
            return made


class _Handler(loopback.Handler):
    source: Source

    def do_PUT(self) -> None:
        self.source.requests["IMDS"] += 1
        self._answer("imds-session-token")

    def do_GET(self) -> None:
        if self.path == ROLE_PATH:
            self.source.requests["IMDS"] += 1
            self._answer("example-role")
            return
        kind = "IMDS" if self.path.startswith(ROLE_PATH) else "container"
        access_key, end = self.source.make(kind)
        answer = {
            "Code": "Success",
            "AccessKeyId": access_key,
            "SecretAccessKey": SECRET_KEY,
            "Token": SESSION_TOKEN,
            "Expiration": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        }
        self._answer(json.dumps(answer))

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        action = form["Action"][0]
        seconds = int(form.get("DurationSeconds", ["3600"])[0])
        access_key, end = self.source.make(action, timedelta(seconds=seconds))
        self._answer(
            f"<{action}Response><{action}Result><Credentials>"
            f"<AccessKeyId>{access_key}</AccessKeyId>"
            f"<SecretAccessKey>{SECRET_KEY}</SecretAccessKey>"
            f"<SessionToken>{SESSION_TOKEN}</SessionToken>"
            f"<Expiration>{end:%Y-%m-%dT%H:%M:%SZ}</Expiration>"
            f"</Credentials><AssumedRoleUser><Arn>{ROLE_ARN}</Arn>"
            "<AssumedRoleId>id</AssumedRoleId></AssumedRoleUser>"
            f"</{action}Result></{action}Response>"
        )

    def _answer(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


@contextmanager
def credential_source() -> Iterator[Source]:
    with loopback.Server(_Handler) as server:
        source = Source(server.url)
        server.RequestHandlerClass = type("Handler", (_Handler,), {"source": source})
        yield source
