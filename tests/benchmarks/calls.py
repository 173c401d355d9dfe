"""The rows about calls: providers that are warm, tokens made afresh, awaited, in threads."""

from __future__ import annotations

import asyncio
import os
import random
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from timeit import Timer
from typing import Any

from aws_bedrock_token_generator import BedrockTokenGenerator, provide_token
from botocore.credentials import Credentials

from bedrock_token_generator import aio, get_token, get_token_provider
from measure import JavaScript, Side, awaited, in_tasks, in_threads, shares, take_turns
from report import Report, bar_of, duration
from sources import KEYS, PROFILE, REGION, langchain_provider, profile, settings, source_of

SIZES = (100, 1000, 4000, 8000)  # Of session tokens, in bytes.
TASKS = 5000
JOBS = 40

# The functions that a new token passes, and the steps that they are.
STEPS = {
    "signature": "the signature: HMAC-SHA256, five times (botocore)",
    "canonical_request": "the canonical request (botocore)",
    "string_to_sign": "the string to sign: SHA-256 (botocore)",
    "percent_encode": "percent-encoding (botocore, urllib)",
    "presign": "the request and its URL",
    "encode": "base64 and `Token`",
    "freeze": "reading and checking the keys",
    "check": "reading and checking the keys",
    "get_token": "checking the arguments, and the rest",
}


def session_token(size: int) -> str:
    """Base64, as AWS's are: some three characters in a hundred have to be percent-encoded."""
    return b64encode(random.Random(size).randbytes(size))[:size].decode()


def warm(report: Report, rounds: int, javascript: JavaScript | None) -> dict[str, float]:
    """Return the least time of a token by each generator, for the drawing."""
    awaits = aio.get_token_provider()
    asyncio.run(awaits())
    sides: dict[str, Side] = {
        "ours": (200, warm_timer(get_token_provider())),
        "awaited": (200, awaited(awaits)),
        "langchain": (200, warm_timer(langchain_provider())),
        "get_token": (25, Timer(get_token).timeit),
        "aws": (1, Timer(provide_token).timeit),
    }
    if javascript:
        sides["js"] = (200, javascript)
    times = take_turns(rounds, **sides)
    what, aws = "a warm provider, environment credentials", "AWS's `provide_token()`"
    ours = times["ours"]
    report.faster(what, aws, ours, times["aws"], bar=12_000)
    kinds = {kind: of_a_source(report, rounds, kind) for kind in ("role", "container")}
    alike = take_turns(rounds, ours=sides["ours"], **kinds)
    for kind in kinds:
        what = f"a warm provider, {kind} credentials"
        report.time(what, "the same, environment", alike[kind], alike["ours"], bar=1.3)
    what = "a warm provider, environment credentials"
    if javascript:
        report.faster(what, "AWS's JavaScript provider", ours, times["js"], bar=80)
    report.time(what, "langchain-aws's provider", ours, times["langchain"])
    what = "a warm provider, awaited"
    if javascript:
        report.faster(what, "AWS's JavaScript provider", times["awaited"], times["js"], bar=30)
    report.time(what, "the synchronous one", times["awaited"], ours, bar=4.0)
    asyncio.run(awaits())  # The minute of its token may be over.
    tasks = take_turns(5, ours=(TASKS, in_tasks(awaits)), nothing=(TASKS, in_tasks(nothing)))
    what = f"each of {TASKS:,} tasks at once that await a warm provider"
    report.time(what, f"{TASKS:,} tasks that do nothing", tasks["ours"], tasks["nothing"])
    what = "`get_token()`, keys with a session token of 1,000 B in the environment"
    report.faster(what, aws, times["get_token"], times["aws"], bar=50)
    return {side: min(times[side]) for side in times}


async def nothing() -> None:
    pass


