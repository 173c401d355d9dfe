"""The code blocks of the pages that need nothing but credentials run as they stand."""

from __future__ import annotations

import logging

import pytest

import documents

HERE = ("migrating", "notebooks", "security", "tokens")
ELSEWHERE = ("clients", "credentials", "scaling")
BLOCKS = [(page, heading) for page in HERE for heading in documents.blocks(f"docs/{page}.md")]


@pytest.fixture(autouse=True)
def quiet():
    """A block sets the level of a logger; put it back."""
    logger = logging.getLogger("botocore.parsers")
    level = logger.level
    yield
    logger.setLevel(level)


@pytest.mark.parametrize(("page", "heading"), BLOCKS, ids=["-".join(block) for block in BLOCKS])
def test_the_blocks_run(page, heading, environment):
    documents.run(f"docs/{page}.md", heading)


def test_no_page_is_left_out():
    pages = {page.stem for page in (documents.ROOT / "docs").glob("*.md")}
    with_blocks = {page for page in pages if documents.blocks(f"docs/{page}.md")}
    assert with_blocks == {*HERE, *ELSEWHERE}
