"""With every logger at DEBUG, making tokens logs no secret."""

from __future__ import annotations

import asyncio
import base64
import inspect
import logging
from datetime import timedelta
from functools import partial

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import EnvProvider, RefreshableCredentials

import sigv4
from bedrock_token_generator import aio, get_token, get_token_provider
from examples import KEYS, NOW


def call(provider):
    """Call a provider of either kind."""
    token = provider()
    return asyncio.run(token) if inspect.iscoroutine(token) else token


def twice(make, **given):
    """A token, when it is made and when it serves again."""
    provider = make(**given)
    call(provider)
    return call(provider)


@pytest.mark.parametrize("source", ["given", "environment", "profile", "callable"])
@pytest.mark.parametrize(
    "make",
    [
        get_token,
        partial(twice, get_token_provider),
        lambda **given: asyncio.run(aio.get_token(**given)),
        partial(twice, aio.get_token_provider),
    ],
    ids=["get_token", "get_token_provider", "aio.get_token", "aio.get_token_provider"],
)
def test_no_record_carries_a_secret(
    make, source, credentials, config, monkeypatch, request, log_records
):
    arguments = {"region": "us-east-1"}
    if source == "given":
        arguments["credentials"] = credentials
    elif source == "profile":
        config(
            f"[profile p]\naws_access_key_id={KEYS.access_key}\n"
            f"aws_secret_access_key={KEYS.secret_key}\naws_session_token={KEYS.token}\n"
        )
        arguments["profile"] = "p"
    else:
        request.getfixturevalue("environment")
        if source == "callable":
            arguments["credentials"] = EnvProvider().load
    token = make(**arguments)
    assert sigv4.claims(token).access_key == KEYS.access_key
    nothing_secret(token, log_records)


def nothing_secret(token, log_records):
    log = "\n".join(log_records)
    for secret in (KEYS.secret_key, KEYS.token, sigv4.claims(token).signature, str(token)):
        # As it is, as a canonical request has it, and as a token has it.
        for shown in (secret, sigv4.uri_encode(secret), base64.b64encode(secret.encode()).decode()):
            assert shown not in log
    assert "X-Amz-Signature" not in log
    assert token.removeprefix("bedrock-api-key-")[:99] not in log
    logging.getLogger("anything").debug("The handler hears.")
    assert "The handler hears." in log_records


@pytest.mark.parametrize(
    "make", [get_token_provider, aio.get_token_provider], ids=["synchronous", "awaited"]
)
def test_no_record_carries_the_token_that_serves_where_a_renewal_fails(make, clock, log_records):
    def refresh():
        raise ConnectionError

    keys, end = (KEYS.access_key, KEYS.secret_key, KEYS.token), NOW + timedelta(minutes=30)
    credentials = RefreshableCredentials(*keys, end, refresh, "test")
    provider = make(credentials=credentials, region="us-east-1")
    token = call(provider)
    clock.shift(timedelta(minutes=21))
    assert call(provider) is token
    nothing_secret(token, log_records)


def test_botocores_signer_by_itself_would_log_the_signature(credentials, log_records):
    """Why the library does not call ``add_auth``; shows that the test above can fail."""
    request = AWSRequest("POST", url="https://bedrock.amazonaws.com/", headers={})
    SigV4QueryAuth(credentials, "bedrock", "us-east-1").add_auth(request)
    signature = request.url.rpartition("X-Amz-Signature=")[2]
    assert signature in "\n".join(log_records)
    assert sigv4.uri_encode(KEYS.token) in "\n".join(log_records)
