"""A bus engine as the daemon has it, on a real line, every value of which is compared with the truth."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from math import isnan
from typing import TYPE_CHECKING, Any

import uvloop

from mbmd.bus.client import Client
from mbmd.bus.meter import Meter
from mbmd.bus.other_framing import OtherFraming
from mbmd.bus.poller import Poller
from mbmd.config.adapter import Medium
from mbmd.devices.settings import Settings
from mbmd.measurements import CATALOGUE
from mbmd.protocol.timing import costs
from mbmd.readings.device import NO_TEXTS, DeviceReadings
from mbmd.readings.health import BusHealth
from mbmd.readings.hub import Hub
from mbmd.transport.line import Line, Receiver
from mbmd.transport.open import opener
from tests.integration.real_lines import RealLine
from tests.scripted import registers, word

if TYPE_CHECKING:
    from array import array

    import pytest

LONG, SHORT, TWINS = (0, 4), (100, 2), ((200, 1), (300, 1))
"""The reads of every device; an answer to one of the twins is like one to the other."""
ADDRESSES = (0, 1, 2, 3, 100, 101, 200, 300)
UNITS = (1, 2)
TIMEOUT = 0.05
RATE = 0.0
PATIENCE = 120.0
"""Seconds within which a loaded machine still does anything."""


class _TruthfulHub(Hub):
    """Notes every update that is not true, and for each unit how far the script was at its last whole one."""

    def __init__(self, line: RealLine, meters: list[Meter], health: BusHealth) -> None:
        super().__init__((meter.readings for meter in meters), (health,))
        self.wrong: list[str] = []
        self.whole: dict[str, int] = {}
        self.updates = 0
        self.news = asyncio.Event()
        self._line = line
        self._truth = {meter.readings.id: _truth(meter) for meter in meters}

    def publish(self, device: DeviceReadings, values: "array[float]", texts: Mapping[str, str] = NO_TEXTS) -> None:
        for column in (values, device.latest):
            for measurement, value, right in zip(device.measurements, column, self._truth[device.id], strict=True):
                if value != right and not isnan(value):
                    self.wrong.append(f"{device.id}: {measurement.name} {value} is not {right}")
        if not any(map(isnan, values)):
            self.whole[device.id] = self._line.struck
        self.updates += 1
        self.news.set()
        super().publish(device, values, texts)


def _truth(meter: Meter) -> list[float]:
    places = {register.measurement: register.address for register in registers(*ADDRESSES)}
    return [float(word(meter.unit, 3, places[m.name])) for m in meter.readings.measurements]


class RealBus:
    """A poller of the devices on a line; `opened` counts how often that was opened, or tried to."""

    def __init__(self, line: RealLine, rate: float, timeout: float) -> None:
        rows = tuple(registers(*ADDRESSES))
        # Counters that are held back would hide a wrong value.
        settings = Settings(rows, timeout, 0.0, 125, False, rate, 60.0, 3000.0, plausibility=False)
        adapter = line.adapter
        self.line = line
        self.opened = 0
        self.meters = [
            Meter(
                unit, DeviceReadings(f"SDM1.{unit}", "SDM", [CATALOGUE[row.measurement] for row in rows]), settings, c
            )
            for c in [costs(adapter)]
            for unit in UNITS
        ]
        ids = [meter.readings.id for meter in self.meters]
        self.health = BusHealth(adapter.address, ids, adapter.is_serial_line)
        self.hub = _TruthfulHub(line, self.meters, self.health)
        self.client = Client(adapter, self._open, timeout, health=self.health)
        self.poller = Poller(self.client, self.meters, self.hub, lambda _: None, OtherFraming.of(adapter, self._open))
        self.task: asyncio.Task[None] | None = None

    async def _open(self, receiver: Receiver) -> Line:
        self.opened += 1
        return await opener(self.line.adapter)(receiver)

    @property
    def online(self) -> list[bool]:
        """Whether the devices are, in order."""
        return [meter.readings.online for meter in self.meters]

    async def until_whole(self) -> None:
        """Wait until each device has had all its values in one poll that ended after the last strike."""
        await self.until(lambda: all(self.hub.whole.get(m.readings.id) == self.line.struck for m in self.meters))

    async def until(self, condition: Callable[[], object], step: float = 0.001) -> None:
        """Wait until something is so; raises what ended the poller."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                if self.task is not None and self.task.done():
                    self.task.result()
                await asyncio.sleep(step)


@asynccontextmanager
async def polling(line: RealLine, rate: float = RATE, patience: float = TIMEOUT) -> AsyncIterator[RealBus]:
    """A bus that polls from now on; it must have had no wrong value when the context ends."""
    bus = RealBus(line, rate, patience)
    if line.adapter.medium is Medium.SERIAL:
        await bus.poller.open()
    bus.task = asyncio.create_task(bus.poller.run())
    try:
        yield bus
        assert bus.hub.wrong == []
        assert not bus.task.done()
    finally:
        bus.task.cancel()
        await asyncio.gather(bus.task, return_exceptions=True)
        bus.client.close()


def run(main: Coroutine[Any, Any, None], caplog: "pytest.LogCaptureFixture") -> None:
    """Run on the daemon's event loop; fails when anything is raised where nobody sees it, or a task is left."""
    raised: list[dict[str, Any]] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: raised.append(context))
        await main
        await asyncio.sleep(0.01)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    caplog.set_level(logging.INFO)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(watched())
    assert raised == []
    assert [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR] == []
