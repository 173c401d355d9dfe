"""What DEBUG logs hold while credentials are fetched: of ours nothing, of botocore much.

docs/security.md has the table of it, and the remedy.
"""

from __future__ import annotations

import hashlib
import json
import logging
import urllib.parse
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import documents
import loopback
import sigv4
from bedrock_token_generator import get_token
from examples import KEYS, NOW
from issuer import Issuer

RENEWAL = {
    "refresh token": "refresh-token-of-the-login",
    "next refresh token": "the-next-refresh-token",
    "client secret": "secret-of-the-client",
}


@pytest.fixture
def records(log_records: list[str], monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Name of the logger and message of each record."""
    found: list[tuple[str, str]] = []
    handle = logging.Logger.handle

    def seen(logger: logging.Logger, record: logging.LogRecord) -> None:
        found.append((record.name, record.getMessage()))
        handle(logger, record)

    monkeypatch.setattr(logging.Logger, "handle", seen)
    return found


def loggers_of(secret: str, records: list[tuple[str, str]]) -> set[str]:
    """The loggers that had it, as it is or percent-encoded."""
    forms = {secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote(secret)}
    return {name for name, message in records if any(form in message for form in forms)}


class Login(loopback.Handler):
    """Renews a login to IAM Identity Center: CreateToken of the service ``sso-oidc``."""

    issuer: Issuer

    def do_POST(self) -> None:
        form = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert form["refreshToken"] == RENEWAL["refresh token"]
        self.issuer.login = "renewed-access-token"
        body = json.dumps(
            {
                "accessToken": self.issuer.login,
                "expiresIn": 28800,
                "refreshToken": RENEWAL["next refresh token"],
                "tokenType": "Bearer",
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def login(
    issuer: Issuer, endpoint_variables: None, isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[timedelta], None]]:
    """A login to IAM Identity Center that has so long to live, and can be renewed."""
    from botocore.credentials import SSOProvider
    from botocore.tokens import SSOTokenProvider  # The oldest botocore has none.

    cache = isolated / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    for provider in (SSOProvider, SSOTokenProvider):
        monkeypatch.setattr(provider, "_SSO_TOKEN_CACHE_DIR", str(cache))
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", issuer.url)

    def write(life: timedelta) -> None:
        issuer.login = "access-token-of-the-login"
        login = {
            "accessToken": issuer.login,
            "expiresAt": f"{NOW + life:%Y-%m-%dT%H:%M:%SZ}",
            "refreshToken": RENEWAL["refresh token"],
            "clientId": "client",
            "clientSecret": RENEWAL["client secret"],
            "registrationExpiresAt": f"{NOW + timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}",
        }
        name = hashlib.sha1(b"corporate").hexdigest()
        (cache / f"{name}.json").write_text(json.dumps(login))

    with loopback.Server(type("Handler", (Login,), {"issuer": issuer})) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", server.url)
        yield write


ANSWER = {"secret key", "session token"}
# What each logger gets of each source. docs/security.md has it as a table.
LOGGED: dict[str, dict[str, set[str]]] = {
    "role": {"parsers": ANSWER},
    "role, from temporary keys": {
        "parsers": ANSWER,
        "endpoint": {"session token of the source"},
        "auth": {"session token of the source"},
    },
    "web identity": {"parsers": ANSWER, "endpoint": {"identity token"}},
    "Identity Center": {"parsers": ANSWER, "endpoint": {"login"}},
    "Identity Center, after its login was renewed": {
        "parsers": {*ANSWER, "login", "next refresh token"},
        "endpoint": {"login", "refresh token", "client secret"},
    },
    "container": {},
    "instance": {},
}
if find_spec("awscrt"):  # Its signer logs nothing.
    del LOGGED["role, from temporary keys"]["auth"]


@pytest.fixture
def fetch(
    recipe: Callable[[str], dict[str, Any]],
    records: list[tuple[str, str]],
    request: pytest.FixtureRequest,
    isolated: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[str], dict[str, str]]:
    """Get a token from a source; return it and the secrets that went to and fro, by their names."""

    def run(source: str) -> dict[str, str]:
        others = {}
        if source.startswith("role"):
            issuer = request.getfixturevalue("sts")
            token = recipe("Role, from another profile")["token"]
            if "temporary" in source:
                path = isolated / ".aws" / "config"
                path.write_text(f"{path.read_text()}\naws_session_token = {KEYS.token}\n")
                records.clear()
                token = get_token()
                others["session token of the source"] = KEYS.token
        elif source == "web identity":
            issuer = request.getfixturevalue("sts")
            others["identity token"] = "identity-token-of-the-pod"
            (isolated / "web-identity-token").write_text(others["identity token"])
            token = recipe("Web identity, and EKS service accounts (IRSA)")["token"]
        elif source.startswith("Identity Center"):
            renewed = "renewed" in source
            request.getfixturevalue("login")(timedelta(minutes=5 if renewed else 480))
            token = recipe("IAM Identity Center")["token"]
            issuer = request.getfixturevalue("issuer")
            others["login"] = issuer.login
            assert renewed == (issuer.login == "renewed-access-token")
            if renewed:
                others |= RENEWAL
        else:
            issuer = request.getfixturevalue(source)
            monkeypatch.setenv("AWS_REGION", "us-east-1")
            token = get_token()
        claims = sigv4.claims(token)
        keys = issuer.of(claims.access_key).keys
        ours = {"token": str(token), "signature": claims.signature}
        return ours | {"secret key": keys.secret_key, "session token": keys.token} | others

    return run


@pytest.mark.parametrize("source", LOGGED)
def test_what_is_logged_while_credentials_are_fetched(source, fetch, records):
    found: dict[str, set[str]] = {}
    for name, secret in fetch(source).items():
        for logger in loggers_of(secret, records):
            found.setdefault(logger.removeprefix("botocore."), set()).add(name)
    assert found == LOGGED[source]
    assert records


@pytest.mark.parametrize("source", LOGGED)
def test_the_remedy_on_the_security_page(source, fetch, records):
    loggers = [logging.getLogger(f"botocore.{name}") for name in ("parsers", "endpoint", "auth")]
    levels = [logger.level for logger in loggers]
    try:
        documents.run("docs/security.md", "What others log")
        assert {logger.level for logger in loggers} == {logging.INFO}
        secrets = fetch(source)
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
    assert [name for name, secret in secrets.items() if loggers_of(secret, records)] == []
    assert records
