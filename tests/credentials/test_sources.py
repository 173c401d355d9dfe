"""Each recipe of docs/credentials.md: its token is signed with what its source handed out."""

from __future__ import annotations

import enum
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import botocore.credentials
import pytest
from botocore import exceptions
from botocore.credentials import ContainerProvider, SSOProvider
from botocore.utils import ContainerMetadataFetcher

import documents
import sigv4
from bedrock_token_generator import Token, get_token
from examples import KEYS, NOW
from issuer import Issued
from sigv4 import Keys

LONG_TERM = Keys(KEYS.access_key, KEYS.secret_key)
HOUR = timedelta(hours=1)


def check(
    token: Token, issued: Issued | Keys, region: str = "us-east-1", asked: int = 43200
) -> None:
    """Check that AWS would take the token now, and that it tells its own end."""
    keys = issued.keys if isinstance(issued, Issued) else issued
    now = datetime.now(timezone.utc).replace(microsecond=0)
    claims = sigv4.verify(token, keys, region=region, now=now)
    if isinstance(issued, Issued):
        asked = min(asked, int((issued.end - now).total_seconds()))
    assert claims.expires == asked
    assert token.expires_at == claims.end == now + timedelta(seconds=claims.expires)


def check_all(token: Token, issuer, region: str = "us-east-1", **arguments: object) -> None:
    """Check a recipe's token, and those of other ways to ask the same source."""
    check(token, issuer.of(sigv4.claims(token).access_key), region)
    for asked in (3599, 3601):
        token = get_token(expires_in_seconds=asked, **arguments)
        check(token, issuer.of(sigv4.claims(token).access_key), region, asked)


def test_environment_variables(recipe, clock, monkeypatch):
    check(recipe("Environment variables")["token"], LONG_TERM)
    monkeypatch.setenv("AWS_SESSION_TOKEN", KEYS.token)
    check(get_token(expires_in_seconds=900), KEYS, asked=900)


def test_environment_variables_with_their_end(recipe, clock):
    end = datetime(2030, 1, 31, 12, tzinfo=timezone.utc)
    clock.move_to(end - HOUR)
    token = recipe("Environment variables with their end")["token"]
    keys = Keys(os.environ["AWS_ACCESS_KEY_ID"], KEYS.secret_key, os.environ["AWS_SESSION_TOKEN"])
    check(token, Issued(keys, end))
    check(get_token(expires_in_seconds=900), Issued(keys, end), asked=900)


def test_part_of_a_second_does_not_count(recipe, clock, monkeypatch):
    recipe("Environment variables")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2026-11-24T12:59:59.9Z")
    assert sigv4.claims(get_token()).expires == 3599


def test_shared_credentials_file(recipe, clock, isolated):
    check(recipe("Shared credentials file")["token"], LONG_TERM)
    path = isolated / ".aws" / "credentials"
    path.write_text(f"{path.read_text()}aws_session_token = {KEYS.token}\n")
    check(get_token(), KEYS)


def test_named_profile(recipe, clock, environment, monkeypatch):
    """AWS_REGION goes before the profile's region, environment keys do not go before profile=."""
    monkeypatch.delenv("AWS_REGION")
    check(recipe("Named profile")["token"], LONG_TERM, "us-west-2")
    monkeypatch.setenv("AWS_PROFILE", "bedrock")
    check(get_token(), KEYS, "us-west-2")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    check(get_token(), LONG_TERM, "us-west-2")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    check(get_token(), LONG_TERM, "eu-west-1")


@pytest.mark.skipif(os.name == "nt", reason="a script that is a command by its name is POSIX's")
def test_process(recipe, clock, credential_process, isolated, monkeypatch):
    command = isolated / "bin" / "issue-credentials"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {credential_process.line.partition("= ")[2]} "$@"\n')
    command.chmod(0o700)
    monkeypatch.setenv("PATH", str(command.parent), prepend=os.pathsep)
    check(recipe("Process")["token"], KEYS)
    assert credential_process.runs() == 1


