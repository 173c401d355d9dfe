"""64 threads on one provider while its credentials are renewed under them."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest
from botocore.utils import ContainerMetadataFetcher

import sigv4
from bedrock_token_generator import get_token_provider
from examples import NOW

THREADS = 64
CALLS = 782  # A thread: 50,048 in all.


@pytest.mark.parametrize(
    ("minutes", "last_of_old"),
    [(46, True), (51, True), (58.9, True), (59.1, False), (61, False)],
    ids=["advisory window", "mandatory window", "a token lives", "its last minute", "its end"],
)
def test_50000_calls_across_a_refresh(container, clock, monkeypatch, minutes, last_of_old):
    """While one thread renews, the others go on with the last token, or wait if none lives."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setattr(ContainerMetadataFetcher, "TIMEOUT_SECONDS", 30)
    provider = get_token_provider()
    provider()
    later = NOW + timedelta(minutes=minutes)
    start = threading.Barrier(THREADS)
    # The answer takes its time, so that the refresh does not end before the others have called.
    answer = threading.Timer(0.2, container.answers_after.set)

    def move_on() -> None:
        container.answers_after.clear()
        clock.move_to(later)
        answer.start()

    half = threading.Barrier(THREADS, action=move_on)

    def call(_: int) -> list[tuple[str, float]]:
        start.wait()
        handed_out = [(provider(), time.time()) for _ in range(CALLS // 2)]
        half.wait()
        return handed_out + [(provider(), time.time()) for _ in range(CALLS // 2)]

    with ThreadPoolExecutor(THREADS) as pool:
        handed_out = [each for calls in pool.map(call, range(THREADS)) for each in calls]
    answer.join()

    assert len(handed_out) == THREADS * CALLS
    assert container.requests == 2  # The first and that refresh.
    seen = set()
    for token, moment in set(handed_out):
        now = datetime.fromtimestamp(moment, timezone.utc)
        issued = container.of(sigv4.claims(token).access_key)
        sigv4.verify(token, issued.keys, region="us-east-1", now=now)
        assert token.expires_at == issued.end
        seen.add((container.issued.index(issued), now))
    old_and_new = {(0, NOW), (1, later)}
    assert seen == (old_and_new | {(0, later)} if last_of_old else old_and_new)
