"""What misuse gets: the exception's type, and a message that says what to do."""

from __future__ import annotations

import pickle

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import (
    BotoCoreError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)

import sigv4
from bedrock_token_generator import get_token, get_token_provider
from examples import KEYS


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
    assert str(caught.value) == (
        "No AWS credentials found: botocore's default chain with the profile 'default' gave none. "
        "Pass credentials=botocore.credentials.Credentials(access_key, secret_key, token), set the "
        "environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in to a profile "
        "and name it by profile=... or AWS_PROFILE."
    )


def test_no_credentials_in_the_profile(make, environment, config):
    config("[profile empty]")
    with pytest.raises(NoCredentialsError) as caught:
        make(profile="empty")
    assert str(caught.value) == (
        "No AWS credentials found: botocore's default chain with the profile 'empty' gave none. "
        "Add keys, a role or a login to that profile, or leave out profile=..., with which keys in "
        "environment variables do not count."
    )


def test_an_error_of_the_callable_comes_through(make):
    def fail():
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        make(credentials=fail, region="us-east-1")


def test_partial_credentials_in_the_environment(make, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.access_key)
    with pytest.raises(PartialCredentialsError) as caught:
        make(region="us-east-1")
    assert str(caught.value) == (
        "Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY. Set it where the rest "
        "is set: keys are an access key and a secret key, and a role needs a source of keys."
    )
    assert caught.value.__suppress_context__  # botocore's own message, which says less.


def test_asynchronous_credentials(make):
    class Asynchronous(Credentials):
        def get_frozen_credentials(self):
            return object()

    with pytest.raises(TypeError, match=r"must return botocore Credentials or .*, not object\."):
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
    with pytest.raises(ProfileNotFound) as caught:
        make(**arguments)
    assert str(caught.value) == (
        "The config profile (nope) could not be found. Correct profile=... or the environment "
        "variable AWS_PROFILE (unset it if it is empty), or add it as [profile NAME] to "
        "~/.aws/config or as [NAME] to ~/.aws/credentials (or to the files that AWS_CONFIG_FILE "
        "and AWS_SHARED_CREDENTIALS_FILE name)."
    )
    assert caught.value.__suppress_context__


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