def of_a_source(report: Report, rounds: int, kind: str) -> Side:
    """A row for credentials that come through HTTP, and the warm provider of it."""
    with source_of(kind, seconds=6 * 60 * 60):
        ours: Side = (200, warm_timer(get_token_provider()))
        # A fourth of the rounds: with a role, each call of theirs takes a tenth of a second.
        times = take_turns(rounds // 4 or 1, ours=ours, aws=(1, Timer(provide_token).timeit))
    what, aws = f"a warm provider, {kind} credentials", "AWS's `provide_token()`"
    report.faster(what, aws, times["ours"], times["aws"], bar=12_000)
    return ours


def warm_timer(provider: Callable[[], object]) -> Callable[[int], float]:
    provider()
    return Timer(provider).timeit


def new_tokens(report: Report, rounds: int) -> None:
    ours, aws = Timer(get_token).timeit, Timer(provide_token).timeit
    what, beside = "`get_token()`, long-term keys", "AWS's `provide_token()`"
    with settings(AWS_ACCESS_KEY_ID=KEYS[0], AWS_SECRET_ACCESS_KEY=KEYS[1]):
        times = take_turns(rounds, ours=(25, ours), aws=(1, aws))
    report.faster(f"{what} in the environment", beside, times["ours"], times["aws"], bar=50)
    with profile(f"[default]\n{PROFILE}"):
        times = take_turns(rounds, ours=(1, ours), aws=(1, aws))
    report.time(f"{what} in a profile", beside, times["ours"], times["aws"], bar=1.0)
    keys = {0: ("long-term keys", 0.7), 1000: ("keys with a session token of 1,000 B", 0.85)}
    for size, (name, bar) in keys.items():
        times = take_turns(rounds, **new_token(size))
        what = f"`get_token()`, {name} given"
        report.time(what, "AWS's `BedrockTokenGenerator`", times["ours"], times["aws"], bar=bar)


def new_token(size: int) -> dict[str, Side]:
    credentials = Credentials(*KEYS, session_token(size) or None)

    def ours() -> str:
        return get_token(credentials=credentials, region=REGION)

    def aws() -> str:
        return BedrockTokenGenerator().get_token(credentials, REGION)

    # A second may end between the two, but not three times.
    if all(ours() != aws() for _ in range(3)):
        raise SystemExit("The two make different tokens: nothing to compare.")
    return {"ours": (25, Timer(ours).timeit), "aws": (25, Timer(aws).timeit)}


def threads(report: Report, rounds: int) -> None:
    provider = get_token_provider()
    provider()
    one, many = ((160_000, in_threads(count, provider)) for count in (1, 16))
    times = take_turns(rounds, many=many, one=one)
    what = "the calls of 16 threads on one provider"
    report.faster(what, "those of one thread", times["many"], times["one"], bar=0.8)


def waits(report: Report, seconds: float) -> None:
    """Awaited calls while the loop has much to do: tasks, or blocking jobs in its executor."""
    report.header("longest wait", "bar", "what")
    with source_of("container", seconds=6 * 60 * 60) as source:
        longest = in_tasks(aio.get_token_provider())(TASKS)
        report.row(
            duration(longest),
            "–",
            f"{TASKS:,} tasks at once on a new provider, container credentials; "
            f"requests to the source: {source.requests.total()}",
        )
        # With less than 15 minutes to live, each renewal asks the source: every 10 seconds.
        source.life = timedelta(minutes=10)
        provider = aio.get_token_provider(expires_in_seconds=100)
        asyncio.run(provider())
        source.requests.clear()
        longest, calls = asyncio.run(beside_jobs(provider, seconds))
        report.row(
            duration(longest),
            bar_of("at most 50 ms", met=longest <= 0.05),
            f"{calls:,} calls in {seconds:.0f} seconds beside {JOBS} blocking jobs in the executor "
            f"of the event loop, which has {min(32, (os.cpu_count() or 1) + 4)} threads; renewals, "
            f"each with a request to the source: {source.requests.total()}",
        )


async def beside_jobs(provider: Callable[[], Any], seconds: float) -> tuple[float, int]:
    over = threading.Event()
    jobs = [asyncio.create_task(asyncio.to_thread(over.wait)) for _ in range(JOBS)]
    await asyncio.sleep(0.1)
    longest, calls, end = 0.0, 0, time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.perf_counter()
        await provider()
        longest, calls = max(longest, time.perf_counter() - start), calls + 1
        await asyncio.sleep(0.001)
    over.set()
    await asyncio.gather(*jobs)
    return longest, calls


def sizes(report: Report, rounds: int) -> None:
    rows: dict[str, list[str]] = {"warm": [], "ours": [], "aws": []}
    for size in SIZES:
        os.environ["AWS_SESSION_TOKEN"] = session_token(size)
        warm: Side = (200, warm_timer(get_token_provider()))
        times = take_turns(rounds, warm=warm, **new_token(size))
        for side, cells in rows.items():
            cells.append(duration(min(times[side])))
    report.header("session token of", *(f"{size:,} B" for size in SIZES))
    report.row("a warm provider", *rows["warm"])
    report.row("a new token each time", *rows["ours"])
    report.row("the same by AWS's Python package", *rows["aws"])


def steps(report: Report, rounds: int) -> None:
    report.header("share", "with a session token", "step of a new token")
    columns = []
    for size in (0, 1000):
        _, timer = new_token(size)["ours"]
        columns.append(shares(partial(timer, 1000), STEPS, seconds=rounds / 8))
    for step in columns[0]:
        report.row(*(f"{share[step]:.0%}" for share in columns), step)
