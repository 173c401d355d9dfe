"""Where credentials come from: real servers on this machine, and recipes of docs/credentials.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.configprovider
import pytest
import time_machine
from botocore.utils import ContainerMetadataFetcher

import documents
from issuer import Issuer

if TYPE_CHECKING:
    from moto_sts import Sts

PAGE = "docs/credentials.md"


@pytest.fixture
def issuer(clock: time_machine.Traveller) -> Iterator[Issuer]:
    with Issuer() as server:
        yield server


@pytest.fixture
def container(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> Issuer:
    """Credentials as EKS Pod Identity hands them out, without its token file."""
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{issuer.url}/v1/credentials")
    # Of botocore's three attempts, only the waits differ: 2 s for each, which a busy machine may
    # need, and 1 s after it.
    monkeypatch.setattr(ContainerMetadataFetcher, "TIMEOUT_SECONDS", 30)
    monkeypatch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0)
    return issuer


@pytest.fixture
def instance(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> Issuer:
    """Credentials as the metadata service of an EC2 instance hands them out."""
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"{issuer.url}/")
    monkeypatch.setenv("AWS_METADATA_SERVICE_TIMEOUT", "30")  # botocore's second, likewise.
    return issuer


@pytest.fixture
def endpoint_variables() -> None:
    """Nothing but a skip where botocore cannot be pointed at a server of the tests."""
    if not hasattr(botocore.configprovider, "ConfiguredEndpointProvider"):
        pytest.skip("this botocore has no AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL_SSO")


@pytest.fixture(scope="session")
def _moto() -> Iterator[Sts]:
    pytest.importorskip("moto", reason="not installed: moto, flask, flask-cors")
    from moto_sts import Sts

    with Sts() as server:
        yield server


@pytest.fixture
def sts(
    clock: time_machine.Traveller,
    endpoint_variables: None,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Sts:
    server: Sts = request.getfixturevalue("_moto")
    server.requests.clear()
    server.issued.clear()
    server.refuses = False
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server.url)
    return server


@pytest.fixture
def recipe(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, Any]]:
    """Do what the page has under a heading, and return the names of its Python.

    An ``ini`` block goes into the file that its first line names, an ``sh`` block into the
    environment. Without Python of its own, the block at the head of the page is run.
    """

    def run(heading: str) -> dict[str, Any]:
        for example in documents.blocks(PAGE, "ini").get(heading, []):
            text = str(example.parsed)
            (name,) = re.findall(r"\A# ~/(\S+)", text)
            path = isolated / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        for example in documents.blocks(PAGE, "sh").get(heading, []):
            for line in str(example.parsed).splitlines():
                name, value = re.fullmatch(r"export (\w+)=(\S+)", line).groups()
                monkeypatch.setenv(name, value.replace("~", str(isolated)))
        own = heading in documents.blocks(PAGE)
        return documents.run(PAGE, heading if own else "Credentials")

    return run
