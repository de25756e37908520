"""Whatever goes wrong on a real line: no value is ever wrong, and all of them come back by themselves."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, cast

import pytest

from mbmd import backoff
from mbmd.bus import client, scheduler
from mbmd.config.adapter import Framing, Medium
from tests.integration.real_bus import LONG, SHORT, TIMEOUT, TWINS, RealBus, polling, run
from tests.integration.real_lines import LINES, RealFarEnd, RealLine, overdue, playing
from tests.scripted import (
    Asked,
    FarEnd,
    Step,
    by_byte,
    cut,
    drop,
    echo,
    exception,
    flip,
    good,
    halting,
    hang_up,
    noise,
    of_count,
    of_transaction,
    of_unit,
    split,
    steps,
)

LATE = 1.5 * TIMEOUT


class Fault(NamedTuple):
    """What happens to the next requests for a place."""

    name: str
    place: tuple[int, int]
    steps: tuple[Step, ...]


def of_any_line(size: int) -> Iterator[Fault]:
    """Faults that any line may have; `size` is that of the answer to LONG."""
    for times in (1, 3, 5):
        yield Fault(f"{times} dropped", SHORT, (drop,) * times)
    for at in (1, 3, size // 2, size - 2, size - 1):
        yield Fault(f"cut after {at}", LONG, (cut(at),))
    yield Fault("late", LONG, (overdue(LATE),))
    yield Fault("late again and again", TWINS[0], (overdue(LATE),) * 2)
    yield Fault("late, then gone", TWINS[1], (overdue(LATE), drop, drop))
    yield Fault("halting", LONG, (halting(size // 2, LATE),))
    for at in range(1, size):
        yield Fault(f"split after {at}", LONG, (split(at),))
    yield Fault("byte by byte", SHORT, (by_byte,))
    yield Fault("another unit before the right one", LONG, (steps(of_unit(77), good),))
    yield Fault("a unit that is not there", SHORT, (of_unit(77),))
    for count in (1, 3, 5):
        yield Fault(f"{count} registers", LONG, (of_count(count),))
    yield Fault("the wrong length before the right one", LONG, (steps(of_count(3), good),))
    for code in range(1, 12):
        yield Fault(f"exception {code}", LONG, (exception(code),))
    yield Fault("another protocol", LONG, (noise(b"HTTP/1.1 400 Bad Request\r\n"),))
    yield Fault("twice", SHORT, (steps(good, good),))


def of_serial_frames(size: int) -> Iterator[Fault]:
    """Faults of frames with a checksum, on wires where others may be heard."""
    for bit in (0, 7, 8, 12, 20, 31, 4 * size, 8 * size - 17, 8 * size - 9, 8 * size - 1):
        yield Fault(f"bit {bit}", LONG, (flip(bit),))
    beginnings = (bytes((1, 3)), bytes((1, 3, 8)), bytes((1, 0x83, 2)), b":", b":0103")
    for data in (b"\0", b"\xff" * 3, b"\r\n", *beginnings):
        yield Fault(f"noise {data!r}", LONG, (noise(data),))
    for place in (LONG, SHORT, *TWINS):
        yield Fault("an echo", place, (echo(),))
    yield Fault("an echo, and no answer", LONG, (echo(drop),))
    yield Fault("an echo and a damaged answer", LONG, (echo(flip(40)),))
    yield Fault("an echo and an exception", SHORT, (echo(exception(4)),))


def of_streams(size: int) -> Iterator[Fault]:
    """Faults of a connection."""
    for after in range(size + 1):
        yield Fault(f"closed after {after}", LONG, (hang_up(after),))


def faults_of(line: RealLine) -> Iterator[Fault]:
    """All faults that a line may have."""
    framing = line.framing
    size = len(Asked(framing, 1, 3, *LONG, 0, 0.0).good())
    yield from of_any_line(size)
    if framing is Framing.MBAP and line.adapter.transaction_ids:
        for offset in (1, -1):
            yield Fault(f"transaction {offset:+}", LONG, (of_transaction(offset),))
    if framing is not Framing.MBAP:
        yield from of_serial_frames(size)
    if line.adapter.medium is Medium.TCP:
        yield from of_streams(size)


def hurry(monkeypatch: pytest.MonkeyPatch, late: float) -> None:
    """Shorten what the engine waits for late answers and for dead devices, as a device may seem on a slow machine."""
    monkeypatch.setattr(client, "LATE", late)
    monkeypatch.setattr(backoff, "FIRST_PAUSE", 0.2)
    for module in (backoff, scheduler):
        monkeypatch.setattr(module, "LONGEST_PAUSE", 0.4)
    monkeypatch.setattr(scheduler, "PROBE_SHARE", 1.0)


async def suffer(bus: RealBus, fault: Fault) -> None:
    """Let a fault happen while the bus polls, and wait until all is well."""
    before = bus.line.struck
    bus.line.strike(fault.place, *fault.steps)
    await bus.until(lambda: bus.line.struck == before + len(fault.steps))
    await bus.until_whole()
    assert bus.hub.wrong == [], fault.name


@pytest.mark.parametrize("url", LINES.values(), ids=LINES)
def test_no_fault_brings_a_wrong_value_or_keeps_the_right_ones_away(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch, late=0.2)

    async def main() -> None:
        async with playing(url, tmp_path) as line, polling(line) as bus:
            await bus.until_whole()
            for fault in faults_of(line):
                await suffer(bus, fault)
            assert bus.online == [True, True]
            if line.adapter.medium is Medium.TCP:
                await bus.until(lambda: len(line.connections) == 1)

    run(main(), caplog)


SLOW_TIMEOUT = 0.5
slow = overdue(0.08, SLOW_TIMEOUT / 2)
"""An answer that takes longer than the engine waits for a good frame after a damaged one."""


def slow_twins(far: FarEnd, asked: Asked) -> None:
    """A device that takes its time for the reads of one length."""
    (slow if asked.unit == 1 and asked.place in TWINS else good)(far, asked)


def damaged_exception(far: FarEnd, asked: Asked) -> None:
    """What may have been a late exception, of this unit, and then the answer."""
    frame = asked.frame(bytes((asked.function | 0x80, 2)))
    far.send(frame[:-3] + bytes((frame[-3] ^ 1,)) + frame[-2:])
    slow(far, asked)


def glitch(far: FarEnd, asked: Asked) -> None:
    """The adapter is gone and back at once, and its bus has not noticed."""
    line = cast(RealFarEnd, far).line
    line.vanish()
    slow(line.plug_in(), asked)


SLOW_FAULTS = [(name, damaged_exception) for name in LINES if not name.startswith("tcp")]
SLOW_FAULTS += [(name, glitch) for name in ("rtu", "ascii")]


@pytest.mark.parametrize(("name", "step"), SLOW_FAULTS)
def test_a_request_that_was_given_up_early_has_no_part_in_the_next(
    name: str, step: Step, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch, late=SLOW_TIMEOUT)

    async def main() -> None:
        async with playing(LINES[name], tmp_path) as line, polling(line, patience=SLOW_TIMEOUT) as bus:
            await bus.until_whole()
            line.usual = slow_twins
            await suffer(bus, Fault("given up early", TWINS[0], (step,)))

    run(main(), caplog)
