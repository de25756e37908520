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
def python(module: str, *args: str, meters: Meters) -> Iterator[int]:
    """A rival in Python."""
    job = msgspec.json.encode(make_job(HOST, meters.ports))
    with _child([sys.executable, "-m", f"benchmarks.rivals.{module}", *args], job, meters) as pid:
        yield pid


@contextmanager
def c(threads: int, meters: Meters) -> Iterator[int]:
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
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"{process.args!r} does not poll: it ended with {process.returncode}")
        time.sleep(0.02)


def _python(module: str, *args: str) -> Start:
    return lambda meters: python(module, *args, meters=meters)


BARE, MBMD, PYMODBUS, LIBMODBUS = "bare loop", "mbmd", "pymodbus", "libmodbus"

STARTS: Mapping[str, Start] = {
    BARE: _python("bare"),
    MBMD: mbmd,
    PYMODBUS: _python("pymodbus_client"),
    "pymodbus, value by value": _python("pymodbus_client", "each"),
    LIBMODBUS: partial(c, 1),
    "libmodbus, a thread per core": partial(c, os.cpu_count() or 1),
}
"""Who can poll, by name."""