@pytest.mark.parametrize("token", [KEYS.token, None])
def test_process_with_expiration(clock, config, isolated, token):
    answer = {
        "Version": 1,
        "AccessKeyId": KEYS.access_key,
        "SecretAccessKey": KEYS.secret_key,
        "SessionToken": token,
        "Expiration": "2026-11-24T13:00:00Z",
    }
    script = isolated / "process.py"
    script.write_text(f"print({json.dumps(answer)!r})")
    config(f"[default]\nregion = us-east-1\ncredential_process = {sys.executable} {script}\n")
    keys = Keys(KEYS.access_key, KEYS.secret_key, token)
    check(get_token(), Issued(keys, NOW + HOUR))
    check(get_token(expires_in_seconds=900), Issued(keys, NOW + HOUR), asked=900)


def test_role_from_another_profile(recipe, sts):
    check_all(recipe("Role, from another profile")["token"], sts)
    assert {request.access_key for request in sts.requests} == {KEYS.access_key}
    assert {request.region for request in sts.requests} == {"us-east-1"}
    assert {request.form["RoleArn"] for request in sts.requests} == {
        "arn:aws:iam::123456789012:role/bedrock"
    }


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_sts_is_asked_in_the_region_of_the_token(recipe, sts, isolated, monkeypatch, variable):
    """botocore by itself does not read AWS_REGION, and STS cannot be asked without a region."""
    recipe("Role, from another profile")
    path = isolated / ".aws" / "config"
    path.write_text(path.read_text().replace("region = us-east-1\n", ""))
    sts.requests.clear()
    monkeypatch.setenv(variable, "eu-central-1")
    check_all(get_token(), sts, "eu-central-1")
    assert {request.region for request in sts.requests} == {"eu-central-1"}


def test_a_region_and_a_profile_that_are_enums_are_their_values_to_sts(recipe, sts):
    class Name(str, enum.Enum):
        REGION = "eu-central-1"
        PROFILE = "default"

    recipe("Role, from another profile")
    sts.requests.clear()
    token = get_token(region=Name.REGION, profile=Name.PROFILE)
    check(token, sts.of(sigv4.claims(token).access_key), "eu-central-1")
    assert [request.region for request in sts.requests] == ["eu-central-1"]


ROLE = """\
    [profile role]
    role_arn = arn:aws:iam::123456789012:role/bedrock
    credential_source = {source}
    region = us-east-1
    """


def test_role_from_where_the_code_runs(recipe, sts, container):
    check_all(recipe("Role, from where the code runs")["token"], sts)
    assert [each.access_key for each in sts.requests] == [
        each.keys.access_key for each in container.issued
    ]


def test_role_from_an_ec2_instance(sts, instance, config):
    config(ROLE.format(source="Ec2InstanceMetadata"))
    check_all(get_token(profile="role"), sts, profile="role")
    assert [each.access_key for each in sts.requests] == [
        each.keys.access_key for each in instance.issued
    ]


def test_role_from_environment_variables(sts, environment, config):
    config(ROLE.format(source="Environment"))
    check_all(get_token(profile="role"), sts, profile="role")
    assert {each.access_key for each in sts.requests} == {KEYS.access_key}


def test_a_role_that_sts_refuses(recipe, sts):
    """With botocore's ClientError, which is no BotoCoreError."""
    sts.refuses = True
    with pytest.raises(exceptions.ClientError, match="AccessDenied") as caught:
        recipe("Role, from another profile")
    assert not isinstance(caught.value, exceptions.BotoCoreError)
    sts.refuses = False
    token = get_token()
    check(token, sts.issued[0])


def test_web_identity(recipe, sts, isolated):
    file = isolated / "web-identity-token"
    file.write_text("first")
    check_all(recipe("Web identity, and EKS service accounts (IRSA)")["token"], sts)
    assert {request.access_key for request in sts.requests} == {None}
    assert {request.form["WebIdentityToken"] for request in sts.requests} == {"first"}


def test_web_identity_file_is_read_at_each_renewal(recipe, sts, isolated, clock):
    file = isolated / "web-identity-token"
    file.write_text("first")
    provider = recipe("Web identity, and EKS service accounts (IRSA)")["provider"]
    file.write_text("second")
    clock.shift(46 * 60)
    provider()
    assert [each.form["WebIdentityToken"] for each in sts.requests] == ["first", "second"]


