"""What is told while it is measured: one line that changes on a terminal, lines where stderr goes elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks.suite import Measured, reason
from mbmd.cli.output import console

Tell = Callable[[str], None]


@contextmanager
def telling(name: str, place: str) -> Iterator[Tell]:
    """Within, what is given is shown as what a benchmark does now; `place` says how many there are."""
    if not sys.stderr.isatty():
        yield lambda text: say(f"{name}: {text}")
        return
    with console(stderr=True).status(f"{place} {name}") as status:
        yield lambda text: status.update(f"{place} {name}: {text}")


def conclude(name: str, measured: Measured) -> None:
    """Say how a benchmark went, in a line that stays."""
    if measured.failed is not None:
        say(f"{name}: failed: {reason(measured.failed)}", "red")
    else:
        say(f"{name}: {len(measured.figures)} figures in {measured.seconds:.0f} s")


def say(text: str, style: str = "") -> None:
    """A line on stderr that stays."""
    console(stderr=True).print(text, style=style)
