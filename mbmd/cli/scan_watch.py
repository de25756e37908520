"""How a scan shows that it goes on: a bar on a terminal, a line for each device found, or nothing."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mbmd.cli.output import console
from mbmd.cli.scan_report import found_lines
from mbmd.config.adapter import Medium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.progress import Progress

    from mbmd.config.adapter import Adapter
    from mbmd.scan.bus import Watch
    from mbmd.scan.unit import Portrait


@contextmanager
def make_watch(*, is_quiet: bool, has_bar: bool) -> Iterator[Watch]:
    """What shows the progress of a scan while the context lasts.

    The bar is on standard error, if that is a terminal; `is_quiet` keeps devices off standard output.
    """
    if not (has_bar and sys.stderr.isatty()):
        yield _Lines(None if is_quiet else console())
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[found]} found"))
    errors = console(stderr=True)
    out = errors if sys.stdout.isatty() else console()
    with Progress(*columns, TimeRemainingColumn(), console=errors, transient=True, redirect_stdout=False) as bar:
        yield _Bar(bar, None if is_quiet and out is not errors else out)


class _Lines:
    """Prints a line for each device found, if anywhere."""

    def __init__(self, out: Console | None) -> None:
        self._out = out

    def asking(self, adapter: Adapter, unit: int, left: int) -> None:
        """Nothing to show."""

    def found(self, adapter: Adapter, portrait: Portrait) -> None:
        """Its lines."""
        if self._out is not None:
            self._out.print("\n".join(found_lines(adapter, portrait)))
            self._out.file.flush()


class _Bar(_Lines):
    """The same, above a bar of the ids."""

    def __init__(self, bar: Progress, out: Console | None) -> None:
        super().__init__(out)
        self._bar = bar
        self._task = bar.add_task("", total=None, found=0)
        self._found = 0
        self._done = 0

    def asking(self, adapter: Adapter, unit: int, left: int) -> None:
        """The bar goes on."""
        is_serial = adapter.medium is Medium.SERIAL
        place = f"{adapter.address} {adapter.baudrate} {adapter.comset}" if is_serial else adapter.address
        self._bar.update(
            self._task, description=f"{place}  id {unit}", completed=self._done, total=self._done + left + 1
        )
        self._done += 1

    def found(self, adapter: Adapter, portrait: Portrait) -> None:
        """Its lines above the bar."""
        self._found += len(found_lines(adapter, portrait))
        self._bar.update(self._task, found=self._found)
        super().found(adapter, portrait)
