"""``Token``: a ``str`` wherever a str is wanted, with an end, and without a telling repr."""

from __future__ import annotations

import copy
import json
import os
import pickle
import pprint
from datetime import datetime, timedelta, timezone

import pytest

import sigv4
from bedrock_token_generator import Token, get_token
from examples import KEYS, NOW


@pytest.fixture
def token(credentials, clock):
    return get_token(credentials=credentials, region="us-east-1", expires_in_seconds=3600)


def test_is_a_str(token, monkeypatch):
    assert isinstance(token, str)
    assert token.startswith("bedrock-api-key-")
    assert f"Bearer {token}" == "Bearer " + str(token)
    assert json.loads(json.dumps({"key": token})) == {"key": str(token)}
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", token)
    assert os.environ["AWS_BEARER_TOKEN_BEDROCK"] == token
    assert {token: 1}[str(token)] == 1


def test_str_gives_the_plain_key(token, capsys):
    assert type(str(token)) is str
    print(token)
    assert capsys.readouterr().out == str(token) + "\n"
    sigv4.verify(str(token), KEYS, region="us-east-1", now=NOW)


def test_knows_its_end(token):
    assert token.expires_at == NOW + timedelta(hours=1)
    assert token.expires_at.utcoffset() == timedelta(0)
    assert token.expires_at == sigv4.claims(token).end


def test_knows_its_region(token):
    assert token.region == sigv4.claims(token).region == "us-east-1"
    assert type(token.region) is str


def test_end_and_region_cannot_be_set(token):
    with pytest.raises(AttributeError):
        token.expires_at = datetime.now(timezone.utc)
    with pytest.raises(AttributeError):
        token.region = "us-west-2"
    with pytest.raises(AttributeError):
        token.other = 1


def test_repr_shows_the_end_and_no_secret(token):
    assert repr(token) == "<Token expires_at=2026-11-24T13:00:00+00:00 region='us-east-1'>"
    for shown in (ascii(token), f"{token!r}", f"{[token]}", f"{(token,)}", f"{ {'k': token} }"):
        assert "bedrock-api-key" not in shown
    assert "bedrock-api-key" not in pprint.pformat({"a": [token]})


def test_copies_are_equal(token):
    for other in (copy.copy(token), copy.deepcopy(token), copy.deepcopy([token])[0]):
        _same(other, token)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles(token, protocol):
    _same(pickle.loads(pickle.dumps(token, protocol)), token)


def _same(other, token):
    assert type(other) is Token
    assert other == token
    assert (other.expires_at, other.region) == (token.expires_at, token.region)
