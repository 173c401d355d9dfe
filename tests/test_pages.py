"""The code blocks of the pages that need nothing but credentials run as they stand."""

from __future__ import annotations

import inspect
import logging
import re
from ast import PyCF_ALLOW_TOP_LEVEL_AWAIT

import pytest

import documents
from examples import KEYS

HERE = ("migrating", "notebooks", "security", "tokens", "troubleshooting")
ELSEWHERE = ("clients", "credentials", "hosting", "scaling")
BLOCKS = [(page, heading) for page in HERE for heading in documents.blocks(f"docs/{page}.md")]


@pytest.fixture(autouse=True)
def quiet():
    """A block sets the levels of loggers; put them back."""
    loggers = [logging.getLogger(f"botocore.{name}") for name in ("parsers", "endpoint", "auth")]
    levels = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.mark.parametrize(("page", "heading"), BLOCKS, ids=["-".join(block) for block in BLOCKS])
def test_the_blocks_run(page, heading, environment):
    documents.run(f"docs/{page}.md", heading)


def test_a_token_is_looked_into_without_being_shown(environment, clock, capsys):
    documents.run("docs/troubleshooting.md", "Look into a token")
    assert capsys.readouterr().out == f"us-east-1 2026-11-25 00:00:00+00:00 {KEYS.access_key}\n"


@pytest.mark.parametrize("page", [*HERE, *ELSEWHERE])
def test_a_block_that_awaits_says_where_it_runs(page):
    for blocks in documents.blocks(f"docs/{page}.md").values():
        for block in blocks:
            code = compile(str(block.parsed), page, "exec", flags=PyCF_ALLOW_TOP_LEVEL_AWAIT)
            before = block.document.text[: block.region.start].split("\n\n")[-2:]
            if code.co_flags & inspect.CO_COROUTINE:
                assert re.search("notebook|cell", " ".join(before), flags=re.I), before


def test_no_page_is_left_out():
    pages = {page.stem for page in (documents.ROOT / "docs").glob("*.md")}
    with_blocks = {page for page in pages if documents.blocks(f"docs/{page}.md")}
    assert with_blocks == {*HERE, *ELSEWHERE}
