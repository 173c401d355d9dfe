"""The default chain, with the short way for keys in the environment: the outcome is botocore's."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from itertools import product

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError, CredentialRetrievalError
from botocore.session import Session

import sigv4
from bedrock_token_generator import aio, get_token, get_token_provider
from examples import KEYS, NOW

CONFIG = f"""\
    [default]
    aws_access_key_id = AKIADEFAULT
    aws_secret_access_key = {KEYS.secret_key}
    region = eu-west-1
    [profile other]
    aws_access_key_id = AKIAOTHER
    aws_secret_access_key = {KEYS.secret_key}
    region = eu-west-2
    [profile bare]
    output = json
    """
VARIABLES = {
    "keys": [
        {},
        {"AWS_ACCESS_KEY_ID": KEYS.access_key, "AWS_SECRET_ACCESS_KEY": KEYS.secret_key},
        {"AWS_ACCESS_KEY_ID": KEYS.access_key},
    ],
    "profile": [
        {},
        *({"AWS_PROFILE": name} for name in ("other", "bare", "missing", "")),
        *({"AWS_DEFAULT_PROFILE": "missing"} | also for also in ({}, {"AWS_PROFILE": "other"})),
    ],
}
PROFILES = [None, "other", "missing"]


def by_botocore(region, profile):
    """The region and access key that botocore finds, or the names of the errors that are due."""
    session, found, errors = Session(profile=profile or None), [], set()
    for find in (
        lambda: region or session.get_scoped_config().get("region") or "NoRegionError",
        lambda: getattr(session.get_credentials(), "access_key", "NoCredentialsError"),
    ):
        try:
            found.append(find())
        except BotoCoreError as error:
            found.append(type(error).__name__)
        errors |= {each for each in found if each.endswith(("Error", "NotFound"))}
    return errors or {tuple(found)}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("region", [None, "us-east-1"])
@pytest.mark.parametrize("files", [True, False])
@pytest.mark.parametrize("variables", list(product(*VARIABLES.values())))
def test_the_outcome_is_botocores(variables, files, region, profile, config, monkeypatch):
    if files:
        config(CONFIG)
    for name, value in {**variables[0], **variables[1]}.items():
        monkeypatch.setenv(name, value)
    if region:
        monkeypatch.setenv("AWS_REGION", region)
    for make in (get_token, get_token_provider):
        try:
            token = make(profile=profile)
            claims = sigv4.claims(token if make is get_token else token())
            found = claims.region, claims.access_key
        except BotoCoreError as error:
            found = type(error).__name__
        assert found in by_botocore(region, profile)


NO_SESSION = """
import sys
from bedrock_token_generator import {name}
token = {call}
assert token.startswith("bedrock-api-key-")
print({{"botocore.session", "botocore.client"}} & sys.modules.keys())
"""


@pytest.mark.parametrize(
    ("name", "call"),
    [("get_token", "get_token()"), ("get_token_provider", "get_token_provider()()")],
)
def test_keys_and_region_in_the_environment_need_no_session(environment, name, call):
    code = NO_SESSION.format(name=name, call=call)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"


def process(command):
    return f"[default]\ncredential_process = {command}\n"


def failing_process(config, isolated, printed):
    script = isolated / "process.py"
    script.write_text(f"print({printed!r})")
    config(process(f"{sys.executable} {script}"))


def prints_junk(config, isolated, monkeypatch):
    failing_process(config, isolated, "Welcome! " + KEYS.secret_key)


def prints_no_object(config, isolated, monkeypatch):
    failing_process(config, isolated, json.dumps([KEYS.secret_key]))


def prints_an_end_that_is_none(config, isolated, monkeypatch):
    keys = {"Version": 1, "AccessKeyId": KEYS.access_key, "SecretAccessKey": KEYS.secret_key}
    failing_process(config, isolated, json.dumps(keys | {"Expiration": "tomorrow"}))


def is_missing(config, isolated, monkeypatch):
    config(process(str(isolated / "no-such-command")))


def ended_in_the_environment(config, isolated, monkeypatch):
    variables(monkeypatch, (NOW - timedelta(minutes=1)).isoformat())


def has_no_offset_in_the_environment(config, isolated, monkeypatch):
    variables(monkeypatch, "2026-11-24T13:00:00")


def is_no_time_in_the_environment(config, isolated, monkeypatch):
    variables(monkeypatch, "in an hour")


def variables(monkeypatch, end):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS.secret_key)
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", end)


PROCESS = r"\. Run the profile's credential_process by hand, and see what it prints\."
ENVIRONMENT = (
    r"\. Get new keys, or set AWS_CREDENTIAL_EXPIRATION to their end as 2030-01-31T12:00:00Z\."
)
FAILING = [
    (prints_junk, "custom-process: JSONDecodeError: Expecting value.*" + PROCESS),
    (prints_no_object, "custom-process: AttributeError: 'list' object.*" + PROCESS),
    (prints_an_end_that_is_none, "custom-process: ParserError: Unknown string.*" + PROCESS),
    (is_missing, "custom-process: FileNotFoundError: .*no-such-command'" + PROCESS),
    (ended_in_the_environment, "env: RuntimeError: .* are still expired" + ENVIRONMENT),
    (has_no_offset_in_the_environment, "env: TypeError: can't subtract.*" + ENVIRONMENT),
    (is_no_time_in_the_environment, "env: ParserError: Unknown string.*" + ENVIRONMENT),
]


@pytest.mark.parametrize(
    ("source", "message"), FAILING, ids=lambda each: getattr(each, "__name__", "")
)
def test_errors_that_are_not_botocores_name_their_source(
    source, message, config, isolated, monkeypatch, clock
):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    source(config, isolated, monkeypatch)
    message = f"^Error when retrieving credentials from {message}$"
    for make in (get_token, get_token_provider()):
        with pytest.raises(CredentialRetrievalError, match=message) as caught:
            make()
        assert not isinstance(caught.value.__cause__, (BotoCoreError, ClientError, type(None)))
        assert KEYS.secret_key not in str(caught.value)


def test_a_setting_that_cannot_be_read(monkeypatch):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_METADATA_SERVICE_TIMEOUT", "soon")
    with pytest.raises(CredentialRetrievalError) as caught:
        get_token()
    assert re.fullmatch(
        r"Error when retrieving credentials from botocore's settings: ValueError: .*'soon'\. Mend "
        r"this source of credentials, or pass profile=\.\.\. or credentials=\.\.\. for another\.",
        str(caught.value),
    )


INTERRUPTED = """
import signal
from bedrock_token_generator import get_token, get_token_provider

