"""A daemon that is killed loses what was put in its last second at most."""

import asyncio
import contextlib
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from mbmd.config.outputs import Outbox as Keys
from mbmd.readings.health import SinkHealth
from mbmd.sinks.outbox.outbox import Outbox

ROOT = Path(__file__).parents[4]


def live(file: Path, first: int, seed: int) -> list[tuple[int, float]]:
    """A process that lives for a while; the items it put, and how long before its death."""
    command = [sys.executable, "-m", "tests.unit.sinks.outbox.crashing", str(file), str(first), str(seed)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        begun = process.stdout.readline()
        time.sleep(random.Random(seed).uniform(0.2, 2.0))
        process.send_signal(signal.SIGKILL)
        death = time.monotonic()
        lines = [line.split() for line in [begun, *process.stdout.read().splitlines()]]
    return [(int(line[0]), death - float(line[1])) for line in lines if len(line) == 2]


async def rest(file: Path) -> list[int]:
    """What a last run finds."""
    found: list[int] = []
    ended = asyncio.Event()

    async def send(items: Sequence[bytes]) -> None:
        found.extend(int(item) for item in items if item != b"end")
        if b"end" in items:
            ended.set()

    box = Outbox(file, Keys(), send, SinkHealth("influx"))
    running = asyncio.create_task(box.run())
    box.put(b"end", 1)
    await asyncio.wait_for(ended.wait(), 30)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_again_and_again_it_loses_but_the_last_second(file: Path, seed: int) -> None:
    file.parent.mkdir()
    put: list[tuple[int, float]] = []
    for turn in range(2):
        put += live(file, put[-1][0] + 1 if put else 0, 10 * seed + turn)
    taken = file.with_name("taken")
    arrived = [int(line) for line in taken.read_bytes().split()] if taken.exists() else []
    arrived += asyncio.run(rest(file))
    lost = {number for number, _ in put} - set(arrived)
    assert [age for number, age in put if number in lost and age > 1.0 + SLACK] == []
    firsts = list(dict.fromkeys(arrived))
    assert firsts == sorted(firsts)


SLACK = 0.5
"""Seconds that a loaded machine may be late."""
