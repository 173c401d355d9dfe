"""The main job: tokens from credentials and a region, however these are given."""

from __future__ import annotations

import base64
import enum
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl

import pytest
import time_machine
from botocore.credentials import Credentials, EnvProvider, ReadOnlyCredentials
from botocore.session import Session

import sigv4
from bedrock_token_generator import get_token, get_token_provider
from examples import KEYS, NOW, REFERENCE


def provided_token(**arguments):
    return get_token_provider(**arguments)()


@pytest.fixture(params=[get_token, provided_token], ids=["get_token", "get_token_provider"])
def make(request):
    return request.param


def _static(case, monkeypatch, config):
    return {"credentials": Credentials(*_keys(case))}


def _frozen(case, monkeypatch, config):
    return {"credentials": Credentials(*_keys(case)).get_frozen_credentials()}


def _environment(case, monkeypatch, config):
    for name, value in zip(
        ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        _keys(case),
        strict=True,
    ):
        monkeypatch.setenv(name, value or "")
    return {}


def _profile(case, monkeypatch, config):
    access_key, secret_key, token = _keys(case)
    lines = f"aws_access_key_id = {access_key}\naws_secret_access_key = {secret_key}\n"
    lines += f"aws_session_token = {token}\n" if token else ""
    lines += f"region = {case['region']}\n"
    config(f"[profile reference]\n{lines}")
    return {"profile": "reference"}


def _callable(case, monkeypatch, config):
    _environment(case, monkeypatch, config)
    return {"credentials": EnvProvider().load}


def _keys(case):
    return case["access_key"], case["secret_key"], case["session_token"]


@pytest.mark.parametrize("region", ["explicit", "resolved"])
@pytest.mark.parametrize("source", [_static, _frozen, _environment, _profile, _callable])
@pytest.mark.parametrize("case", REFERENCE, ids=range(len(REFERENCE)))
def test_equals_the_tokens_of_awss_own_generators(case, source, region, make, monkeypatch, config):
    arguments = source(case, monkeypatch, config)
    if region == "explicit":
        arguments["region"] = case["region"]
    elif source is not _profile:
        monkeypatch.setenv("AWS_REGION", case["region"])
    if case["expires_in_seconds"] is not None:
        arguments["expires_in_seconds"] = case["expires_in_seconds"]
    at = datetime.fromisoformat(case["at"].replace("Z", "+00:00"))

    with time_machine.travel(at, tick=False):
        token = make(**arguments)

    assert str(token) == case["python_token"]
    assert _parameters(token) == _parameters(case["js_token"])
    claims = sigv4.verify(token, sigv4.Keys(*_keys(case)), region=case["region"], now=at)
    assert token.expires_at == claims.end == at + timedelta(seconds=claims.expires)


def _parameters(token):
    url = base64.b64decode(token.removeprefix("bedrock-api-key-")).decode()
    host, _, query = url.partition("?")
    return host, sorted(parse_qsl(query, strict_parsing=True))


def test_credentials_of_a_boto_session(make, environment):
    token = make(credentials=Session().get_credentials())
    sigv4.verify(token, KEYS, region="us-east-1", now=datetime.now(timezone.utc))


def test_a_callable_may_return_read_only_credentials(make):
    token = make(
        credentials=lambda: ReadOnlyCredentials("AKID", "secret", None), region="eu-west-1"
    )
    keys = sigv4.Keys("AKID", "secret")
    sigv4.verify(token, keys, region="eu-west-1", now=datetime.now(timezone.utc))


class ReadOnlyCredentialsOfOld(ReadOnlyCredentials):
    """With three fields, as in the oldest botocore."""

    @property
    def account_id(self):
        raise AttributeError


class CredentialsOfOld(Credentials):
    account_id = ReadOnlyCredentialsOfOld.account_id

    def __init__(self, access_key, secret_key, token):
        self.access_key, self.secret_key, self.token = access_key, secret_key, token
        self.method = "explicit"

    def get_frozen_credentials(self):
        return ReadOnlyCredentialsOfOld(self.access_key, self.secret_key, self.token)


