"""README.md says what is true: its blocks run, its signatures and figures are the code's."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest

import bedrock_token_generator
import documents
import sigv4
from bedrock import REPLY, Bedrock
from examples import KEYS

README = (documents.ROOT / "README.md").read_text(encoding="utf-8")
PROFILE = (
    f"aws_access_key_id = {KEYS.access_key}\naws_secret_access_key = {KEYS.secret_key}\n"
    f"aws_session_token = {KEYS.token}"
)
PYPROJECT = (documents.ROOT / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.skipif(os.name == "nt", reason="the command is for a POSIX shell")
def test_the_first_command_makes_a_token(monkeypatch):
    """But for the installation, which needs an index; CI runs it as it stands."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"):
        monkeypatch.setenv(name, "of-the-shell")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z")
    (command, _tests) = re.findall(r"^```sh\n(.+)\n```$", README, flags=re.M)
    command = command.rpartition("&& ")[2].replace(".venv/bin/python", sys.executable)
    run = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    keys = sigv4.Keys(KEYS.access_key, KEYS.secret_key)
    now = datetime.now(timezone.utc)
    claims = sigv4.verify(run.stdout.strip(), keys, region="us-east-1", now=now)
    assert claims.expires == 43200


def test_the_blocks_run(config, clock, monkeypatch, capsys):
    pytest.importorskip("openai", reason="not installed: openai (the extra `clients`)")
    config(
        f"[default]\n{PROFILE}\n[profile red]\nregion = us-east-2\n{PROFILE}\n"
        f"[profile blue]\nregion = us-west-2\n{PROFILE}"
    )
    before = dict(os.environ)
    endpoint = "https://bedrock-runtime.us-east-1.amazonaws.com"
    with Bedrock(KEYS, region="us-east-1") as server:
        documents.run("README.md", "A token in your client", {endpoint: server.url})
    assert capsys.readouterr().out == f"{REPLY}\nus-east-2 2026-11-25 00:00:00+00:00\n"
    assert len(server.requests) == 1
    assert dict(os.environ) == before
    assert documents.blocks("README.md").keys() == {"A token in your client"}


@pytest.mark.parametrize("name", ["get_token", "get_token_provider"])
def test_the_signatures_are_those_of_the_code(name):
    signature = inspect.signature(getattr(bedrock_token_generator, name))
    defaults = ", ".join(f"{each.name}={each.default}" for each in signature.parameters.values())
    assert f"{name}(*, {defaults}) -> {signature.return_annotation}\n" in README


def test_the_oldest_botocore_is_the_one_required():
    (oldest,) = re.findall(r'"botocore>=(.+)"', PYPROJECT)
    assert f"botocore {oldest} and up" in README
    assert f'"botocore=={oldest}"' in PYPROJECT


def test_a_token_in_a_client_comes_a_third_of_a_page_in():
    assert README.index("client = OpenAI(") < len(README) / 3


def test_every_page_has_its_line():
    pages = {page.stem for page in (documents.ROOT / "docs").glob("*.md")}
    named = re.findall(r"^- \[[^]]+\]\(docs/(\w+)\.md\): ", README, flags=re.M)
    assert sorted(named) == sorted(pages - {"index", "changelog"})


def test_links_to_files_resolve():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert Path(documents.ROOT, target).exists()
