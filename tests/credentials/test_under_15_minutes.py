"""How often the source is asked while its credentials never have 15 minutes to live.

botocore then asks at each reading. A provider reads once a minute, and get_token() once.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

import sigv4
from bedrock_token_generator import get_token, get_token_provider
from examples import KEYS, NOW


@pytest.fixture
def container_of(container):
    def make(seconds):
        container.life = timedelta(seconds=seconds)
        return SimpleNamespace(requests=lambda: container.requests)

    return make


@pytest.fixture
def role_of(sts, config):
    """STS has no sessions of less than 900 s."""

    def make(seconds):
        assert seconds == 900
        config("""\
            [default]
            role_arn = arn:aws:iam::123456789012:role/bedrock
            source_profile = base
            duration_seconds = 900
            [profile base]
            aws_access_key_id = AKIAIOSFODNN7EXAMPLE
            aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
            """)
        return SimpleNamespace(requests=lambda: len(sts.requests))

    return make


@pytest.fixture
def process_of(clock, config, isolated):
    """It hands out keys with that much to live, each time the same."""

    def make(seconds):
        counter, script = isolated / "runs", isolated / "process.py"
        counter.touch()
        answer = {
            "Version": 1,
            "AccessKeyId": KEYS.access_key,
            "SecretAccessKey": KEYS.secret_key,
            "SessionToken": KEYS.token,
            "Expiration": (NOW + timedelta(seconds=seconds)).isoformat(),
        }
        script.write_text(f"open({str(counter)!r}, 'a').write('.')\nprint({json.dumps(answer)!r})")
        config(f"[default]\ncredential_process = {sys.executable} {script}\n")
        return SimpleNamespace(requests=lambda: len(counter.read_text()))

    return make


@pytest.fixture
def variables_of(clock, environment, monkeypatch):
    """The source is the environment: what is counted is how often the end is read there."""

    def make(seconds):
        end = (NOW + timedelta(seconds=seconds)).isoformat()
        monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", end)
        reads = []

        class Environ(type(os.environ)):
            def get(self, key, default=None):
                if key == "AWS_CREDENTIAL_EXPIRATION":
                    reads.append(key)
                return super().get(key, default)

        monkeypatch.setattr(os.environ, "__class__", Environ)
        return SimpleNamespace(requests=lambda: len(reads))

    return make


# The seconds to live, and what botocore alone asks for the first keys.
SOURCES = [
    ("container_of", 899, 2),
    ("container_of", 540, 2),
    ("container_of", 120, 2),
    ("role_of", 900, 1),
    ("process_of", 720, 2),
    ("variables_of", 720, 2),
]


@pytest.mark.parametrize(("source", "seconds", "first"), SOURCES)
def test_the_first_token_costs_what_botocore_does_and_then_once_a_minute(
    source, seconds, first, request, clock, monkeypatch
):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    asked = request.getfixturevalue(source)(seconds)
    provider = get_token_provider()
    tokens = [provider() for _ in range(50)]
    assert len(set(tokens)) == 1
    assert asked.requests() == first
    # In steps of a second: once a minute, for as long as keys that stay the same have a minute.
    minutes = 10 if source in ("container_of", "role_of") else seconds // 60 - 2
    for second in range(1, minutes * 60 + 1):
        clock.move_to(NOW + timedelta(seconds=second))
        token = provider()
        assert sigv4.claims(token).end > datetime.now(timezone.utc) + timedelta(seconds=59)
    assert asked.requests() <= first + minutes
    # With a life of 900 s, botocore lets the first minute pass without asking.
    assert asked.requests() >= first + minutes - 1


@pytest.mark.parametrize(("source", "seconds", "first"), SOURCES)
def test_get_token_costs_what_botocore_does(source, seconds, first, request, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    asked = request.getfixturevalue(source)(seconds)
    for number in range(1, 4):
        get_token()
        assert asked.requests() == first * number
