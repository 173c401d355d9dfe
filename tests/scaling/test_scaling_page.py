"""docs/scaling.md: its numbers are counted here, and its blocks run."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import botocore.session
import pytest

import documents
from bedrock_token_generator import get_token, get_token_provider

REASON = "needs the extra 'scaling'"
pytest.importorskip("cloudpickle", reason=REASON)
pytest.importorskip("distributed", reason=REASON)

PAGE = "docs/scaling.md"
MINUTES = 24 * 60
SCRIPTS = ["A pool of processes", "Dask"]


@pytest.fixture
def long_role(role_of_profile, config, monkeypatch):
    """The profile of the page, with 12 hours."""
    (block,) = documents.blocks(PAGE, "ini")["What keeps it flat"]
    config(
        f"{block.parsed}\n[profile keys]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
    )
    monkeypatch.setenv("AWS_PROFILE", "bedrock")
    return role_of_profile


@pytest.fixture
def short_role(role_of_profile, isolated):
    path = isolated / ".aws" / "config"
    path.write_text(path.read_text().replace("[default]", "[default]\nduration_seconds = 900"))
    return role_of_profile


# The row of the page, the fixture, and the column of the table below it.
SOURCES = [
    ("container endpoint", "container", "container endpoint"),
    ("instance metadata", "instance", "IMDSv2"),
    ("STS `AssumeRole`", "role_of_profile", "STS, 1 hour"),
    ("the same with `duration_seconds = 43200`", "long_role", "STS, 12 hours"),
    ("the same with `duration_seconds = 900`", "short_role", None),
    ("STS `AssumeRoleWithWebIdentity`", "web_identity", None),
]


def table(first_header):
    """The rows of a table of the page, by their first cell, with numbers read."""
    lines = (documents.ROOT / PAGE).read_text(encoding="utf-8").splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith(f"| {first_header} |"))
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    header, _, *rows = rows
    return [dict(zip(header, row, strict=True)) for row in rows]


def number(cell):
    return int(cell.replace(",", ""))


def requests_of(source):
    header = "Source of the credentials"
    (row,) = [row for row in table(header) if row[header].startswith(source)]
    return row


@pytest.mark.parametrize(("row", "fixture", "column"), SOURCES)
def test_requests_of_a_day(row, fixture, column, request, clock):
    source = request.getfixturevalue(fixture)
    cells = requests_of(row)
    provider = get_token_provider()
    for _ in range(MINUTES):
        source.verify(provider())
        clock.shift(timedelta(minutes=1))
    day = sum(source.requests.values())
    assert day == number(cells["`get_token_provider()`"])

    source.requests.clear()
    for _ in range(3):
        source.verify(get_token())
    assert sum(source.requests.values()) * MINUTES == 3 * number(cells["`get_token()`"])

    if column:
        for many in table("Processes"):
            assert number(many[column]) == day * number(many["Processes"])


def test_keys_at_hand_ask_nobody(environment, source):
    cells = requests_of("keys")
    get_token_provider()()
    get_token()
    assert sum(source.requests.values()) == 0
    assert cells["`get_token_provider()`"] == cells["`get_token()`"] == "0"


def test_rates_on_the_page():
    text = " ".join((documents.ROOT / PAGE).read_text(encoding="utf-8").split())
    *_, most = table("Processes")
    assert f"{number(most['STS, 1 hour']) / 86400:.0f} requests a second to STS" in text
    assert f"{number(most['STS, 12 hours']) / 86400:.1f} with 12 hours" in text
    assert f"all of it for {number(most['Processes']) / 600:.0f} seconds" in text


@pytest.mark.parametrize("heading", SCRIPTS)
def test_a_script_asks_at_most_once_for_each_worker(heading, container, tmp_path):
    (block,) = documents.blocks(PAGE)[heading]
    script = tmp_path / "script.py"
    script.write_text(f"{block.parsed}\n    print(*results)\n")
    run = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    tokens = run.stdout.split()
    assert len(tokens) == 100
    workers = {container.verify(token) for token in tokens}
    # One worker may have done it all before the other was up.
    assert len(workers) == sum(container.requests.values()) <= 2


def test_a_session_that_stays_asks_as_the_default_chain_does(container, clock):
    provider = documents.run(PAGE, "A session of your own")["provider"]
    for _ in range(MINUTES // 10):
        container.verify(provider())
        clock.shift(timedelta(minutes=10))
    assert sum(container.requests.values()) == 5


def test_a_new_session_each_time_asks_each_time(container):
    provider = get_token_provider(credentials=lambda: botocore.session.Session().get_credentials())
    for _ in range(3):
        container.verify(provider())
    assert sum(container.requests.values()) == 3


def test_every_block_of_the_page_runs():
    assert set(documents.blocks(PAGE)) == {*SCRIPTS, "A session of your own"}
    assert set(documents.blocks(PAGE, "ini")) == {"What keeps it flat"}