signal.signal(signal.SIGINT, signal.default_int_handler)
for make in (get_token, get_token_provider()):
    try:
        make()
    except KeyboardInterrupt:
        print("interrupted")
"""


@pytest.mark.skipif(os.name == "nt", reason="POSIX's way to send Ctrl-C")
def test_an_interrupt_is_no_error_of_a_source(config, isolated, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    script = isolated / "process.py"
    script.write_text("import os, signal\nos.kill(os.getppid(), signal.SIGINT)\n")
    config(process(f"{sys.executable} {script}"))
    run = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("interrupted\n" * 2, "")


def test_a_shared_file_that_cannot_be_parsed(config, monkeypatch):
    config("[default\n")
    with pytest.raises(BotoCoreError, match="Unable to parse config file"):
        get_token()


def test_the_library_never_reads_a_bearer_token(environment, monkeypatch):
    token = get_token()
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-other")
    assert sigv4.claims(get_token()).access_key == sigv4.claims(token).access_key


def test_none_stands_for_each_default(environment, clock):
    arguments = dict.fromkeys(("credentials", "region", "profile", "expires_in_seconds"))
    token = get_token(**arguments)
    assert token == get_token() == get_token_provider(**arguments)()
    assert token.expires_at == NOW + timedelta(hours=12)
    assert "expires_in_seconds=43200" in repr(aio.get_token_provider(**arguments))


def test_a_callable_subclass_of_credentials_is_credentials(clock):
    class Callable(Credentials):
        def __call__(self):
            raise AssertionError

    token = get_token(credentials=Callable("AKID", KEYS.secret_key), region="us-east-1")
    assert sigv4.claims(token).access_key == "AKID"
