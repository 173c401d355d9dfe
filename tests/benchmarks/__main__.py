"""The library beside its peers, on Linux, as tables in Markdown. Nothing is asserted."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import tempfile
from pathlib import Path

import calls
import processes
from days import requests_of_a_day
from drawings import draw_requests, draw_times
from measure import JavaScript
from report import Report, machine, versions
from sources import KEYS, REGION


def main() -> None:
    parser = argparse.ArgumentParser(prog="python tests/benchmarks", description=__doc__)
    parser.add_argument(
        "--js",
        metavar="FOLDER",
        type=Path,
        default=Path(),
        help="where @aws/bedrock-token-generator is installed, in node_modules (default: here)",
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=40,
        help="rounds of whole processes; of calls, ten times as many (default: %(default)s)",
    )
    parser.add_argument(
        "--write",
        metavar="PAGE",
        type=Path,
        help="also put the tables into this page, between its comments 'measured' and 'end', "
        "and the pictures into the folder _static beside it",
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        isolate(home)
        report, times, requests = measure(options.rounds, options.js)
    if options.write:
        page = options.write.read_text(encoding="utf-8")
        tables = "\n".join(report.lines)
        page = re.sub(
            r"(?<=<!-- measured -->\n).*(?=<!-- end -->)",
            lambda _: f"\n{tables}\n",
            page,
            flags=re.S,
        )
        options.write.write_text(page, encoding="utf-8")
        draw_times(times, options.write.with_name("_static") / "times.svg")
        draw_requests(requests, options.write.with_name("_static") / "requests.svg")


def isolate(home: str) -> None:
    """No AWS setting of this machine; and bytecode is kept for the library as for its peers."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "BOTO")):
            del os.environ[name]
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = f"{home}/bytecode"
    os.environ["HOME"] = home
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["AWS_REGION"] = REGION
    os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"] = KEYS
    os.environ["AWS_SESSION_TOKEN"] = calls.session_token(1000)


def measure(rounds: int, js: Path) -> tuple[Report, dict[str, float], dict[str, list[int]]]:
    package = js / "node_modules/@aws/bedrock-token-generator"
    javascript = JavaScript(js) if shutil.which("node") and package.is_dir() else None
    report = Report()
    report.line(f"{machine()}, {versions(package if javascript else None)}.")
    report.header("ratio (median)", "bar", "what", "beside", "here / there")
    times = calls.warm(report, 10 * rounds, javascript)
    calls.new_tokens(report, 10 * rounds)
    calls.threads(report, rounds)
    processes.processes(report, rounds, javascript)
    requests = requests_of_a_day(report)
    calls.waits(report, seconds=60)
    many = processes.many_calls(report)
    processes.memory(report, rounds, many)
    calls.sizes(report, 10 * rounds)
    calls.steps(report, rounds)
    processes.imports(report, rounds)
    if javascript:
        javascript.close()
    return report, times, requests


if __name__ == "__main__":
    main()
