from __future__ import annotations

import json
import logging
import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace

import pytest
import time_machine
from botocore.credentials import Credentials, RefreshableCredentials
from hypothesis import settings

from examples import KEYS, NOW

# A busy machine is no failure. The long profile is for fuzzing: docs/contributing.md.
settings.register_profile("suite", deadline=None)
settings.register_profile("long", deadline=None, max_examples=100_000)
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty home and no AWS setting of this machine; tests may set their own."""
    for name in os.environ:
        if name.startswith(("AWS_", "BOTO_")):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("BOTO_CONFIG", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return home


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials and region in environment variables."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS.secret_key)
    monkeypatch.setenv("AWS_SESSION_TOKEN", KEYS.token or "")
    monkeypatch.setenv("AWS_REGION", "us-east-1")


@pytest.fixture
def config(isolated: Path) -> Callable[[str], Path]:
    """Write the shared config file."""

    def write(text: str, name: str = "config") -> Path:
        path = isolated / ".aws" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    return write


@pytest.fixture
def credential_process(isolated: Path) -> SimpleNamespace:
    """A command for ``credential_process`` that counts its runs; ``line`` goes into a profile."""
    counter = isolated / "runs"
    counter.touch()
    script = isolated / "process.py"
    answer = {
        "Version": 1,
        "AccessKeyId": KEYS.access_key,
        "SecretAccessKey": KEYS.secret_key,
        "SessionToken": KEYS.token,
    }
    script.write_text(
        f"open({str(counter)!r}, 'a').write('.')\nprint({json.dumps(json.dumps(answer))})\n"
    )
    return SimpleNamespace(
        line=f"credential_process = {sys.executable} {script}",
        runs=lambda: len(counter.read_text()),
    )


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The clock, standing still at NOW."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def credentials() -> Credentials:
    return Credentials(KEYS.access_key, KEYS.secret_key, KEYS.token)


@pytest.fixture
def role() -> Callable[..., RefreshableCredentials]:
    """Credentials with a known end; each refresh gives the next of ``lives``, the last for good."""

    def make(*lives: timedelta) -> RefreshableCredentials:
        remaining = list(lives)
        made = 0

        def refresh() -> dict[str, str]:
            nonlocal made
            made += 1
            life = remaining.pop(0) if len(remaining) > 1 else remaining[0]
            return {
                "access_key": f"ASIAEXAMPLE{made}",
                "secret_key": f"secret/{made}",
                "token": f"session-token-{made}",
                "expiry_time": (datetime.now(timezone.utc) + life).isoformat(),
            }

        return RefreshableCredentials.create_from_metadata(
            refresh(), refresh_using=refresh, method="test-role"
        )

    return make


@pytest.fixture
def log_records() -> Iterator[list[str]]:
    """Every record of every logger, at DEBUG, formatted with its arguments and traceback."""
    records: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(self.format(record))

    root, handler = logging.getLogger(), Handler()
    levels = {}
    for logger in (root, *(logging.getLogger(name) for name in logging.root.manager.loggerDict)):
        levels[logger] = logger.level
        logger.setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield records
    root.removeHandler(handler)
    for logger, level in levels.items():
        logger.setLevel(level)
