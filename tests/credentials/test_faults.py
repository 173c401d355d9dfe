"""What a provider does when the server of its credentials fails, and that it recovers by itself."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import pytest
from botocore.utils import ContainerMetadataFetcher, InstanceMetadataFetcher

import documents
import sigv4
from bedrock_token_generator import get_token_provider
from examples import NOW
from issuer import FAULTS

# When the fault is there: before the first token, or so many minutes after it; and the column of
# its outcome. botocore takes the last 15 minutes of credentials as advice to ask for others, the
# last 10 as an order. The last token serves until it has a minute to live.
WHEN = {
    "before the first token": (None, 0),
    "15 to 10 minutes before the end": (47, 1),
    "10 minutes to a minute before the end": (52, 1),
    "just before the last minute": (58.9, 1),
    "the last minute": (59.1, 2),
    "after the end": (61, 2),
}
# The outcome before the first token, while the last has more than a minute to live, and later.
# docs/credentials.md has the same tables.
FAILING = ("CredentialRetrievalError", "old credentials", "CredentialRetrievalError")
CREDENTIALS_OF_A_CONTAINER = dict.fromkeys(FAULTS, FAILING)

MISSING = ("NoCredentialsError", "old credentials", "CredentialRetrievalError")
CREDENTIALS_OF_AN_INSTANCE = {
    "answers 500": MISSING,
    "hangs": MISSING,
    "answers no JSON": MISSING,
    "answers JSON without keys": MISSING,
    "hands out ended credentials": ("ended credentials",) * 3,
    "is gone": MISSING,
}
OUTCOMES = {"container": CREDENTIALS_OF_A_CONTAINER, "instance": CREDENTIALS_OF_AN_INSTANCE}

# https://github.com/boto/botocore/pull/2664
BELIEVES_INSTANCES = hasattr(InstanceMetadataFetcher, "_evaluate_expiration")


def outcome_of(provider, issuer) -> str:
    try:
        token = provider()
    except Exception as error:
        return type(error).__name__
    now = datetime.now(timezone.utc)
    issued = issuer.of(sigv4.claims(token).access_key)
    claims = sigv4.verify(token, issued.keys, region="us-east-1", now=now)
    if issued.end <= now:
        # botocore makes up an end: 15 minutes of its own, and 2 to 10 at random.
        assert timedelta(minutes=17) <= claims.end - now <= timedelta(minutes=25)
        return "ended credentials"
    assert claims.end == issued.end
    # Those of the first token, at NOW, live an hour.
    return "old credentials" if issued.end == NOW + timedelta(hours=1) else "new credentials"


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("source", OUTCOMES)
def test_outcome_and_recovery(source, fault, when, request, clock, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    issuer = request.getfixturevalue(source)
    if fault == "hangs":
        # For each of three attempts: one may be too slow for a busy machine, and nothing changes.
        monkeypatch.setattr(ContainerMetadataFetcher, "TIMEOUT_SECONDS", 0.5)
        monkeypatch.delenv("AWS_METADATA_SERVICE_TIMEOUT", raising=False)
    provider = get_token_provider()
    minutes, column = WHEN[when]
    if minutes is not None:
        provider()
        clock.shift(minutes * 60)
    else:
        clock.shift(1)  # So that credentials handed out hereafter are new ones.
    expected = OUTCOMES[source][fault][column]
    if expected == "ended credentials" and not BELIEVES_INSTANCES:
        expected = FAILING[column]

    issuer.fault = fault
    assert outcome_of(provider, issuer) == expected
    issuer.fault = None
    if expected == "ended credentials":
        clock.shift(10 * 60 + 1)  # Until 15 minutes are left of the end that botocore made up.
    elif expected == "old credentials":
        clock.shift(59.9)
        assert outcome_of(provider, issuer) == "old credentials"
        clock.shift(0.2)
    assert outcome_of(provider, issuer) == "new credentials"


@pytest.mark.skipif(not BELIEVES_INSTANCES, reason="this botocore believes what it is told")
def test_credentials_of_an_instance_pass_for_longer_near_their_end(instance, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    instance.life = timedelta(minutes=16)
    token = get_token_provider()()
    assert instance.issued[0].end == NOW + timedelta(minutes=16)
    assert NOW + timedelta(minutes=17) <= token.expires_at <= NOW + timedelta(minutes=25)


@pytest.mark.parametrize(
    ("heading", "outcomes"),
    [
        ("On ECS and EKS", CREDENTIALS_OF_A_CONTAINER),
        ("On EC2", CREDENTIALS_OF_AN_INSTANCE),
    ],
)
def test_the_page_has_the_same_tables(heading, outcomes):
    page = (documents.ROOT / "docs" / "credentials.md").read_text(encoding="utf-8")
    _, _, section = page.partition(f"\n### {heading}\n")
    rows = re.findall(r"^\| (.+) \|$", section.partition("\n#")[0], flags=re.M)
    _head, _line, *cells = [row.replace("`", "").split(" | ") for row in rows]
    assert {fault: tuple(outcome) for fault, *outcome in cells} == outcomes
