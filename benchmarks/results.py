"""A run of the benchmarks as a file: everything that its figures depend on, and the figures with all their values."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from benchmarks.effort import Effort
from benchmarks.figure import Figure
from benchmarks.machine import Machine
from benchmarks.suite import Measured
from mbmd.errors import UsageError

SCHEMA = 1
"""Counts up when files of before cannot be read any more."""


class Spent(Struct, frozen=True):
    """The effort that was made; see Effort."""

    seconds: float
    repeat: int
    quick: bool

    @classmethod
    def of(cls, effort: Effort) -> "Spent":
        """What of an effort is kept."""
        return cls(effort.seconds, effort.repeat, effort.quick)


class Results(Struct, frozen=True):
    """A run; `commit` is None outside a checkout."""

    date: datetime
    machine: Machine
    versions: dict[str, str]
    commit: str | None
    effort: Spent
    benchmarks: dict[str, Measured]
    schema: int = SCHEMA

    def figures(self) -> Iterator[tuple[str, Figure]]:
        """All figures, each with its benchmark."""
        for name, measured in self.benchmarks.items():
            for figure in measured.figures:
                yield name, figure


class _Schema(Struct):
    schema: int


def write(results: Results, path: Path) -> None:
    """Write a run as JSON that people can read, too."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")


def read(path: Path) -> Results:
    """A run from a file. Raises UsageError, which names the file, if that has none or one of another version."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    try:
        return parse(content)
    except ValueError as error:
        raise UsageError(f"{path}: not what python -m benchmarks writes: {error}") from None


def parse(content: bytes) -> Results:
    """A run from JSON. Raises ValueError, which says what is wrong."""
    try:
        schema = msgspec.json.decode(content, type=_Schema).schema
        if schema != SCHEMA:
            raise ValueError(f"its version is {schema}, and this one reads {SCHEMA}: measure anew")
        return msgspec.json.decode(content, type=Results)
    except RecursionError:
        raise ValueError("nested too deep") from None
