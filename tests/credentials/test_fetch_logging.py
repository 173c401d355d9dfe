"""What DEBUG logs hold while credentials are fetched: of ours nothing, of botocore the answer."""

from __future__ import annotations

import logging

import pytest

import documents
import sigv4
from bedrock_token_generator import get_token


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


def loggers_of(secrets: list[str], records: list[tuple[str, str]]) -> set[str]:
    return {name for name, message in records for secret in secrets if secret in message}


def test_a_role_by_sts(recipe, sts, records):
    token = recipe("Role, from another profile")["token"]
    keys = sts.of(sigv4.claims(token).access_key).keys
    assert loggers_of([str(token), sigv4.claims(token).signature], records) == set()
    # botocore's, while it fetches: the answer of STS as it came. Stated in docs/security.md.
    assert loggers_of([keys.secret_key, keys.token], records) == {"botocore.parsers"}


def test_the_remedy_on_the_security_page(recipe, sts, records):
    level = logging.getLogger("botocore.parsers").level
    try:
        documents.run("docs/security.md", "What others log")
        token = recipe("Role, from another profile")["token"]
    finally:
        logging.getLogger("botocore.parsers").setLevel(level)
    keys = sts.of(sigv4.claims(token).access_key).keys
    assert loggers_of([keys.secret_key, keys.token], records) == set()
    assert records


@pytest.mark.parametrize("source", ["container", "instance"])
def test_a_role_by_container_or_instance_metadata(source, request, records, monkeypatch):
    issuer = request.getfixturevalue(source)
    monkeypatch.setenv("AWS_REGION", "us-east-1")

    token = get_token()
    claims = sigv4.claims(token)
    keys = issuer.of(claims.access_key).keys
    secrets = [str(token), claims.signature, keys.secret_key, keys.token]
    assert loggers_of(secrets, records) == set()
    assert records
