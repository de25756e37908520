"""Starts who polls: mbmd as its users start it, or a rival."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import msgspec

from benchmarks.play import daemon
from benchmarks.play.meters import HOST, Meters
from benchmarks.rivals import libmodbus
from benchmarks.rivals.job import UNIT, make_job

PATIENCE = 60.0
"""Seconds within which a rival must poll."""

Start = Callable[[Meters], AbstractContextManager[int]]
"""Starts a process that polls meters flat out, until the end of the context; gives its id once it does."""


def devices_at(meters: Meters) -> list[dict[str, object]]:
    """SDM630 meters, as the configuration has them."""
    return [{"type": "sdm", "id": UNIT, "adapter": f"{HOST}:{port}"} for port in meters.ports]


@contextmanager
def mbmd(meters: Meters) -> Iterator[int]:
    """The daemon with all that it does by default, flat out; only what leaps as the clock does is plausible to it."""
    with daemon.running(devices_at(meters), rate="0s", plausibility=False) as running:
        yield running.pid


@contextmanager
def in_python(arguments: str, meters: Meters) -> Iterator[int]:
    """A rival in Python: its module, and what it is called with."""
    module, *others = arguments.split()
    command = [sys.executable, "-m", f"benchmarks.rivals.{module}", *others]
    with _child(command, msgspec.json.encode(make_job(HOST, meters.ports)), meters) as pid:
        yield pid


@contextmanager
def in_c(threads: int, meters: Meters) -> Iterator[int]:
    """libmodbus with so many threads."""
    with tempfile.TemporaryDirectory(prefix="mbmd-bench-") as folder:
        command = [str(libmodbus.build(Path(folder)))]
        with _child(command, libmodbus.numbers(make_job(HOST, meters.ports), threads).encode(), meters) as pid:
            yield pid


@contextmanager
def _child(command: Sequence[str], job: bytes, meters: Meters) -> Iterator[int]:
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        try:
            process.stdin.write(job + b"\n")
            process.stdin.flush()
            _wait_until_asked(meters, process)
            yield process.pid
        finally:
            process.terminate()


def _wait_until_asked(meters: Meters, process: "subprocess.Popen[bytes]") -> None:
    """Wait until each meter was asked, on the average. Raises RuntimeError when that does not come."""
    wanted = meters.asked().rounds + len(meters.ports)
    until = time.monotonic() + PATIENCE
    while meters.asked().rounds < wanted:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} does not poll: it ended with {process.returncode}")
        if time.monotonic() > until:
            raise RuntimeError(f"{process.args!r} does not poll all meters within {PATIENCE:.0f} s")
        time.sleep(0.02)


BARE, MBMD, PYMODBUS, LIBMODBUS = "bare loop", "mbmd", "pymodbus", "libmodbus"

STARTS: Mapping[str, Start] = {
    BARE: partial(in_python, "bare"),
    MBMD: mbmd,
    PYMODBUS: partial(in_python, "pymodbus_client"),
    "pymodbus, value by value": partial(in_python, "pymodbus_client each"),
    LIBMODBUS: partial(in_c, 1),
    "libmodbus, a thread per core": partial(in_c, os.cpu_count() or 1),
}
"""Who can poll, by name."""