@pytest.mark.parametrize("kind", [ReadOnlyCredentialsOfOld, CredentialsOfOld])
def test_three_fields_are_enough(make, kind):
    token = make(credentials=kind(*vars(KEYS).values()), region="us-east-1")
    sigv4.verify(token, KEYS, region="us-east-1", now=datetime.now(timezone.utc))


def test_an_empty_session_token_counts_as_absent(make):
    token = make(credentials=Credentials("AKID", "secret", ""), region="us-east-1")
    assert "X-Amz-Security-Token" not in sigv4.decode(token)
    keys = sigv4.Keys("AKID", "secret")
    sigv4.verify(token, keys, region="us-east-1", now=datetime.now(timezone.utc))


def test_lives_12_hours_unless_asked_otherwise(make, credentials, clock):
    token = make(credentials=credentials, region="us-east-1")
    assert token.expires_at == NOW + timedelta(hours=12)


@pytest.mark.parametrize("seconds", [1, 3600, 43200])
def test_lives_exactly_as_asked_when_the_credentials_have_no_known_end(
    make, credentials, clock, seconds
):
    token = make(credentials=credentials, region="us-east-1", expires_in_seconds=seconds)
    assert sigv4.claims(token).expires == seconds
    assert token.expires_at == NOW + timedelta(seconds=seconds)


def test_an_int_enum_is_an_int(make, credentials):
    class Life(int, enum.Enum):
        HOUR = 3600

    token = make(credentials=credentials, region="us-east-1", expires_in_seconds=Life.HOUR)
    assert "&X-Amz-Expires=3600&" in sigv4.decode(token)


@pytest.mark.parametrize(
    ("asked", "life", "lives"),
    [
        (43200, 3600, 3600),
        (600, 3600, 600),
        (3600, 3600, 3600),
        (43200, 3600.9, 3600),
        (43200, 900, 900),
    ],
)
def test_ends_with_the_credentials(make, role, clock, asked, life, lives):
    credentials = role(timedelta(seconds=life))
    token = make(credentials=credentials, region="us-east-1", expires_in_seconds=asked)
    keys = sigv4.Keys(*credentials.get_frozen_credentials()[:3])
    claims = sigv4.verify(token, keys, region="us-east-1", now=NOW)
    assert claims.expires == lives
    assert token.expires_at == claims.end == NOW + timedelta(seconds=lives)


def test_ends_with_the_credentials_to_the_second_at_any_part_of_a_second(make, role, clock):
    credentials = role(timedelta(hours=1))
    clock.shift(0.75)
    token = make(credentials=credentials, region="us-east-1")
    assert token.expires_at == NOW + timedelta(hours=1)
    assert sigv4.claims(token).date == NOW


def test_environment_credentials_with_an_end(make, environment, monkeypatch, clock):
    end = NOW + timedelta(minutes=40)
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", end.isoformat())
    assert make().expires_at == end


ZONE = """
import time, datetime
from bedrock_token_generator import get_token
before = int(time.time())
token = get_token(expires_in_seconds=3600)
print(token, before, token.expires_at.isoformat(), token.expires_at.tzinfo, time.timezone)
"""


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="TZ sets the time zone on POSIX only")
@pytest.mark.parametrize("zone", ["XXX+11", "UTC", "XXX-13"])
def test_a_token_is_dated_in_utc_wherever_it_is_made(zone, environment, monkeypatch):
    monkeypatch.setenv("TZ", zone)
    run = subprocess.run([sys.executable, "-c", ZONE], capture_output=True, text=True, check=True)
    token, before, end, tzinfo, offset = run.stdout.split()
    now = datetime.fromtimestamp(int(before), timezone.utc)
    claims = sigv4.claims(token)
    assert timedelta(0) <= claims.date - now < timedelta(seconds=60)
    sigv4.verify(token, KEYS, region="us-east-1", now=claims.date)
    assert end == (claims.date + timedelta(hours=1)).isoformat()
    assert end.endswith("+00:00")
    assert tzinfo == "UTC"
    assert int(offset) == {"XXX+11": 39600, "UTC": 0, "XXX-13": -46800}[zone]


def test_region_is_part_of_the_signature(make, credentials, clock):
    east = make(credentials=credentials, region="us-east-1")
    west = make(credentials=credentials, region="us-west-2")
    assert sigv4.claims(east).signature != sigv4.claims(west).signature
