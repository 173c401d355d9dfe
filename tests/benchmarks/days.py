"""The table of the requests to a source of credentials in a day."""

from __future__ import annotations

from report import Report, bar_of
from sources import DRAWN, MINUTES, RATES, WAYS, Day, days

NAMES = {
    "container": "container endpoint",
    "role": "role of a profile (STS)",
    "instance": "instance metadata",
}


def requests_of_a_day(report: Report) -> dict[str, list[int]]:
    """Return what the drawing shows: up to each minute, by each way."""
    report.header("credentials", "they live", "here", "langchain-aws", "`provide_token()`")
    found = {cell: future.result() for cell, future in days().items()}
    for (kind, life), ways in found.items():
        ours, *others = (" / ".join(shown(ways[way, rate]) for rate in RATES) for way in WAYS)
        report.row(NAMES[kind], life, bar_of(ours, met=not missed(ways)), *others)
    hour = found[DRAWN]
    return {way: hour[way, 1].requests for way in WAYS}


def shown(day: Day) -> str:
    if len(day.requests) < MINUTES:
        return f"{day.requests[-1]:,} for {day.calls:,} calls"
    ended = f" ({day.ended / day.calls:.0%} ended)" if day.ended else ""
    return f"{day.requests[-1]:,}{ended}"


def missed(ways: dict[tuple[str, int], Day]) -> bool:
    """Whether another way asks less often, or a thousand calls a minute ask more than one."""
    ours = [ways["here", rate].requests[-1] for rate in RATES]
    fewer = any(
        len(day.requests) == MINUTES and day.requests[-1] < ours[RATES.index(rate)]
        for (_, rate), day in ways.items()
    )
    return fewer or len(set(ours)) > 1
