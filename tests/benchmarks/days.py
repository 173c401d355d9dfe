"""The table of the requests to a source of credentials in a day."""

from __future__ import annotations

from report import Report
from sources import DRAWN, RATES, Day, days

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
        cells = [
            " / ".join(shown(ways[way, rate]) for rate in RATES)
            for way in ("here", "langchain", "aws")
        ]
        if missed(ways):
            cells[0] += " **missed**"
        report.row(NAMES[kind], life, *cells)
    hour = found[DRAWN]
    return {way: hour[way, 1].requests for way in ("here", "langchain", "aws")}


def shown(day: Day) -> str:
    if len(day.requests) < 24 * 60:
        return f"{day.requests[-1]:,} for {day.calls:,} calls"
    ended = f" ({day.ended / day.calls:.0%} ended)" if day.ended else ""
    return f"{day.requests[-1]:,}{ended}"


def missed(ways: dict[tuple[str, int], Day]) -> bool:
    """Whether another way asks less often, or a thousand calls a minute ask more than one."""
    ours = [ways["here", rate].requests[-1] for rate in RATES]
    fewer = any(
        len(day.requests) == 24 * 60 and day.requests[-1] < ours[RATES.index(rate)]
        for (_, rate), day in ways.items()
    )
    return fewer or len(set(ours)) > 1
