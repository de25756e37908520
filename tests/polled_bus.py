"""A poller on a scripted line, in virtual time, and what its meters should read."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from math import isnan
from typing import Any

from mbmd.bus.client import Client
from mbmd.bus.meter import Meter
from mbmd.bus.other_framing import OtherFraming
from mbmd.bus.poller import Poller
from mbmd.config.options import PollClass
from mbmd.devices.schema import Register
from mbmd.devices.settings import DEFAULT_RATING, Settings
from mbmd.errors import LinkError, UsageError
from mbmd.measurements import CATALOGUE, Measurement
from mbmd.protocol.timing import Costs
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Hub, Update
from tests.scripted import (
    ScriptedLine,
    registers,
    word,
)
from tests.virtual_time import now

TIMEOUT = 0.03
RATE = 1.0
SLOW_RATE = 10.0
PATIENCE = 10_000.0
COSTS = Costs(1, 0.1)
"""A hole of fewer than ten registers is read along."""
ADDRESSES = (0, 1, 2, 3, 100, 101, 200)
NAMES = [row.measurement for row in registers(*ADDRESSES)]


def make_settings(rows: Iterable[Register], **asked: Any) -> Settings:
    """What counts for a device that was asked for little."""
    plain = Settings(
        registers=tuple(rows),
        timeout=TIMEOUT,
        pause=0.0,
        max_registers=125,
        holes=True,
        rate=RATE,
        slow_rate=SLOW_RATE,
        rating=DEFAULT_RATING,
        plausibility=True,
    )
    return replace(plain, **asked)


def meter_of(
    rows: Iterable[Register], unit: int = 1, own: Mapping[str, Measurement] = CATALOGUE, **asked: Any
) -> Meter:
    """A device with any registers; `own` are the measurements that they name."""
    made = make_settings(rows, **asked)
    readings = DeviceReadings(f"SDM1.{unit}", "SDM", [own[row.measurement] for row in made.registers])
    return Meter(unit, readings, made, COSTS)


def make_meter(
    unit: int = 1,
    addresses: Iterable[int] = ADDRESSES,
    slow: Iterable[int] = (),
    once: Iterable[int] = (),
    **asked: Any,
) -> Meter:
    """Three reads: 0 to 3, 100 and 101, 200; `slow` and `once` are addresses of that class."""
    classes = dict.fromkeys(slow, PollClass.SLOW) | dict.fromkeys(once, PollClass.ONCE)
    rows = [replace(row, poll=classes.get(row.address, PollClass.FAST)) for row in registers(*addresses)]
    return meter_of(rows, unit, **asked)


def plans(meter: Meter) -> list[str]:
    """The reads of a device, class by class."""
    return [str(block) for group in meter.groups for block in group.plan]


class Bus:
    """A poller on a scripted line. `kept` are the meters that had news for the state file."""

    def __init__(self, line: ScriptedLine, *meters: Meter, other_framing: OtherFraming | None = None) -> None:
        self.line = line
        self.meters = meters
        self.kept: list[Meter] = []
        self.hub = Hub(meter.readings for meter in meters)
        self.subscription = self.hub.subscribe()
        self.client = Client(line.adapter, line.open, TIMEOUT)
        self.health = self.client.health
        self.poller = Poller(self.client, meters, self.hub, self.kept.append, other_framing)
        self.task = asyncio.create_task(self._live())

    async def _live(self) -> None:
        await self.poller.open()
        await self.poller.run()

    def replace(self, *meters: Meter) -> None:
        """Poll others from now on."""
        self.meters = meters
        self.hub.replace((meter.readings for meter in meters), ())
        self.poller.replace(meters)

    async def wait(self, seconds: float) -> None:
        """Let the bus work; raises what ended it."""
        await asyncio.wait([self.task], timeout=seconds)
        if self.task.done():
            self.task.result()

    async def until(self, step: float = 0.1, *, online: bool, unit: int = 1) -> float:
        """When a device is online, or offline."""
        readings = next(meter.readings for meter in self.meters if meter.unit == unit)
        for _ in range(10_000):
            if readings.online is online:
                return now()
            await self.wait(step)
        raise AssertionError("it never came to that")

    async def update(self) -> Update:
        """What the next poll that brings anything brings; raises what ended the bus."""
        while True:
            taking = asyncio.ensure_future(self.subscription.take())
            await asyncio.wait([self.task, taking], timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
            if not taking.done():
                taking.cancel()
                self.task.result()
            if updates := taking.result().updates:
                (update,) = updates
                return update


@asynccontextmanager
async def polling(line: ScriptedLine, *meters: Meter, other_framing: OtherFraming | None = None) -> AsyncIterator[Bus]:
    bus = Bus(line, *(meters or (make_meter(),)), other_framing=other_framing)
    try:
        yield bus
    finally:
        bus.task.cancel()
        with contextlib.suppress(asyncio.CancelledError, LinkError, UsageError):
            await bus.task
        bus.client.close()
        await asyncio.sleep(3)


def values(readings: DeviceReadings) -> dict[str, float]:
    """The latest values, without those that are none."""
    return {name: v for name, slot in readings.slots.items() if not isnan(v := readings.latest[slot])}


def right(meter: Meter, *without: int) -> dict[str, float]:
    """What a device should read, but for the registers at some addresses."""
    rows = meter.settings.registers
    return {row.measurement: word(meter.unit, 3, row.address) for row in rows if row.address not in without}


def no_wrong_value(meter: Meter) -> bool:
    return values(meter.readings).items() <= right(meter).items()
