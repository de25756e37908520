"""Four SDM630 on one paced serial line: how much of the wire's limit is used.

The limit is the cheapest cut of the registers into reads, each 13 + 2n characters, two silences of 3.5
characters and a turnaround of 5 ms. The line is a pseudo terminal, paced in a process of its own.
"""

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import uvloop

from benchmarks.polled import poll, reads
from mbmd.config.adapter import Adapter, parse_adapter
from mbmd.protocol.timing import costs

UNITS = range(1, 5)
BAUDRATES = (9600, 19200, 38400, 115200)


def run(seconds: float, repeat: int) -> Iterator[str]:
    """Every baud rate; yields the lines of the report."""
    with tempfile.TemporaryDirectory() as folder:
        for baudrate in BAUDRATES:
            yield _measure(parse_adapter(str(Path(folder) / "bus"), baudrate), 3 * seconds, repeat)


def _measure(adapter: Adapter, seconds: float, repeat: int) -> str:
    line, blocks = costs(adapter), reads(adapter)
    limit = 1 / sum(line.read + line.register * block.count for block in blocks)
    devices = ",".join(f"sdm:{unit}" for unit in UNITS)
    command = [sys.executable, "-m", "mbmd", "simulate", "-a", adapter.address, "-b", str(adapter.baudrate)]
    command += ["-d", devices, "--gaps", "zero"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as simulator:
        assert simulator.stdout is not None
        simulator.stdout.readline()
        try:
            counts = [uvloop.run(poll([(adapter, UNITS)], seconds)) for _ in range(repeat)]
        finally:
            simulator.terminate()
    sets = statistics.median(count.requests / len(blocks) / count.seconds for count in counts)
    cpu = statistics.median(count.cpu / count.seconds for count in counts)
    errors = sum(count.errors for count in counts)
    return (
        f"{adapter.baudrate} baud: {sets:.2f} sets/s, {sets / limit:.3f} of the wire's limit, "
        f"{100 * cpu:.1f} % of a core, {errors} errors"
    )
