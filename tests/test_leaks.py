"""Leaks that have no page of their own: the rows of docs/security.md."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import documents
import sigv4
from examples import KEYS

TESTS = Path(__file__).parent

CRASH = """
import faulthandler, sys
from bedrock_token_generator import get_token_provider
provider = get_token_provider()
token = provider()
faulthandler.enable()
faulthandler.dump_traceback()
def deep(token, provider):
    faulthandler._sigsegv()
deep(token, provider)
"""


def test_faulthandler_shows_no_values(environment):
    run = subprocess.run([sys.executable, "-c", CRASH], capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "in deep" in run.stderr
    for secret in (KEYS.secret_key, KEYS.token, sigv4.uri_encode(KEYS.token), "bedrock-api-key-"):
        assert secret not in run.stderr + run.stdout


def test_the_page_names_tests_that_exist():
    page = (documents.ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    table = page[page.index("| promise |") : page.index("What a source of credentials raises")]
    named = re.findall(r"`([a-z_]+\.py|[a-z_]+/)`", table)
    assert len(named) > 8
    for name in named:
        assert (TESTS / name).exists(), name
