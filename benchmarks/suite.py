"""The benchmarks, by name; each is a module with a `run`."""

from collections.abc import Callable, Iterator
from importlib import import_module

from benchmarks.effort import Effort
from benchmarks.figure import Figure

BENCHMARKS = {
    "tcp": "Modbus/TCP flat out, beside a bare event loop",
    "serial": "serial lines beside the limit of the wire",
    "holds": "how long anything holds the event loop with 1000 devices",
}
"""What there is, and what it measures; the module `benchmarks.NAME` has `run(effort)`, which yields figures."""

Run = Callable[[Effort], Iterator[Figure]]


def load(name: str) -> Run:
    """What runs a benchmark, imported when it is needed."""
    run: Run = import_module(f"benchmarks.{name}").run
    return run