@pytest.fixture
def login(issuer, endpoint_variables, isolated, monkeypatch):
    """Log in, as ``aws sso login`` leaves it in its cache."""
    from botocore.tokens import SSOTokenProvider  # The oldest botocore has none.

    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", issuer.url)
    cache = isolated / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    # botocore takes its place from the home directory when it is imported.
    for provider in (SSOProvider, SSOTokenProvider):
        monkeypatch.setattr(provider, "_SSO_TOKEN_CACHE_DIR", str(cache))

    def write(key: str, life: timedelta) -> None:
        issuer.login = f"login-until-{NOW + life}"
        name = hashlib.sha1(key.encode()).hexdigest()
        login = {"accessToken": issuer.login, "expiresAt": f"{NOW + life:%Y-%m-%dT%H:%M:%SZ}"}
        (cache / f"{name}.json").write_text(json.dumps(login))

    return write


def test_identity_center(recipe, issuer, login):
    login("corporate", timedelta(hours=8))
    check_all(recipe("IAM Identity Center")["token"], issuer)


OLDER_FORM = """\
    [default]
    sso_start_url = https://example.awsapps.com/start
    sso_region = eu-west-1
    sso_account_id = 123456789012
    sso_role_name = bedrock
    region = us-east-1
    """


def test_identity_center_in_its_older_form(config, issuer, login):
    login("https://example.awsapps.com/start", timedelta(hours=8))
    config(OLDER_FORM)
    check_all(get_token(), issuer)


def test_identity_center_in_its_older_form_without_a_login(config):
    """No server is asked, and every botocore knows this form."""
    config(OLDER_FORM)
    with pytest.raises(exceptions.SSOTokenLoadError) as caught:
        get_token()
    assert str(caught.value).endswith(". Log in: aws sso login --profile default")


def test_identity_center_without_a_login(isolated, recipe, login):
    remedy = r"does not exist\. Log in: aws sso login --profile {}$"
    with pytest.raises(exceptions.SSOTokenLoadError, match=remedy.format("default")):
        recipe("IAM Identity Center")
    path = isolated / ".aws" / "config"
    path.write_text(path.read_text().replace("[default]", '[profile "my dev"]'))
    with pytest.raises(exceptions.SSOTokenLoadError, match=remedy.format("'my dev'")):
        get_token(profile="my dev")


@pytest.mark.parametrize(
    ("logged_in_for", "error"),
    [
        (timedelta(minutes=50), "TokenRetrievalError"),
        (timedelta(hours=8), "UnauthorizedSSOTokenError"),
    ],
    ids=["the login has ended", "the portal refuses it"],
)
def test_identity_center_goes_on_after_another_login(
    recipe, issuer, login, clock, logged_in_for, error
):
    login("corporate", logged_in_for)
    provider = recipe("IAM Identity Center")["provider"]
    issuer.login = "another"
    clock.shift(timedelta(minutes=59, seconds=30))
    remedy = r"\w\. Log in: aws sso login --profile default$"
    with pytest.raises(getattr(exceptions, error), match=remedy):
        provider()
    login("corporate", timedelta(hours=9))
    assert sigv4.claims(provider()).access_key == issuer.issued[-1].keys.access_key


@pytest.fixture
def console_login():
    """Nothing but a skip where botocore cannot use one."""
    pytest.importorskip("awscrt", reason="not installed: awscrt (the extra `crt`)")
    if not hasattr(botocore.credentials, "LoginProvider"):
        pytest.skip("this botocore knows no login_session")


def test_console_login_without_a_login(recipe, console_login):
    with pytest.raises(exceptions.LoginError, match=r"'\. Log in: aws login --profile default$"):
        recipe("Console login")


