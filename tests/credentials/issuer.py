"""A loopback server that hands out made-up credentials as AWS does, and fails when told to.

It stands for the instance metadata service (version 2 only), for the credential endpoints of ECS
and of EKS Pod Identity, for the portal of IAM Identity Center, and for the console's sign-in.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, urlsplit

import loopback
from sigv4 import Keys

FAULTS = (
    "answers 500",
    "hangs",
    "answers no JSON",
    "answers JSON without keys",
    "hands out ended credentials",
    "is gone",
)
ROLE = "bedrock-role"


@dataclass(frozen=True)
class Issued:
    """Credentials as handed out, their end in whole seconds as AWS writes it."""

    keys: Keys
    end: datetime


class Issuer:
    """The server, as a context manager.

    It hands out new credentials at each request; with ``rotates_at``, only when those handed out
    last have no more than that to live, as an instance's metadata service does.
    """

    def __init__(
        self,
        life: timedelta = timedelta(hours=1),
        rotates_at: timedelta | None = None,
        address: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        self.life = life
        self.rotates_at = rotates_at
        self.issued: list[Issued] = []
        # What callers must show: the Authorization header of containers, the login of a person.
        self.authorization: str | None = None
        self.login = "sso-access-token"
        # Credentials that were asked for, had or not.
        self.requests = 0
        self.answers_after = threading.Event()
        self.answers_after.set()
        self._fault: str | None = None
        self._address = address
        self._lock = threading.Lock()

    def __enter__(self) -> Issuer:
        self._start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.fault = None
        self._stop()

    @property
    def url(self) -> str:
        host, port = self._address
        return f"http://{host}:{port}"

    @property
    def fault(self) -> str | None:
        """One of FAULTS, or None."""
        return self._fault

    @fault.setter
    def fault(self, fault: str | None) -> None:
        before, self._fault = self._fault, fault
        self.answers_after.clear() if fault == "hangs" else self.answers_after.set()
        if fault == "is gone":
            self._stop()
        elif before == "is gone":
            self._start()

    def of(self, access_key: str) -> Issued:
        return next(each for each in self.issued if each.keys.access_key == access_key)

    def issue(self) -> Issued:
        with self._lock:
            now = datetime.now(timezone.utc).replace(microsecond=0)
            if self.rotates_at and self.issued and self.issued[-1].end - now > self.rotates_at:
                return self.issued[-1]
            number = len(self.issued) + 1
            # The characters of real session tokens that a URL has to escape are in it.
            keys = Keys(f"ASIAEXAMPLE{number}", f"secret/{number}", f"session+token/{number}==")
            ended = self._fault == "hands out ended credentials"
            self.issued.append(Issued(keys, now - timedelta(hours=1) if ended else now + self.life))
            return self.issued[-1]

    def _start(self) -> None:
        self._server = _Server(_Handler, self._address)
        self._server.issuer = self
        self._address = self._server.server_address[:2]
        self._server.start()

    def _stop(self) -> None:
        self._server.stop()


class _Server(loopback.Server):
    issuer: Issuer


class _Handler(loopback.Handler):
    server: _Server

    def do_PUT(self) -> None:
        """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html."""
        asks = self.headers.get("x-aws-ec2-metadata-token-ttl-seconds")
        if self.path != "/latest/api/token" or not asks:
            self._send(400)
        elif not self._fails():
            self._send(200, "imds-token")

    def do_POST(self) -> None:
        """As botocore's model of the service ``signin`` has it: CreateOAuth2Token."""
        issuer = self.server.issuer
        form = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        issuer.requests += 1
        if form["refreshToken"] == issuer.login and self.headers["DPoP"]:
            self._send(200, json.dumps(_sign_in(issuer.issue(), issuer)))
        else:
            self._send(401)

    def do_GET(self) -> None:
        issuer, url = self.server.issuer, urlsplit(self.path)
        role = "/latest/meta-data/iam/security-credentials/"
        if url.path.startswith(role):
            allowed = self.headers.get("x-aws-ec2-metadata-token") == "imds-token"
            form = None if url.path == role else _instance
        elif url.path == "/federation/credentials":
            allowed = self.headers.get("x-amz-sso_bearer_token") == issuer.login
            allowed = allowed and parse_qs(url.query).keys() == {"role_name", "account_id"}
            form = _portal
        else:
            allowed = self.headers.get("Authorization") == issuer.authorization
            form = _container
        if form:
            issuer.requests += 1
        if self._fails():
            return
        if not allowed:
            self._send(401, '{"message": "refused"}')
        else:
            self._send(200, json.dumps(form(issuer.issue())) if form else ROLE)

    def _fails(self) -> bool:
        issuer = self.server.issuer
        fault = issuer.fault
        if not issuer.answers_after.wait(10) or fault == "hangs":
            return True
        if fault == "answers 500":
            self._send(500, "Internal Server Error")
        elif fault == "answers no JSON":
            self._send(200, "<html>")
        elif fault == "answers JSON without keys":
            self._send(200, "{}")
        else:
            return False
        return True

    def _send(self, status: int, text: str = "") -> None:
        body = text.encode()
        self.send_response(status)
        if status == 401:
            self.send_header("x-amzn-ErrorType", "UnauthorizedException")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _container(issued: Issued) -> dict[str, str | None]:
    """https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html."""
    return {
        "AccessKeyId": issued.keys.access_key,
        "SecretAccessKey": issued.keys.secret_key,
        "Token": issued.keys.token,
        "Expiration": f"{issued.end:%Y-%m-%dT%H:%M:%SZ}",
    }


def _instance(issued: Issued) -> dict[str, str | None]:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html."""
    return {"Code": "Success", "Type": "AWS-HMAC", **_container(issued)}


def _portal(issued: Issued) -> dict[str, dict[str, object]]:
    """https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html."""
    return {
        "roleCredentials": {
            "accessKeyId": issued.keys.access_key,
            "secretAccessKey": issued.keys.secret_key,
            "sessionToken": issued.keys.token,
            "expiration": int(issued.end.timestamp() * 1000),
        }
    }


def _sign_in(issued: Issued, issuer: Issuer) -> dict[str, object]:
    keys = _portal(issued)["roleCredentials"]
    del keys["expiration"]
    life = int(issuer.life.total_seconds())
    return {
        "accessToken": keys,
        "tokenType": "aws_sigv4",
        "expiresIn": life,
        "refreshToken": issuer.login,
    }
