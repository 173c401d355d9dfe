"""The tables, and the line that says what they were measured on."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from measure import ratios


class Report:
    """Markdown, printed as it grows."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str = "") -> None:
        self.lines.append(text)
        print(text, flush=True)

    def header(self, *cells: str) -> None:
        self.line()
        self.row(*cells)
        self.row(*["---"] * len(cells))

    def row(self, *cells: str) -> None:
        self.line(f"| {' | '.join(cells)} |")

    def faster(
        self, what: str, beside: str, ours: list[float], peer: list[float], *, bar: float
    ) -> None:
        """A row that says how many times as fast as its peer the library is."""
        ratio, median = (float(f"{number:.3g}") for number in ratios(peer, ours))
        self.row(
            f"{ratio:,g} × ({median:,g} ×)",
            bar_of(f"at least {bar:,g} ×", met=ratio >= bar),
            what,
            beside,
            f"{duration(min(ours))} / {duration(min(peer))}",
        )

    def time(
        self,
        what: str,
        beside: str,
        ours: list[float],
        peer: list[float],
        *,
        bar: float = float("inf"),
    ) -> None:
        """A row that says which part of its peer's time the library takes."""
        ratio, median = (round(number, 2) for number in ratios(ours, peer))
        self.row(
            f"{ratio:.2f} ({median:.2f})",
            "–" if bar == float("inf") else bar_of(f"at most {bar}", met=ratio <= bar),
            what,
            beside,
            f"{duration(min(ours))} / {duration(min(peer))}",
        )


def bar_of(text: str, *, met: bool) -> str:
    return text if met else f"{text} **missed**"


def duration(seconds: float) -> str:
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.3g}\N{NO-BREAK SPACE}ms"
    return f"{seconds * 1e6:.3g}\N{NO-BREAK SPACE}µs"


def machine() -> str:
    models = re.findall(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    model = f" ({models[0]})" if models else ""
    today = datetime.now(timezone.utc).date()
    return f"{today}, {platform.system()}, {os.cpu_count()} cores{model}"


def versions(package: Path | None) -> str:
    names = ("botocore", "aws-bedrock-token-generator", "langchain-aws")
    javascript = "AWS's JavaScript package absent"
    if package:
        node = subprocess.check_output(["node", "--version"], text=True).strip()
        manifest = json.loads((package / "package.json").read_text(encoding="utf-8"))
        javascript = f"{manifest['name']} {manifest['version']} on Node.js {node}"
    return ", ".join(
        (
            f"CPython {platform.python_version()}",
            *(f"{name} {version(name)}" for name in names),
            javascript,
        )
    )
