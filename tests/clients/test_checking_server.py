"""The server that stands for Bedrock: what it refuses, and how. Needs no client."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import time_machine
from botocore.credentials import Credentials

from bedrock import Bedrock
from bedrock_token_generator import get_token
from examples import KEYS

CREDENTIALS = Credentials(KEYS.access_key, KEYS.secret_key, KEYS.token)


def ask(server: Bedrock, authorization: str | None, path: str = "/v1/chat/completions") -> int:
    request = Request(server.url + path, json.dumps({"model": "m"}).encode())
    if authorization is not None:
        request.add_header("Authorization", authorization)
    with urlopen(request, timeout=10) as answer:
        return answer.status


def test_takes_a_token_that_verifies() -> None:
    token = get_token(credentials=CREDENTIALS, region="us-east-1")
    with Bedrock(KEYS, region="us-east-1") as server:
        assert ask(server, f"Bearer {token}") == 200
        [request] = server.requests
    assert request.path == "/v1/chat/completions"
    assert request.token == token
    assert request.claims is not None
    assert request.claims.end == token.expires_at
    assert request.body == {"model": "m"}


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (lambda: get_token(credentials=CREDENTIALS, region="us-east-2"), "X-Amz-Credential"),
        (
            lambda: get_token(
                credentials=Credentials(KEYS.access_key, "another", KEYS.token), region="us-east-1"
            ),
            "X-Amz-Signature",
        ),
        (
            lambda: get_token(
                credentials=Credentials(KEYS.access_key, KEYS.secret_key), region="us-east-1"
            ),
            "X-Amz-Security-Token",
        ),
        (
            lambda: get_token(
                credentials=Credentials("AKIAOTHER", KEYS.secret_key), region="us-east-1"
            ),
            "access key",
        ),
        (lambda: "sk-not-a-bedrock-key", "prefix"),
        (lambda: "", "prefix"),
    ],
    ids=["region", "secret key", "session token", "access key", "not a token", "empty"],
)
def test_refuses_as_aws_does(token: Callable[[], str], reason: str) -> None:
    with Bedrock(KEYS, region="us-east-1") as server:
        with pytest.raises(HTTPError) as caught:
            ask(server, f"Bearer {token()}")
        with caught.value as answer:
            assert answer.status == 403
            assert answer.headers["x-amzn-ErrorType"] == "AccessDeniedException"
            assert reason in json.load(answer)["Message"]
        assert server.requests[0].claims is None


@pytest.mark.parametrize("authorization", [None, "{}", "Basic {}", "AWS4-HMAC-SHA256 {}"])
def test_refuses_what_is_no_bearer(authorization: str | None) -> None:
    token = get_token(credentials=CREDENTIALS, region="us-east-1")
    with (
        Bedrock(KEYS, region="us-east-1") as server,
        pytest.raises(HTTPError, match="403") as caught,
    ):
        ask(server, authorization and authorization.format(token))
    caught.value.close()


def test_refuses_a_token_after_its_end(clock: time_machine.Traveller) -> None:
    token = get_token(credentials=CREDENTIALS, region="us-east-1", expires_in_seconds=60)
    with Bedrock(KEYS, region="us-east-1") as server:
        clock.shift(timedelta(seconds=59))
        assert ask(server, f"Bearer {token}") == 200
        clock.shift(timedelta(seconds=1))
        with pytest.raises(HTTPError, match="403") as caught:
            ask(server, f"Bearer {token}")
        caught.value.close()


def test_knows_no_other_api() -> None:
    token = get_token(credentials=CREDENTIALS, region="us-east-1")
    with (
        Bedrock(KEYS, region="us-east-1") as server,
        pytest.raises(HTTPError, match="404") as caught,
    ):
        ask(server, f"Bearer {token}", "/v2/chat")
    caught.value.close()
