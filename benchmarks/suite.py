"""The benchmarks, by name; each is a module with a `run`."""

import math
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from time import monotonic

from msgspec import Struct, field

from benchmarks.effort import Effort
from benchmarks.figure import Figure

BENCHMARKS = {
    "kernels": "checksums, frames, decoding and averages in the native core, beside pymodbus and plain Python",
    "serial": "serial lines from 9600 to 115200 baud, one to many, beside the limit of the wire",
    "tcp": "Modbus/TCP from one device to 1000, beside a bare event loop, pymodbus and libmodbus",
    "whole": "from the wire to REST, websockets, MQTT and metrics: throughput, latency, CPU",
    "startup": "start-up, time to the first reading, memory by part, size of what is installed",
    "holds": "how long anything holds the event loop with 1000 devices",
}
"""What there is, and what it measures; the module `benchmarks.NAME` has `run(effort)`, which yields figures."""

Run = Callable[[Effort], Iterator[Figure]]


class Measured(Struct):
    """What a benchmark gave; one that failed has the figures from before.

    `failed` is the error in a line, and the traceback below.
    """

    figures: list[Figure] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    failed: str | None = None
    seconds: float = 0.0


def load(name: str) -> Run:
    """What runs a benchmark, imported when it is needed."""
    run: Run = import_module(f"benchmarks.{name}").run
    return run


def measure(name: str, effort: Effort, measured: Measured) -> None:
    """Fill `measured` as the figures come; whatever fails is kept in it and goes no further, but for Ctrl-C."""
    start = monotonic()
    try:
        for figure in load(name)(replace(effort, left_out=measured.left_out)):
            _check(figure, measured.figures)
            measured.figures.append(figure)
    except Exception as error:
        said = next(iter(str(error).splitlines()), "")
        measured.failed = f"{type(error).__name__}: {said}\n{traceback.format_exc()}"
    except KeyboardInterrupt:
        measured.failed = "interrupted"
        raise
    finally:
        measured.seconds = monotonic() - start


def reason(failed: str) -> str:
    """What failed, in one line."""
    return failed.partition("\n")[0]


def _check(figure: Figure, before: list[Figure]) -> None:
    if not figure.values or not all(map(math.isfinite, figure.values)):
        raise ValueError(f"{figure.name}: no figure can be made of {figure.values}")
    if any(figure.name == other.name for other in before):
        raise ValueError(f"{figure.name}: measured twice")
