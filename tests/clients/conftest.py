"""The real clients against the checking server; all skipped without the extra ``clients``."""

from __future__ import annotations

import json
import os
import re
import ssl
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import bedrock
import documents
from bedrock import Bedrock
from examples import KEYS

PAGE = "docs/clients.md"


@pytest.fixture(scope="session")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bedrock]:
    # One for the session: LiteLLM keeps its connections, and the CA with them, for an hour.
    pytest.importorskip("trustme", reason="the extra 'clients' is not installed")
    ca = tmp_path_factory.mktemp("tls") / "ca.pem"
    with Bedrock(KEYS, region="us-east-1", ca=ca) as server:
        yield server


@pytest.fixture
def server(_server: Bedrock, environment: None, monkeypatch: pytest.MonkeyPatch) -> Bedrock:
    """The checking server over TLS, where each client finds it by its own environment variable."""
    for name in os.environ:
        if name.lower().endswith("_proxy") or name.startswith(("OPENAI_", "ANTHROPIC_", "LANG")):
            monkeypatch.delenv(name)
    for name, path in {
        "OPENAI_BASE_URL": "/openai/v1",
        "AWS_BEDROCK_BASE_URL": "/openai/v1",  # openai with its Bedrock provider.
        "ANTHROPIC_BEDROCK_BASE_URL": "",
        "ANTHROPIC_BEDROCK_MANTLE_BASE_URL": "/anthropic",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "",  # boto3.
        "AWS_BEDROCK_RUNTIME_ENDPOINT": "",  # LiteLLM.
    }.items():
        monkeypatch.setenv(name, _server.url + path)
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"):
        monkeypatch.setenv(name, str(_server.ca))
    # A recipe sets it; this way it goes at the end of the test.
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "")
    monkeypatch.delenv("AWS_BEARER_TOKEN_BEDROCK")
    # LiteLLM would ask the network for prices when it is imported.
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    # From Python 3.12 on, urllib's opener keeps the CAs that were there when it was made.
    monkeypatch.setattr("urllib.request._opener", None)
    # aiohttp keeps those that were there when it was imported.
    if connector := sys.modules.get("aiohttp.connector"):
        context = ssl.create_default_context(cafile=str(_server.ca))
        monkeypatch.setattr(connector, "_SSL_CONTEXT_VERIFIED", context)
    # LiteLLM keeps the hook of a recipe.
    if litellm := sys.modules.get("litellm"):
        monkeypatch.setattr(litellm, "callbacks", [])
    _server.requests.clear()
    return _server


# What the recipes write out, in place of reading it from the environment.
RUNTIME = "https://bedrock-runtime.{region}.amazonaws.com/openai/v1"
MANTLE = "https://bedrock-mantle.{region}.api.aws/v1"
ENDPOINTS = {
    "ChatOpenAIMantle": MANTLE.replace("region", "provider().region"),
    "In place of bedrock_mantle_config": MANTLE,
    "A client for each tenant": RUNTIME,
}


def imports(heading: str) -> list[str]:
    """The modules that a recipe imports. Not every client goes with the newest of the others."""
    lines = "\n".join(str(block.parsed) for block in documents.blocks(PAGE)[heading])
    return re.findall(r"^(?:from|import) ([\w.]+)", lines, flags=re.M)


@pytest.fixture
def recipe(server: Bedrock, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Run what docs/clients.md has under a heading, and return the names that it defines."""

    def run(heading: str, **names: Any) -> dict[str, Any]:
        if heading in ("httpx", "httpx2", "aiohttp", "requests", "urllib"):
            names |= documents.run(PAGE, "Plain HTTP")
        for package in imports(heading):
            pytest.importorskip(package, reason=f"{package} is not installed")
        if heading == "Instructor":  # It asks for JSON, and reads it.
            monkeypatch.setattr(bedrock, "REPLY", json.dumps({"text": bedrock.REPLY}))
        public = ENDPOINTS.get(heading)
        endpoints = {public: f"{server.url}/openai/v1"} if public else None
        return documents.run(PAGE, heading, endpoints, **names)

    return run
