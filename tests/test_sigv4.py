"""The tests' own verifier, checked against what AWS published before it checks anything."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta

import pytest

import sigv4
from examples import REFERENCE


def test_signs_as_in_the_example_that_aws_published():
    # https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
    assert (
        sigv4.signature(
            method="GET",
            host="examplebucket.s3.amazonaws.com",
            path="/test.txt",
            query={
                "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
                "X-Amz-Credential": "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request",
                "X-Amz-Date": "20130524T000000Z",
                "X-Amz-Expires": "86400",
                "X-Amz-SignedHeaders": "host",
            },
            payload=sigv4.UNSIGNED_PAYLOAD,
            secret_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        )
        == "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )


@pytest.mark.parametrize("made_by", ["js_token", "python_token"])
@pytest.mark.parametrize("case", REFERENCE, ids=range(len(REFERENCE)))
def test_takes_the_tokens_of_awss_own_generators(case, made_by):
    at = datetime.fromisoformat(case["at"].replace("Z", "+00:00"))
    keys = sigv4.Keys(case["access_key"], case["secret_key"], case["session_token"])
    claims = sigv4.verify(case[made_by], keys, region=case["region"], now=at)
    assert claims.date == at
    assert claims.expires == (case["expires_in_seconds"] or 43200)


CASE = REFERENCE[1]
AT = datetime.fromisoformat(CASE["at"].replace("Z", "+00:00"))
KEYS = sigv4.Keys(CASE["access_key"], CASE["secret_key"], CASE["session_token"])


def _encode(url: str) -> str:
    return "bedrock-api-key-" + base64.b64encode(url.encode()).decode()


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("bedrock.amazonaws.com", "example.com", "host"),
        ("CallWithBearerToken", "InvokeModel", "Action"),
        ("HMAC-SHA256", "HMAC-SHA1", "X-Amz-Algorithm"),
        ("%2Fus-west-2%2F", "%2Fus-east-1%2F", "X-Amz-Credential"),
        ("%2Fbedrock%2F", "%2Fs3%2F", "X-Amz-Credential"),
        ("%2F20261231%2F", "%2F20270101%2F", "X-Amz-Credential"),
        ("T235959Z", "T235958Z", "X-Amz-Signature"),
        ("T235959Z", "T235999Z", "X-Amz-Date"),
        ("Expires=43200", "Expires=43199", "X-Amz-Signature"),
        ("Expires=43200", "Expires=43201", "X-Amz-Expires"),
        ("Expires=43200", "Expires=043200", "X-Amz-Expires"),
        ("Expires=43200", "Expires=0", "X-Amz-Expires"),
        ("SignedHeaders=host", "SignedHeaders=host%3Bdate", "X-Amz-SignedHeaders"),
        ("Security-Token=hkAS", "Security-Token=HKAS", "X-Amz-Security-Token"),
        ("Signature=09c", "Signature=19c", "X-Amz-Signature"),
        ("Version=1", "Version=2", "Version"),
        ("&Version=1", "", "parameters"),
        ("&Version=1", "&Version=1&Version=1", "Version"),
        ("&Version=1", "&Version=1&Extra=1", "parameters"),
        ("%2Fus-west-2", "/us-west-2", "X-Amz-Credential"),
    ],
)
def test_rejects(old, new, why):
    url = sigv4.decode(CASE["python_token"])
    assert old in url
    with pytest.raises(sigv4.RejectedError, match=f"^{why}$"):
        sigv4.verify(_encode(url.replace(old, new)), KEYS, region="us-west-2", now=AT)


def test_rejects_a_wrong_secret_key():
    keys = sigv4.Keys(KEYS.access_key, KEYS.secret_key + "x", KEYS.token)
    with pytest.raises(sigv4.RejectedError, match="X-Amz-Signature"):
        sigv4.verify(CASE["python_token"], keys, region="us-west-2", now=AT)


@pytest.mark.parametrize("seconds", [-1, 43200])
def test_rejects_a_token_outside_its_time(seconds):
    now = AT + timedelta(seconds=seconds)
    with pytest.raises(sigv4.RejectedError, match="time"):
        sigv4.verify(CASE["python_token"], KEYS, region="us-west-2", now=now)


@pytest.mark.parametrize("junk", ["", "bedrock-api-key-", "bedrock-api-key-*", "AKIA"])
def test_rejects_what_is_no_token(junk):
    with pytest.raises(sigv4.RejectedError):
        sigv4.verify(junk, KEYS, region="us-west-2", now=AT)
