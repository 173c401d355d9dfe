"""Ways to measure. Sides take turns, in short batches, so that a busy machine slows them alike.

(pyperf and pytest-benchmark finish with one side before they begin with the next.)
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

Timer = Callable[[int], float]  # The seconds that so many calls take: timeit.Timer.timeit is one.
Side = tuple[int, Timer]  # The calls of a batch, and what times them.


def take_turns(rounds: int, **sides: Side) -> dict[str, list[float]]:
    """The seconds of a call, for each side in each round."""
    times: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side, (calls, timer) in sides.items():
            times[side].append(timer(calls) / calls)
    return times


def ratios(over: list[float], under: list[float]) -> tuple[float, float]:
    """The ratio of the fastest rounds, and the median of the ratios in each round."""
    each = (a / b for a, b in zip(over, under, strict=True))
    return min(over) / min(under), statistics.median(each)


def in_threads(count: int, call: Callable[[], object]) -> Timer:
    """The calls spread over threads that run at the same time."""

    def loop(calls: int) -> None:
        for _ in range(calls):
            call()

    def timer(calls: int) -> float:
        with ThreadPoolExecutor(count) as pool:
            start = time.perf_counter()
            list(pool.map(loop, [calls // count] * count))
            return time.perf_counter() - start

    return timer


def awaited(call: Callable[[], Awaitable[object]]) -> Timer:
    """Calls that one task awaits, one after the other."""

    async def loop(calls: int) -> float:
        start = time.perf_counter()
        for _ in range(calls):
            await call()
        return time.perf_counter() - start

    return lambda calls: asyncio.run(loop(calls))


def in_tasks(call: Callable[[], Awaitable[object]]) -> Timer:
    """Calls that as many tasks await at the same time."""

    async def tasks(calls: int) -> float:
        start = time.perf_counter()
        await asyncio.gather(*(call() for _ in range(calls)))
        return time.perf_counter() - start

    return lambda calls: asyncio.run(tasks(calls))


def process(*command: str) -> Timer:
    """Whole processes, from their start to their end."""

    def timer(calls: int) -> float:
        start = time.perf_counter()
        for _ in range(calls):
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        return time.perf_counter() - start

    timer(1)  # Writes the bytecode, and warms the file cache.
    return timer


def python(code: str) -> Timer:
    return process(sys.executable, "-c", code)


def answer(code: str) -> Any:
    """What the code prints as JSON, in an interpreter of its own."""
    return json.loads(subprocess.check_output([sys.executable, "-c", code]))


class JavaScript:
    """AWS's JavaScript provider, warm in one process of node; a timer."""

    def __init__(self, folder: Path) -> None:
        script = Path(__file__).with_name("provider.mjs")
        self.command = ("node", str(script), f"{folder.resolve()}/")
        self._process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self(20_000)  # The just-in-time compiler needs some calls.

    def __call__(self, calls: int) -> float:
        assert self._process.stdin
        assert self._process.stdout
        print(calls, file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


def shares(call: Callable[[], object], steps: dict[str, str], seconds: float) -> dict[str, float]:
    """The share of each step in the time of a call, by samples of the stack.

    ``steps`` names the function that each step is; the innermost that runs takes the sample.
    """
    samples: Counter[str] = Counter()

    def sample(_signal: int, frame: FrameType | None) -> None:
        while frame and frame.f_code.co_name not in steps:
            frame = frame.f_back
        if frame:
            samples[steps[frame.f_code.co_name]] += 1

    previous = signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        call()
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, previous)
    return {step: samples[step] / samples.total() for step in dict.fromkeys(steps.values())}


def import_times(module: str, rounds: int) -> dict[str, float]:
    """The seconds that an import spends in the own code of each top-level package."""
    fastest: dict[str, float] = {}
    command = [sys.executable, "-X", "importtime", "-c", f"import {module}"]
    for _ in range(rounds):
        run = subprocess.run(command, check=True, stderr=subprocess.PIPE, text=True)
        for own, name in re.findall(r"^import time: +(\d+) \| +\d+ \| +(.+)$", run.stderr, re.M):
            fastest[name] = min(fastest.get(name, float("inf")), int(own) / 1e6)
    packages: defaultdict[str, float] = defaultdict(float)
    for name, own in fastest.items():
        packages[name.partition(".")[0]] += own
    return packages
