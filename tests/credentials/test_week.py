"""A provider through a simulated week on credentials that end, asked once a minute."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

import sigv4
from bedrock_token_generator import get_token_provider
from examples import NOW

MINUTE = timedelta(minutes=1)
MINUTES = 7 * 24 * 60


@pytest.fixture
def ask_for_a_week(clock, monkeypatch):
    """Return a function that checks every token, and returns the access keys that signed them."""

    def ask(server) -> list[str]:
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        provider = get_token_provider()
        signers = []
        for minute in range(MINUTES):
            clock.move_to(NOW + minute * MINUTE)
            token = provider()
            now = datetime.now(timezone.utc)
            issued = server.of(sigv4.claims(token).access_key)
            claims = sigv4.verify(token, issued.keys, region="us-east-1", now=now)
            assert claims.date == now
            assert now < token.expires_at == claims.end == min(issued.end, now + 12 * 60 * MINUTE)
            signers.append(claims.access_key)
        return signers

    return ask


# botocore asks again once less than 15 minutes are left: at minute 46 of 60. 10080 / 46 = 219.1.
ON_THE_HOUR = 220


def test_on_container_credentials(container, ask_for_a_week):
    signers = ask_for_a_week(container)
    assert container.requests == len(container.issued) == ON_THE_HOUR
    assert signers == [container.issued[minute // 46].keys.access_key for minute in range(MINUTES)]


def test_on_an_assumed_role(sts, config, ask_for_a_week):
    config("""\
        [default]
        role_arn = arn:aws:iam::123456789012:role/bedrock
        source_profile = base
        [profile base]
        aws_access_key_id = AKIAIOSFODNN7EXAMPLE
        aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
        """)
    signers = ask_for_a_week(sts)
    assert len(sts.requests) == len(set(signers)) == ON_THE_HOUR


def test_on_an_instance(instance, ask_for_a_week):
    """Credentials live six hours there; here new ones come an hour before: 10080 / 346 = 29.1."""
    instance.life, instance.rotates_at = timedelta(hours=6), timedelta(hours=1)
    signers = ask_for_a_week(instance)
    assert instance.requests == len(set(signers)) == 30
