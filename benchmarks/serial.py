"""Four SDM630 on one paced serial line: how much of the wire's limit is used.

The limit is the cheapest cut of the registers into reads, each 13 + 2n characters, two silences of 3.5
characters and a turnaround of 5 ms. The line is a pseudo terminal, paced in a process of its own.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import uvloop

from benchmarks.effort import Effort
from benchmarks.figure import Figure, ratio
from benchmarks.polled import poll, reads
from mbmd.config.adapter import Adapter, parse_adapter
from mbmd.protocol.timing import costs

UNITS = range(1, 5)
BAUDRATES = (9600, 19200, 38400, 115200)


def run(effort: Effort) -> Iterator[Figure]:
    """Every baud rate."""
    with tempfile.TemporaryDirectory() as folder:
        for baudrate in BAUDRATES:
            effort.tell(f"{baudrate} baud")
            yield from _measure(parse_adapter(str(Path(folder) / "bus"), baudrate), effort)


def _measure(adapter: Adapter, effort: Effort) -> Iterator[Figure]:
    line, blocks = costs(adapter), reads(adapter)
    limit = 1 / sum(line.read + line.register * block.count for block in blocks)
    devices = ",".join(f"sdm:{unit}" for unit in UNITS)
    command = [sys.executable, "-m", "mbmd", "simulate", "-a", adapter.address, "-b", str(adapter.baudrate)]
    command += ["-d", devices, "--gaps", "zero"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as simulator:
        assert simulator.stdout is not None
        simulator.stdout.readline()
        try:
            counts = [uvloop.run(poll([(adapter, UNITS)], effort.seconds)) for _ in range(effort.repeat)]
        finally:
            simulator.terminate()
    sets = [count.requests / len(blocks) / count.seconds for count in counts]
    yield Figure(f"{adapter.baudrate} baud", "sets/s", tuple(sets), "higher")
    yield ratio(f"{adapter.baudrate} baud, share of the wire's limit", sets, [limit] * len(sets), "higher")
    yield Figure(
        f"{adapter.baudrate} baud: CPU", "% of a core", tuple(100 * c.cpu / c.seconds for c in counts), "lower"
    )
