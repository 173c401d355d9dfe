"""Sources of credentials on this machine, and how often each way to make tokens asks them.

Credentials come through botocore's own providers from the loopback server of tests/scaling.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace

import time_machine
from aws_bedrock_token_generator import provide_token

from bedrock_token_generator import get_token_provider

TESTS = Path(__file__).parent.parent
sys.path += [str(TESTS), str(TESTS / "scaling")]
from credential_source import ROLE_ARN, Source, credential_source  # noqa: E402

REGION = "us-east-1"
KEYS = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
PROFILE = f"aws_access_key_id = {KEYS[0]}\naws_secret_access_key = {KEYS[1]}\n"
MINUTES = 24 * 60
RATES = (1, 1000)  # Calls a minute.
LIVES = {"15 minutes": 900, "1 hour": 3600, "6 hours": 21600, "12 hours": 43200}
DAYS = [
    *((kind, life) for kind in ("container", "role") for life in LIVES),
    ("instance", "6 hours"),
]
DRAWN = ("container", "1 hour")
# Not a whole second: sources write the end of credentials in these, so it comes a little early.
START = datetime(2026, 11, 24, 0, 0, 0, 500_000, tzinfo=timezone.utc)


@contextmanager
def settings(**variables: str) -> Iterator[None]:
    """No keys in the environment, and these variables."""
    before = dict(os.environ)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def profile(text: str, **variables: str) -> Iterator[None]:
    """A shared config file."""
    config = Path.home() / f"config-{os.getpid()}"
    config.write_text(text, encoding="utf-8")
    with settings(AWS_CONFIG_FILE=str(config), **variables):
        yield


@contextmanager
def source_of(kind: str, seconds: int) -> Iterator[Source]:
    """The server, and the settings with which botocore's default chain finds it."""
    with credential_source() as source:
        source.life = timedelta(seconds=seconds)
        if kind == "container":
            chain = settings(AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{source.url}/container")
        elif kind == "instance":
            chain = settings(
                AWS_EC2_METADATA_DISABLED="false", AWS_EC2_METADATA_SERVICE_ENDPOINT=source.url
            )
        else:
            chain = profile(
                f"[default]\nregion = {REGION}\nrole_arn = {ROLE_ARN}\n"
                f"duration_seconds = {seconds}\nsource_profile = keys\n[profile keys]\n{PROFILE}",
                AWS_ENDPOINT_URL_STS=source.url,
            )
        with chain:
            yield source


def langchain_provider() -> Callable[[], str]:
    """The one that ChatOpenAIMantle makes for itself."""
    from langchain_aws import utils

    return utils._BedrockApiKeyProvider(REGION)  # noqa: SLF001


WAYS: dict[str, Callable[[], Callable[[], str]]] = {
    "here": get_token_provider,
    "langchain": langchain_provider,
    "aws": lambda: provide_token,
}


@dataclass
class Day:
    calls: int  # Fewer than in a day where each of them asked.
    ended: int  # Those that got a token of credentials that had ended.
    requests: list[int]  # Up to each minute.


def days() -> dict[tuple[str, str], Future[dict[tuple[str, int], Day]]]:
    """Count in processes of their own, as each moves its clock."""
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        return {(kind, life): pool.submit(count, kind, life) for kind, life in DAYS}


def count(kind: str, life: str) -> dict[tuple[str, int], Day]:
    import langchain_aws.utils

    # It reads the monotonic clock, which does not move with the other.
    langchain_aws.utils.time = SimpleNamespace(monotonic=lambda: time.time())
    found = {}
    for way in WAYS:
        for rate in RATES:
            # What keeps nothing need not be called all day, but for the drawing.
            whole = rate == 1 and (way != "aws" or (kind, life) == DRAWN)
            enough = MINUTES if whole else 20 if kind == "role" else 100
            with source_of(kind, LIVES[life]) as source:
                found[way, rate] = day(WAYS[way], source, rate, enough)
    return found


def day(make: Callable[[], Callable[[], str]], source: Source, rate: int, enough: int) -> Day:
    """A day of calls, in bursts of ten, or so many as are enough if each asks the source."""
    found, end, ends, burst = Day(0, 0, []), None, 0.0, min(rate, 10)
    with time_machine.travel(START, tick=False) as clock:
        call = make()
        for minute in range(MINUTES):
            for part in range(0, rate, burst):
                clock.move_to(START.timestamp() + (minute + part / rate) * 60)
                for _ in range(burst):
                    call()
                if source.end is not end:
                    end = source.end
                    ends = end.timestamp()
                found.calls += burst
                found.ended += burst * (time.time() >= ends)
                if found.calls == enough <= source.requests.total():
                    found.requests.append(source.requests.total())
                    return found
            found.requests.append(source.requests.total())
    return found
