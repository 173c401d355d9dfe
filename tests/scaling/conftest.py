from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from botocore.utils import ContainerMetadataFetcher

from credential_source import ROLE_ARN, Source, credential_source


@pytest.fixture
def source() -> Iterator[Source]:
    with credential_source() as source:
        yield source


@pytest.fixture
def container(source: Source, monkeypatch: pytest.MonkeyPatch) -> Source:
    """The default chain finds a container's credentials: ECS, EKS Pod Identity."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{source.url}/container")
    # botocore's 2 s are too few for a busy machine, and each further attempt would count.
    monkeypatch.setattr(ContainerMetadataFetcher, "TIMEOUT_SECONDS", 30)
    return source


@pytest.fixture
def instance(source: Source, monkeypatch: pytest.MonkeyPatch) -> Source:
    """The default chain finds the role of an EC2 instance."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", source.url)
    monkeypatch.setenv("AWS_METADATA_SERVICE_TIMEOUT", "30")  # botocore's second, likewise.
    return source


@pytest.fixture
def role_of_profile(
    source: Source, monkeypatch: pytest.MonkeyPatch, config: Callable[[str], Path]
) -> Source:
    """The default chain assumes the role of a profile."""
    config(
        f"[default]\nregion = us-east-1\nrole_arn = {ROLE_ARN}\nsource_profile = keys\n"
        "[profile keys]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", source.url)
    return source


@pytest.fixture
def web_identity(source: Source, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Source:
    """The default chain exchanges a pod's identity token for a role: EKS IRSA."""
    token = tmp_path / "identity-token"
    token.write_text("identity-token")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE_ARN)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", source.url)
    return source
