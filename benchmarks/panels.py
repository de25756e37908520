"""Which figures matter most: what the picture and the table for a README show."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from benchmarks.figure import Figure
from benchmarks.results import Results

MOST = 12
"""Figures of a panel."""


@dataclass(frozen=True)
class Panel:
    """Figures that are shown together: those of a benchmark and unit whose names match, in their order.

    What `label` captures is how a figure is called among them. `is_log` is for ratios that span magnitudes,
    `largest_first` for figures of which only those count that stand out.
    """

    title: str
    benchmark: str
    label: str
    unit: str
    is_log: bool = False
    largest_first: bool = False

    def bars(self, results: Results) -> list[tuple[str, Figure]]:
        """The figures of a run, each with its label; none, and the panel is left out."""
        bars = self.all(results)
        if self.largest_first:
            bars = sorted(bars, key=lambda bar: bar[1].median, reverse=True)
        return list(islice(bars, MOST))

    def all(self, results: Results) -> Iterable[tuple[str, Figure]]:
        """As `bars`, however many."""
        for benchmark, figure in results.figures():
            if (benchmark, figure.unit) == (self.benchmark, self.unit) and (
                found := re.search(self.label, figure.name)
            ):
                yield found[1], figure


PANELS = (
    Panel("Native core: how many times as fast as pymodbus", "kernels", r"^(.*): mbmd beside pymodbus$", "x", True),
    Panel("Serial lines: share of the wire's limit", "serial", r"^([^:]*): share of the wire's limit$", "x"),
    Panel("Modbus/TCP, 64 devices flat out", "tcp", r"^64 devices flat out: (.*)$", "sets/s"),
    Panel("Modbus/TCP, 64 devices flat out: CPU", "tcp", r"^64 devices flat out: (.*), CPU$", "µs/reading"),
    Panel("The whole way: 99 % arrive within", "whole", r"^(.*, wire to [^:]*): 99 % delay$", "ms"),
    Panel("Memory by part", "startup", r"^memory: (.*)$", "MiB"),
    Panel("How long the event loop is held", "holds", r"^(.*)$", "ms", largest_first=True),
    Panel("Memory, polled once a second", "tcp", r"^(.*) once a second: memory$", "MiB"),
    Panel("CPU of a start", "startup", r"^start: (.*)$", "ms"),
)


def main_figures(results: Results) -> Iterator[tuple[str, Figure]]:
    """Those that a panel shows or that have an aim, each with its benchmark, in the order of the run.

    Of figures of which only those count that stand out, there are no others.
    """
    shown = {(panel.benchmark, figure.name) for panel in PANELS for _, figure in panel.bars(results)}
    plain = {
        (panel.benchmark, figure.name) for panel in PANELS if panel.largest_first for _, figure in panel.all(results)
    }
    for name, figure in results.figures():
        key = name, figure.name
        if key in shown or (figure.aim is not None and key not in plain):
            yield name, figure
