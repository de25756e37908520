"""The main results on one page."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure
from benchmarks.numbers import readable
from benchmarks.report import measured_on
from benchmarks.results import Results

KINDS = (".png", ".svg")
MOST = 12
"""Bars of a panel."""

_BARS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
"""Colours of Okabe and Ito, which all eyes can tell apart."""
_INK = "#222222"
_FAINT = "#888888"
_COLUMNS = 2
_WIDTH = 12.0
_BAR = 0.3
"""Inches that a bar takes of the height."""


@dataclass(frozen=True)
class Panel:
    """A panel of bars: the figures of a benchmark whose names match, in their order, all of one unit.

    What `label` captures is written at the bar; where it captures nothing, the whole name. `is_log` is for what spans
    magnitudes.
    """

    title: str
    benchmark: str
    label: str
    unit: str
    is_log: bool = False

    def bars(self, results: Results) -> list[tuple[str, Figure]]:
        """The bars of a run, each with its label; none, and the panel is left out."""
        return list(islice(self._bars(results), MOST))

    def _bars(self, results: Results) -> Iterator[tuple[str, Figure]]:
        for benchmark, figure in results.figures():
            if (
                benchmark == self.benchmark
                and figure.unit == self.unit
                and (found := re.search(self.label, figure.name))
            ):
                yield next(filter(None, found.groups()), figure.name), figure


PANELS = (Panel("Modbus/TCP, 64 devices flat out", "tcp", r"^64 devices flat out[:,] (.*)$", "sets/s"),)


def draw(results: Results, path: Path) -> list[Path]:
    """Draw the panels that the run has figures for, as files with the kinds behind `path`; none without any.

    Raises ImportError without matplotlib.
    """
    panels = [(panel, bars) for panel in PANELS if (bars := panel.bars(results))]
    if not panels:
        return []
    page = _page(panels, measured_on(results))
    files = [path.with_name(path.name + kind) for kind in KINDS]
    for file in files:
        page.savefig(file, dpi=120, facecolor="white")
    return files


def _page(panels: Sequence[tuple[Panel, list[tuple[str, Figure]]]], said: str) -> Any:
    from matplotlib.figure import Figure as Page

    rows = [panels[start : start + _COLUMNS] for start in range(0, len(panels), _COLUMNS)]
    heights = [max(len(bars) for _, bars in row) * _BAR + 0.9 for row in rows]
    page = Page(figsize=(_WIDTH, sum(heights) + 0.7), layout="constrained")
    page.suptitle(f"What mbmd carries\n{said}", fontsize=9, color=_INK)
    grid = page.subplots(len(rows), _COLUMNS, squeeze=False, height_ratios=heights)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    for axes, (panel, bars) in zip(grid.flat, panels, strict=False):
        _fill(axes, panel, bars)
    return page


def _fill(axes: Any, panel: Panel, bars: Sequence[tuple[str, Figure]]) -> None:
    """Bars from top to bottom, each as long as its median, with whiskers from the lowest to the highest value."""
    medians = [figure.median for _, figure in bars]
    below = [figure.median - min(figure.values) for _, figure in bars]
    above = [max(figure.values) - figure.median for _, figure in bars]
    places = range(len(bars))
    colours = [_BARS[place % len(_BARS)] for place in places]
    drawn = axes.barh(places, medians, xerr=(below, above), color=colours, ecolor=_INK, capsize=3, height=0.7)
    axes.bar_label(drawn, [f" {readable(median)}" for median in medians], fontsize=8, color=_INK, padding=3)
    axes.set_yticks(places, [label for label, _ in bars], fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    if panel.is_log:
        axes.set_xscale("log")
    axes.set_title(f"{panel.title} [{panel.unit}]", fontsize=10, loc="left", color=_INK)
    axes.tick_params(axis="x", labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    for aim in {figure.aim for _, figure in bars if figure.aim is not None}:
        axes.axvline(aim, color=_FAINT, linestyle="--", linewidth=1)
