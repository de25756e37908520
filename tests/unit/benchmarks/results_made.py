"""Runs of the benchmarks, made up."""

from datetime import UTC, datetime

from benchmarks.figure import Figure
from benchmarks.machine import Machine
from benchmarks.results import Results, Spent
from benchmarks.suite import Measured

MACHINE = Machine("Raspberry Pi 4", 4, "aarch64, 64 bit", 3906, "Debian 13", "Linux 6.12", "ondemand", 0.1)
RATE = Figure("64 devices: mbmd", "sets/s", (13000.0, 12000.0, 14000.0), "higher", 10000.0)
CPU = Figure("64 devices: CPU", "µs/reading", (3.0, 2.5, 2.75), "lower", 2.0)


def made(*figures: Figure, name: str = "tcp", machine: Machine = MACHINE, **left_out: str) -> Results:
    """A run of one benchmark."""
    return Results(
        datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
        machine,
        {"mbmd": "0.1.0", "python": "CPython 3.13.1"},
        "0123456789ab",
        Spent(3.0, 5, False),
        {name: Measured(list(figures), left_out, None, 12.5)},
    )
