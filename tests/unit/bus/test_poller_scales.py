"""Values that need several registers of one answer, from a device whose registers change with every answer."""

import asyncio
from dataclasses import dataclass, field
from math import isclose, isnan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbmd.config.adapter import Framing
from mbmd.config.options import PollClass
from mbmd.devices.schema import Register, Scale
from tests import virtual_time
from tests.polled_bus import meter_of, polling
from tests.scripted import MEASUREMENTS, Asked, FarEnd, only

PLACES = st.integers(0, 40)
CLASSES = st.sampled_from(PollClass)
LASTS = 5
"""Answers in a row in which a scale stays."""
FAULTS = st.sampled_from(["drop", "late", 1, 2, 3, 4, 6, 11])


@dataclass
class Device:
    """Registers whose values differ from answer to answer, and scales now and then; those in `bad` are refused.

    In answer n any other register tells its address and the answer.
    """

    scales: set[int]
    bad: set[int]
    most: int
    faults: list[str | int]
    answers: list[Asked] = field(default_factory=list)

    def word(self, at: int, n: int) -> int:
        return self.scale(n) & 0xFFFF if at in self.scales else (1000 + 41 * n + at) % 60_000

    def scale(self, n: int) -> int:
        return n // LASTS % 5 - 2

    def value(self, register: Register, n: int) -> float:
        number = self.word(register.address, n)
        return number * 10.0 ** self.scale(n) if register.scale else float(number)

    def is_true(self, register: Register, value: float) -> bool:
        """Whether there was an answer with that value, when the scale was right for it."""
        return any(
            asked.address <= register.address < asked.address + asked.count and isclose(self.value(register, n), value)
            for n, asked in enumerate(self.answers)
        )

    def answer(self, far: FarEnd, asked: Asked) -> None:
        """What the device does about a read; its faults come first."""
        fault = self.faults.pop() if self.faults else ""
        places = range(asked.address, asked.address + asked.count)
        code = fault if isinstance(fault, int) else 2 if self.bad & {*places} else 3 if asked.count > self.most else 0
        if code:
            far.send(asked.frame(bytes((asked.function | 0x80, code))))
        elif fault != "drop":
            self.answers.append(asked)
            data = b"".join(self.word(at, len(self.answers) - 1).to_bytes(2) for at in places)
            frame = asked.frame(bytes((asked.function, len(data))) + data)
            asyncio.get_running_loop().call_later(0.4 if fault else 0.0, far.send, frame)


def needed(row: Register) -> set[int]:
    return {row.address} | ({row.scale.address} if row.scale is not None else set())


@st.composite
def tables(draw: st.DrawFn) -> list[Register]:
    """Up to six values, of which two scales serve some; scales are never values."""
    scales = draw(st.lists(PLACES, min_size=1, max_size=2))
    places = draw(st.lists(PLACES.filter(lambda at: at not in scales), min_size=1, max_size=6, unique=True))
    asked = draw(st.tuples(*[st.none() | st.sampled_from(scales)] * len(places)))
    rows = [
        Register(name, 3, at, "uint16", poll=draw(CLASSES), scale=None if scale is None else Scale(scale))
        for name, at, scale in zip(MEASUREMENTS, places, asked, strict=False)
    ]
    return [*rows, Register("CurrentL3", 3, 60, "uint16")]


@pytest.mark.parametrize("kind", Framing)
@given(rows=tables(), bad=st.sets(PLACES, max_size=2), longest=st.integers(1, 125), data=st.data())
@settings(max_examples=25)
def test_a_value_and_its_scale_are_of_one_answer_and_none_is_forgotten(
    kind: Framing, rows: list[Register], bad: set[int], longest: int, data: Any
) -> None:
    scales = {row.scale.address for row in rows if row.scale is not None}
    device = Device(scales, bad, longest, data.draw(st.lists(FAULTS, max_size=8)))
    holes = data.draw(st.booleans())

    async def run() -> None:
        meter = meter_of(rows, holes=holes, rate=30.0, plausibility=False)
        async with polling(only(1, device.answer, kind), meter) as bus:
            for seconds in [*[0.2] * 20, *[10.0] * 20, 3800.0]:
                await bus.wait(seconds)
                latest = {row.measurement: meter.readings.latest[meter.readings.slots[row.measurement]] for row in rows}
                assert all(
                    isnan(latest[row.measurement]) or device.is_true(row, latest[row.measurement]) for row in rows
                )
        missing = {name for name, value in latest.items() if isnan(value)}
        assert missing == {row.measurement for row in rows if bad & needed(row)} == {*meter.learned.refused}

    virtual_time.run(run())
