"""The pictures of the page, as SVG. Their grounds are transparent: colours suit light and dark."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from report import duration
from sources import MINUTES

# Each has the same contrast to white and to the dark page, 4.3 to 1.
OURS, PEER, TEXT = "#0b82c4", "#8a8a8a", "#7a7a7a"
SETTINGS = {
    "font.size": 13,
    # Text stays text: the viewer's font draws it, which is narrower than the one laid out with.
    "svg.fonttype": "none",
    "svg.hashsalt": "bedrock_token_generator",
    "text.color": TEXT,
    "xtick.color": TEXT,
    "ytick.color": TEXT,
}
GENERATORS = {
    "ours": "get_token_provider()",
    "langchain": "langchain-aws's provider",
    "awaited": "aio.get_token_provider()",
    "js": "AWS's JavaScript provider",
    "get_token": "get_token()",
    "aws": "AWS's provide_token(), Python",
}
MINE = ("ours", "awaited", "get_token")


def draw_times(times: dict[str, float], path: Path) -> None:
    """A bar for each generator, its name above it, its time behind it."""
    with mpl.rc_context(SETTINGS):
        figure, axes = start(height=4.3)
        axes.set_xscale("log")
        axes.set_xlim(1e-7, 1e-1)
        sides = [side for side in GENERATORS if side in times]
        for row, side in enumerate(sides):
            axes.barh(-row, times[side] - 1e-7, 0.36, 1e-7, color=OURS if side in MINE else PEER)
            axes.text(1e-7, 0.27 - row, GENERATORS[side], va="bottom")
            axes.text(times[side] * 1.2, -row, duration(times[side]), va="center", weight="bold")
        axes.set_ylim(0.7 - len(sides), 0.9)
        axes.set_yticks([])
        ticks = {1e-7: "0.1 µs", 1e-5: "10 µs", 1e-3: "1 ms"}
        axes.set_xticks([*ticks], [*ticks.values()], ha="left")
        axes.minorticks_off()
        axes.set_title("time of one token, logarithmic", loc="left", size=13)
        axes.spines["bottom"].set_visible(False)
        save(figure, path)


def draw_requests(requests: dict[str, list[int]], path: Path) -> None:
    """A line for each way, its total at its end."""
    with mpl.rc_context(SETTINGS):
        figure, axes = start(height=3.3)
        hours = [minute / 60 for minute in range(MINUTES)]
        ours, langchain, aws = (requests[way] for way in ("here", "langchain", "aws"))
        axes.plot(hours, aws, color=PEER, linewidth=3)
        axes.plot(hours, langchain, color=PEER, linewidth=6)
        axes.plot(hours, ours, color=OURS, linewidth=3, linestyle=(0, (2, 1)))
        top = max(aws)
        axes.text(15.5, top * 0.8, f"provide_token():\n{aws[-1]:,}", ha="right", weight="bold")
        axes.text(24, top * 0.14, f"langchain-aws: {langchain[-1]}", ha="right", weight="bold")
        axes.text(24, top * 0.05, f"here: {ours[-1]}", ha="right", weight="bold", color=OURS)
        axes.set_xlim(0, 24)
        axes.set_ylim(0, top * 1.05)
        axes.set_xticks([0, 6, 12, 18, 24], ["0 h", "6", "12", "18", "24 h"])
        axes.set_yticks([500, 1000, 1500], ["500", "1,000", "1,500"])
        axes.set_title("requests to the source", loc="left", size=13)
        save(figure, path)


def start(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(3.7, height), layout="constrained")
    axes = figure.add_subplot()
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(TEXT)
    axes.tick_params(length=0)
    return figure, axes


def save(figure: Figure, path: Path) -> None:
    figure.savefig(path, transparent=True, metadata={"Date": None})