def test_console_login(
    recipe, console_login, issuer, endpoint_variables, isolated, clock, monkeypatch
):
    ec = pytest.importorskip(
        "cryptography.hazmat.primitives.asymmetric.ec", reason="not installed: cryptography"
    )
    serialization = pytest.importorskip(
        "cryptography.hazmat.primitives.serialization", reason="not installed: cryptography"
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL_SIGNIN", issuer.url)
    issuer.life = timedelta(minutes=15)
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    first = issuer.issue()
    login = {
        "accessToken": {
            "accessKeyId": first.keys.access_key,
            "secretAccessKey": first.keys.secret_key,
            "sessionToken": first.keys.token,
            "accountId": "123456789012",
            "expiresAt": f"{first.end:%Y-%m-%dT%H:%M:%SZ}",
        },
        "tokenType": "aws_sigv4",
        "refreshToken": issuer.login,
        "clientId": "arn:aws:signin:::devtools/same-device",
        "dpopKey": key.decode(),
    }
    name = hashlib.sha256(b"arn:aws:iam::123456789012:user/example").hexdigest()
    cache = isolated / ".aws" / "login" / "cache"
    cache.mkdir(parents=True)
    (cache / f"{name}.json").write_text(json.dumps(login))

    names = recipe("Console login")
    check_all(names["token"], issuer)
    assert issuer.requests == 0
    clock.shift(11 * 60)
    renewed = names["provider"]()
    assert issuer.requests == 1
    assert sigv4.claims(renewed).access_key == issuer.issued[-1].keys.access_key
    assert renewed.expires_at == NOW + timedelta(minutes=11 + 15)

    # Once a minute at most, and as often in a day as docs/scaling.md says.
    for _ in range(24 * 60):
        clock.shift(60)
        assert sigv4.claims(names["provider"]()).access_key == issuer.issued[-1].keys.access_key
    assert issuer.requests - 1 == 144
    page = (documents.ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    assert "in a file and asks the sign-in service once they have 5 minutes left, 144 times" in page


TASK = "/v2/credentials/a-task"


def test_ecs_task_role(recipe, issuer, monkeypatch):
    """At another address, with nothing else changed; the next test has ECS's own."""
    monkeypatch.setattr(ContainerMetadataFetcher, "IP_ADDRESS", issuer.url.partition("//")[2])
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", TASK)
    check_all(recipe("ECS task role")["token"], issuer)


NAMESPACE = "ip link set lo up && ip address add 169.254.170.2/32 dev lo && exec "
AT_ITS_ADDRESS = """
from bedrock_token_generator import get_token
from issuer import Issuer

with Issuer(address=("169.254.170.2", 80)) as issuer:
    print(get_token(), issuer.issued[0].keys.secret_key, issuer.issued[0].end.isoformat())
"""


def test_ecs_task_role_at_its_own_address(monkeypatch):
    """In a network namespace, which Linux may let a process make for itself."""
    namespace = ["unshare", "--map-root-user", "--net", "sh", "-c"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*namespace, f"{NAMESPACE} true"], capture_output=True).returncode
    ):
        pytest.skip("no network namespace can be made here")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", TASK)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    run = subprocess.run(
        [*namespace, f'{NAMESPACE} "$0" -c "$1"', sys.executable, AT_ITS_ADDRESS],
        capture_output=True,
        text=True,
        check=True,
    )
    token, secret_key, end = run.stdout.split()
    claims = sigv4.claims(token)
    keys = Keys(claims.access_key, secret_key, claims.security_token)
    sigv4.verify(token, keys, region="us-east-1", now=datetime.now(timezone.utc))
    assert claims.end == datetime.fromisoformat(end)


def test_eks_pod_identity(recipe, container, isolated, monkeypatch, clock):
    if not hasattr(ContainerProvider, "ENV_VAR_AUTH_TOKEN_FILE"):
        pytest.skip("this botocore knows no AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    file = isolated / "eks-pod-identity-token"
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(file))
    file.write_text("first")
    container.authorization = "first"
    names = recipe("EKS Pod Identity")
    check_all(names["token"], container)
    file.write_text("second")
    container.authorization = "second"
    clock.shift(46 * 60)
    renewed = names["provider"]()
    assert sigv4.claims(renewed).access_key == container.issued[-1].keys.access_key


def test_ec2_instance_role(recipe, instance):
    check_all(recipe("EC2 instance role")["token"], instance)


def test_role_assumed_in_code(recipe, sts, environment, clock):
    names = recipe("Role, assumed in code")
    check(names["token"], sts.issued[0])
    assert (len(sts.requests), sts.requests[0].access_key) == (1, KEYS.access_key)
    clock.shift(46 * 60)
    names["provider"]()
    assert len(sts.requests) == 2


def test_keys_that_you_hold(recipe, clock):
    check(recipe("Keys that you hold")["token"], LONG_TERM)


def test_every_block_of_the_page_is_run():
    """Tests name the heading; "Credentials", at the head of the page, goes with most recipes."""
    page = (documents.ROOT / "docs" / "credentials.md").read_text(encoding="utf-8")
    languages = set(re.findall(r"^```(.+)", page, flags=re.M))
    assert languages == {"python", "ini", "sh"}
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.py"))
    for language in languages:
        for heading in documents.blocks("docs/credentials.md", language):
            assert f'"{heading}"' in tests
