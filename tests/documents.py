"""Runs the code blocks of README.md and docs/, as they stand, by the heading above them."""

from __future__ import annotations

import asyncio
import inspect
import re
from ast import PyCF_ALLOW_TOP_LEVEL_AWAIT
from pathlib import Path
from types import FunctionType
from typing import Any

from sybil import Document, Example, Sybil
from sybil.parsers.markdown import CodeBlockParser

ROOT = Path(__file__).parent.parent


_ENDPOINTS = "__endpoints__"


def _run(example: Example) -> None:
    """Execute a Python block, with ``await`` at its top level as in a notebook."""
    line = example.line + example.parsed.line_offset
    source = "\n" * line + str(example.parsed)
    for public, loopback in example.namespace.pop(_ENDPOINTS, {}).items():
        assert public in source
        source = source.replace(public, loopback)
    code = compile(source, example.path, "exec", flags=PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(FunctionType(code, example.namespace)())
    else:
        exec(code, example.namespace)


def blocks(page: str, language: str = "python") -> dict[str, list[Example]]:
    """The blocks of a page, such as ``docs/clients.md``, by the heading above them."""
    sybil = Sybil([CodeBlockParser(language, _run)])
    document: Document = sybil.parse(ROOT / page)
    found: dict[str, list[Example]] = {}
    for example in document.examples():
        # A comment in a code block looks like a heading: leave out the blocks.
        text = re.sub(r"^```.*?^```", "", document.text[: example.region.start], flags=re.M | re.S)
        heading = re.findall(r"^#+ +(.+)$", text, flags=re.M)[-1]
        found.setdefault(heading.strip(), []).append(example)
    return found


def run(
    page: str, heading: str, endpoints: dict[str, str] | None = None, **namespace: Any
) -> dict[str, Any]:
    """Run the Python blocks under a heading, in one namespace, and return that.

    ``endpoints`` says what stands on this machine for URLs in the first of them.
    """
    namespace[_ENDPOINTS] = endpoints or {}
    for example in blocks(page)[heading]:
        example.document.namespace.clear()
        example.document.namespace.update(namespace)
        example.evaluate()
        namespace = dict(example.document.namespace)
    return namespace
