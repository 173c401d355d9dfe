"""What misuse gets: the exception's type, and a message that says what to do."""

from __future__ import annotations

import pickle
import re
from datetime import timedelta

import pytest
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import (
    BotoCoreError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.session import Session

import sigv4
from bedrock_token_generator import get_token, get_token_provider
from examples import KEYS

AT_ONCE = [
    # argument, value, exception, what the message says
    ("region", "us east", InvalidRegionError, "'us east' from the argument region.*us-east-1"),
    ("region", "us-east-1\n", InvalidRegionError, r"'us-east-1\\n' from the argument region"),
    ("region", "us-east-1/x", InvalidRegionError, "'us-east-1/x' from the argument region"),
    ("region", "-x", InvalidRegionError, "'-x' from the argument region"),
    ("region", "x-", InvalidRegionError, "'x-' from the argument region"),
    ("region", "1", InvalidRegionError, "'1' from the argument region.*not digits alone"),
    ("region", "１", InvalidRegionError, "'１' from the argument region.*ASCII"),
    ("region", "a" * 64, InvalidRegionError, "'a{64}' from the argument region.*1 to 63"),
    ("region", "\ud800", InvalidRegionError, r"'\\ud800' from the argument region"),
    ("region", 123, TypeError, r"region must be a str.*123 \(int\)"),
    ("region", b"us-east-1", TypeError, r"region must be a str.*b'us-east-1' \(bytes\)"),
    ("profile", 1, TypeError, r"profile must be a str.*1 \(int\)"),
    ("profile", object(), TypeError, "profile must be a str.*not object;"),
    ("expires_in_seconds", 0, ValueError, "expires_in_seconds.*from 1 to 43200.*not 0"),
    ("expires_in_seconds", -1, ValueError, "expires_in_seconds.*from 1 to 43200.*not -1"),
    ("expires_in_seconds", 43201, ValueError, "expires_in_seconds.*from 1 to 43200.*not 43201"),
    ("expires_in_seconds", 10**9999, ValueError, "expires_in_seconds.*more than 30 digits"),
    ("expires_in_seconds", 1.5, TypeError, r"expires_in_seconds must be an int.*1\.5 \(float\)"),
    ("expires_in_seconds", "3600", TypeError, "expires_in_seconds must be an int.*'3600'"),
    ("expires_in_seconds", True, TypeError, r"expires_in_seconds must be an int.*True \(bool\)"),
    ("expires_in_seconds", None, TypeError, "expires_in_seconds must be an int.*NoneType"),
    ("expires_in_seconds", timedelta(1), TypeError, "expires_in_seconds must be.*total_seconds"),
    ("credentials", {"a": 1}, TypeError, r"not dict.*botocore\.credentials\.Credentials\("),
    ("credentials", "AKIA", TypeError, r"not str.*botocore\.credentials\.Credentials\("),
    ("credentials", Session(), TypeError, r"not Session.*session\.get_credentials\(\)"),
    ("credentials", Credentials, TypeError, r"not Credentials.*Credentials\(access_key,"),
]


@pytest.mark.parametrize("make", [get_token, get_token_provider])
@pytest.mark.parametrize(
    ("argument", "value", "exception", "message"), AT_ONCE, ids=range(len(AT_ONCE))
)
def test_arguments_are_checked_at_once(make, argument, value, exception, message):
    with pytest.raises(exception) as caught:
        make(**{argument: value})
    assert re.search(message, str(caught.value), re.DOTALL)


@pytest.mark.parametrize("make", [get_token, get_token_provider])
def test_positional_and_unknown_arguments(make, credentials):
    with pytest.raises(TypeError, match="positional"):
        make(credentials)
    with pytest.raises(TypeError, match="expires_in"):
        make(expires_in=60)


@pytest.fixture(params=["get_token", "get_token_provider"])
def make(request):
    if request.param == "get_token":
        return get_token
    return lambda **arguments: get_token_provider(**arguments)()


def test_no_credentials_anywhere(make):
    with pytest.raises(NoCredentialsError) as caught:
        make(region="us-east-1")
    for word in ("default chain", "credentials=", "AWS_ACCESS_KEY_ID", "profile=", "AWS_PROFILE"):
        assert word in str(caught.value)


def test_a_callable_without_credentials(make):
    with pytest.raises(NoCredentialsError, match="callable passed as credentials gave none"):
        make(credentials=lambda: None, region="us-east-1")


@pytest.mark.parametrize("value", [{}, "AKIA", Credentials, lambda: None])
def test_a_callable_that_returns_something_else(make, value):
    with pytest.raises(TypeError, match="callable passed as credentials must return"):
        make(credentials=lambda: value, region="us-east-1")


def test_an_error_of_the_callable_comes_through(make):
    def fail():
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        make(credentials=fail, region="us-east-1")


@pytest.mark.parametrize("kind", [Credentials, ReadOnlyCredentials])
@pytest.mark.parametrize(
    ("access_key", "secret_key", "missing"),
    [
        (None, "secret", "access_key"),
        ("", "secret", "access_key"),
        ("AKID", None, "secret_key"),
        ("AKID", "", "secret_key"),
        (None, None, "access_key"),
    ],
)
def test_partial_credentials(make, kind, access_key, secret_key, missing):
    with pytest.raises(PartialCredentialsError, match=f"in credentials, missing: {missing}"):
        make(credentials=kind(access_key, secret_key, None), region="us-east-1")


def test_partial_credentials_in_the_environment(make, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.access_key)
    with pytest.raises(PartialCredentialsError, match=r"missing: AWS_SECRET_ACCESS_KEY.*set the"):
        make(region="us-east-1")


@pytest.mark.parametrize("kind", [Credentials, ReadOnlyCredentials])
@pytest.mark.parametrize("position", range(3))
@pytest.mark.parametrize(
    ("value", "exception"),
    [("key\n", ValueError), ("\udcff", ValueError), (b"key", TypeError), (1, TypeError)],
)
def test_keys_that_cannot_be_right(make, kind, position, value, exception):
    keys = ["AKID", "secret", "token"]
    keys[position] = value
    name = ("access_key", "secret_key", "token")[position]
    with pytest.raises(exception, match=f"{name} of credentials must be a str of printable"):
        make(credentials=kind(*keys), region="us-east-1")


def test_asynchronous_credentials(make):
    class Asynchronous(Credentials):
        def get_frozen_credentials(self):
            return object()

    with pytest.raises(TypeError, match=r"ReadOnlyCredentials, not object.*aiobotocore"):
        make(credentials=Asynchronous("AKID", "secret"), region="us-east-1")


@pytest.mark.parametrize("how", ["argument", "AWS_PROFILE"])
@pytest.mark.parametrize("missing", ["region", "credentials", "both"])
def test_unknown_profile(make, how, missing, credentials, monkeypatch):
    arguments = {"region": "us-east-1", "credentials": credentials}
    if how == "argument":
        arguments["profile"] = "nope"
    else:
        monkeypatch.setenv("AWS_PROFILE", "nope")
    for name in ("region", "credentials"):
        if missing in (name, "both"):
            del arguments[name]
    with pytest.raises(ProfileNotFound, match=r"\(nope\).*profile=.*AWS_PROFILE.*~/.aws/config"):
        make(**arguments)


def test_a_profile_that_is_not_needed_is_not_looked_up(make, credentials):
    token = make(credentials=credentials, region="us-east-1", profile="nope")
    assert sigv4.claims(token).region == "us-east-1"


def test_botocores_errors_can_be_pickled(monkeypatch):
    """multiprocessing and concurrent.futures send them from worker to caller."""
    errors = []
    for arguments in ({}, {"region": "x x"}, {"region": "us-east-1"}, {"profile": "nope"}):
        with pytest.raises(BotoCoreError) as caught:
            get_token(**arguments)
        errors.append(caught.value)
    assert [type(error).__mro__[1] for error in errors] == [
        NoRegionError,
        InvalidRegionError,
        NoCredentialsError,
        ProfileNotFound,
    ]
    for error in errors:
        other = pickle.loads(pickle.dumps(error))
        assert (type(other), str(other)) == (type(error), str(error))
