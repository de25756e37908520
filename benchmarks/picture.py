"""The main results on one page."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure
from benchmarks.numbers import readable
from benchmarks.panels import PANELS, Panel
from benchmarks.report import measured_on
from benchmarks.results import Results

KINDS = (".png", ".svg")
_OURS, _OTHERS, _INK = "#0072b2", "#e69f00", "#222222"
"""Of Okabe and Ito, whom all eyes can tell apart."""
_COLUMNS = 2
_WIDTH = 12.0
_LEGEND = "Medians, with whiskers from the lowest to the highest value; dotted: the aim"
_BAR = 0.3
"""Inches that a bar takes of the height."""


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
    page.suptitle(f"{said}\n{_LEGEND}", fontsize=9, color=_INK)
    grid = page.subplots(len(rows), _COLUMNS, squeeze=False, height_ratios=heights)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    for place, (axes, (panel, bars)) in enumerate(zip(grid.flat, panels, strict=False)):
        _fill(axes, panel, bars)
        # Bars are as thick as those of the panel beside.
        axes.set_ylim(max(len(beside) for _, beside in rows[place // _COLUMNS]) - 0.5, -0.5)
    return page


def _fill(axes: Any, panel: Panel, bars: Sequence[tuple[str, Figure]]) -> None:
    """Bars from top to bottom, each as long as its median, with whiskers from the lowest to the highest value."""
    medians = [figure.median for _, figure in bars]
    below = [figure.median - min(figure.values) for _, figure in bars]
    above = [max(figure.values) - figure.median for _, figure in bars]
    labels = [label for label, _ in bars]
    places = range(len(bars))
    colours = [_OTHERS if "mbmd" in labels and label != "mbmd" else _OURS for label in labels]
    drawn = axes.barh(places, medians, xerr=(below, above), color=colours, ecolor=_INK, capsize=3, height=0.7)
    axes.bar_label(drawn, map(readable, medians), fontsize=8, color=_INK, padding=4)
    for place, (_, figure) in enumerate(bars):
        if figure.aim:
            axes.plot((figure.aim, figure.aim), (place - 0.45, place + 0.45), color=_INK, linestyle=":", linewidth=2)
    axes.set_yticks(places, labels, fontsize=8)
    axes.margins(x=0.15)
    if panel.is_log:
        axes.set_xscale("log")
        axes.set_xlim(left=min(1.0, *medians))
    axes.set_title(f"{panel.title} [{panel.unit}]", fontsize=10, loc="left", color=_INK)
    axes.tick_params(axis="x", labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
