"""What a provider and get_token() do when the environment or the shared files change."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import CredentialRetrievalError, NoCredentialsError, NoRegionError

import documents
import sigv4
from bedrock_token_generator import get_token, get_token_provider
from examples import KEYS, NOW
from sigv4 import Keys

OLD = Keys(KEYS.access_key, KEYS.secret_key)
NEW = Keys("AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY")
HEADING = "When the environment or the files change"


@pytest.fixture
def set_variables(monkeypatch):
    def change(keys, region):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret_key)
        monkeypatch.setenv("AWS_REGION", region)

    return change


def profile(keys, region, name="default"):
    return (
        f"[{name}]\naws_access_key_id = {keys.access_key}\n"
        f"aws_secret_access_key = {keys.secret_key}\nregion = {region}\n"
    )


@pytest.fixture
def write_credentials_file(config):
    return lambda keys, region: config(profile(keys, region), name="credentials")


@pytest.fixture
def write_config_file(config):
    return lambda keys, region: config(profile(keys, region))


@pytest.fixture
def choose_profile(config, monkeypatch):
    def change(keys, region):
        config(profile(OLD, "us-east-1", "profile old") + profile(NEW, "eu-west-1", "profile new"))
        monkeypatch.setenv("AWS_PROFILE", "old" if keys is OLD else "new")

    return change


@pytest.fixture
def replace_process(config, isolated):
    def change(keys, region):
        script = isolated / "process.py"
        answer = {
            "Version": 1,
            "AccessKeyId": keys.access_key,
            "SecretAccessKey": keys.secret_key,
        }
        script.write_text(f"print({json.dumps(answer)!r})")
        config(f"[default]\nregion = {region}\ncredential_process = {sys.executable} {script}\n")

    return change


def check(token, keys, region):
    now = datetime.now(timezone.utc)
    return sigv4.verify(token, keys, region=region, now=now)


@pytest.mark.parametrize(
    "source", ["set_variables", "write_credentials_file", "write_config_file", "choose_profile"]
)
def test_a_provider_follows_within_a_minute(source, request, clock):
    """And get_token() at once, as does the page's callable; the region of a provider stays."""
    change = request.getfixturevalue(source)
    change(OLD, "us-east-1")
    provider = get_token_provider()
    following = documents.run("docs/credentials.md", HEADING)["provider"]
    for ask in (provider, following, get_token):
        check(ask(), OLD, "us-east-1")
    change(NEW, "eu-west-1")
    check(following(), NEW, "us-east-1")
    check(get_token(), NEW, "eu-west-1")
    clock.shift(59.9)
    check(provider(), OLD, "us-east-1")
    clock.shift(0.2)
    check(provider(), NEW, "us-east-1")
    change(OLD, "us-east-1")
    clock.shift(60.1)
    check(provider(), OLD, "us-east-1")


def test_a_process_without_an_end_runs_once(replace_process, clock):
    replace_process(OLD, "us-east-1")
    provider = get_token_provider()
    check(provider(), OLD, "us-east-1")
    replace_process(NEW, "eu-west-1")
    for _ in range(3):
        clock.shift(timedelta(days=7))
        check(provider(), OLD, "us-east-1")
    check(get_token(), NEW, "eu-west-1")


@pytest.mark.parametrize(
    "half",
    [
        "",
        "[default",
        "[default]\n",
        f"[default]\naws_access_key_id = {NEW.access_key}\n",
        f"[default]\naws_access_key_id = {NEW.access_key}\naws_secret_access_key =\n",
    ],
)
def test_while_a_file_is_half_written_the_last_token_serves(half, config, clock, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    config(profile(OLD, "us-east-1"), name="credentials")
    provider = get_token_provider()
    first = provider()
    config(half, name="credentials")
    clock.shift(61)
    assert provider() is first
    config(profile(NEW, "us-east-1"), name="credentials")
    clock.shift(59)
    assert provider() is first
    clock.shift(2)
    check(provider(), NEW, "us-east-1")


def test_a_login_that_ends_serves_until_its_token_does(config, clock, monkeypatch):
    """The file is gone for good: the last token serves, and then comes an error, at every call."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    path = config(profile(OLD, "us-east-1"), name="credentials")
    provider = get_token_provider(expires_in_seconds=3600)
    first = provider()
    path.unlink()
    for minute in range(2, 59):
        clock.move_to(NOW + timedelta(minutes=minute))
        assert provider() is first
    clock.move_to(NOW + timedelta(minutes=59, seconds=1))
    for _ in range(3):
        with pytest.raises(NoCredentialsError):
            provider()
    config(profile(NEW, "us-east-1"), name="credentials")
    check(provider(), NEW, "us-east-1")


def test_a_provider_reads_variables_again_before_the_end_that_they_tell(
    set_variables, clock, monkeypatch
):
    set_variables(OLD, "us-east-1")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2026-11-24T13:00:00Z")
    provider = get_token_provider()
    check(provider(), OLD, "us-east-1")
    set_variables(NEW, "eu-west-1")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2026-11-24T14:00:00Z")
    clock.shift(45 * 60)
    check(provider(), OLD, "us-east-1")
    clock.shift(61)
    token = provider()
    check(token, NEW, "us-east-1")
    assert token.expires_at == NOW + timedelta(hours=2)


def test_variables_that_stay_are_used_to_the_end_that_they_tell(set_variables, clock, monkeypatch):
    set_variables(OLD, "us-east-1")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2026-11-24T13:00:00Z")
    provider = get_token_provider()
    provider()
    clock.shift(3599)
    assert check(provider(), OLD, "us-east-1").expires == 1
    clock.shift(2)
    with pytest.raises(
        CredentialRetrievalError, match=r"from env: RuntimeError: .*still expired\."
    ):
        provider()


def test_a_process_that_tells_an_end_runs_again(config, isolated, clock):
    counter = isolated / "counter"
    counter.touch()
    script = isolated / "process.py"
    script.write_text(
        "import json, pathlib\n"
        f"counter = pathlib.Path({str(counter)!r})\n"
        "counter.write_text(counter.read_text() + '.')\n"
        "number = len(counter.read_text())\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': f'ASIAEXAMPLE{number}',\n"
        "    'SecretAccessKey': f'secret/{number}', 'SessionToken': 'token',\n"
        "    'Expiration': f'2026-11-24T{12 + number}:00:00Z'}))\n"
    )
    config(f"[default]\nregion = us-east-1\ncredential_process = {sys.executable} {script}\n")
    provider = get_token_provider()
    for number in (1, 2, 3):
        token = provider()
        check(token, Keys(f"ASIAEXAMPLE{number}", f"secret/{number}", "token"), "us-east-1")
        assert token.expires_at == NOW + timedelta(hours=number)
        clock.shift(timedelta(hours=1) if number > 1 else timedelta(minutes=46))
    assert len(counter.read_text()) == 3


def test_a_session_in_a_callable_knows_no_aws_region(sts, config, monkeypatch):
    """As the page says: get_token asks STS in the region of AWS_REGION, botocore alone cannot."""
    config("""\
        [default]
        role_arn = arn:aws:iam::123456789012:role/bedrock
        source_profile = base
        [profile base]
        aws_access_key_id = AKIAIOSFODNN7EXAMPLE
        aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
        """)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    following = documents.run("docs/credentials.md", HEADING)["provider"]
    with pytest.raises(NoRegionError):
        following()
    check(get_token(), sts.issued[-1].keys, "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    token = following()
    check(token, sts.issued[-1].keys, "us-east-1")
