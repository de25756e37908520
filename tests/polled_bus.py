"""A poller on a scripted line, in virtual time, and what its meters should read."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from math import isnan

from mbmd.bus.client import Client
from mbmd.bus.meter import Meter
from mbmd.bus.poller import Poller
from mbmd.errors import LinkError, UsageError
from mbmd.measurements import CATALOGUE
from mbmd.planner import Limits, plan
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
ADDRESSES = (0, 1, 2, 3, 100, 101, 200)
NAMES = [row.measurement for row in registers(*ADDRESSES)]


def make_meter(unit: int = 1, addresses: Iterable[int] = ADDRESSES, pause: float = 0.0) -> Meter:
    """Three reads: 0 to 3, 100 and 101, 200."""
    rows = registers(*addresses)
    readings = DeviceReadings(f"SDM1.{unit}", "SDM", [CATALOGUE[row.measurement] for row in rows])
    return Meter(unit, readings, tuple(plan(rows, readings.slots, Limits(), Costs(1, 0.1))), pause)


class Bus:
    """A poller on a scripted line."""

    def __init__(self, line: ScriptedLine, *meters: Meter, rate: float = RATE) -> None:
        self.line = line
        self.meters = meters
        self.hub = Hub(meter.readings for meter in meters)
        self.subscription = self.hub.subscribe()
        self.client = Client(line.adapter, line.open, TIMEOUT)
        self.task = asyncio.create_task(self._live(Poller(self.client, meters, rate, self.hub)))

    async def _live(self, poller: Poller) -> None:
        await poller.open()
        await poller.run()

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
        (update,) = await self.subscription.take()
        return update


@asynccontextmanager
async def polling(line: ScriptedLine, *meters: Meter, rate: float = RATE) -> AsyncIterator[Bus]:
    bus = Bus(line, *(meters or (make_meter(),)), rate=rate)
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
    rows = zip(NAMES, ADDRESSES, strict=True)
    return {name: word(meter.unit, 3, at) for name, at in rows if name in meter.readings.slots and at not in without}


def no_wrong_value(meter: Meter) -> bool:
    return values(meter.readings).items() <= right(meter).items()
