"""One running bus: its connection, the task that polls it, and the devices on it."""

from collections.abc import Mapping
from time import monotonic, time
from typing import TYPE_CHECKING, TypeAlias

from mbmd.bus.client import Client, advise
from mbmd.bus.memory import Memory
from mbmd.bus.meter import Meter
from mbmd.bus.other_framing import OtherFraming
from mbmd.bus.poller import Poller
from mbmd.bus.unit import Part, UnitMeter
from mbmd.config.adapter import Adapter, Medium
from mbmd.errors import UsageError
from mbmd.prepare import Prepared
from mbmd.protocol.timing import costs
from mbmd.readings.device import Descriptor, DeviceReadings
from mbmd.readings.health import BusHealth
from mbmd.readings.hub import Hub
from mbmd.running.changes import Bus
from mbmd.session import open_adapter, trace
from mbmd.sunspec.device_type import is_sunspec
from mbmd.transport import latency
from mbmd.transport.line import Line, Receiver
from mbmd.transport.open import Opener
from mbmd.turns import Gate

if TYPE_CHECKING:
    import asyncio


Polled: TypeAlias = Meter | Part
"""What is polled of a device: a meter of its own, or its part of a unit."""


def make_polled(prepared: Prepared, memory: Memory) -> Polled:
    """A device that begins anew, with what was learned of it another time.

    Planning its reads takes a while; it may be done in a thread.
    """
    device, _, settings = prepared
    spec = device.spec
    of_type = prepared.type.measurements
    measurements = (of_type[register.measurement] for register in settings.registers)
    readings = DeviceReadings(device.id, spec.type.upper(), measurements, device.name, device.place)
    readings.descriptor = Descriptor(prepared.type.manufacturer, prepared.type.description)
    readings.adapter, readings.unit, readings.subdevice = spec.adapter.address, spec.unit, spec.subdevice
    readings.health.since = monotonic()
    if is_sunspec(spec.type):
        readings.descriptor = Descriptor()
        return Part(spec.subdevice, readings, settings)
    meter = Meter(spec.unit, readings, settings, costs(spec.adapter))
    return _remembered(meter, spec.adapter, memory)


class RunningBus:
    """A bus with its devices, in their order; it can be closed whether it was run or not."""

    def __init__(self, bus: Bus, polled: Mapping[str, Polled], hub: Hub, memory: Memory, raw: bool, gate: Gate) -> None:
        adapter, devices = bus
        self.polled = {name: polled[name] for name in _names(bus)}
        self._bus = bus
        self._memory = memory
        self._units: dict[int, UnitMeter] = {}
        meters = self._meters(bus)
        self.health = BusHealth(adapter.address, tuple(self.polled), adapter.is_serial_line)
        open_line = open_adapter(adapter, [(each.type, each.device.spec.unit) for each in devices])
        if adapter.medium is Medium.SERIAL:
            open_line = _looked_at(open_line, self.health)
        timeout = max(meter.settings.timeout for meter in meters)
        self._client = Client(adapter, open_line, timeout, trace(adapter, raw), self.health)
        self._poller = Poller(
            self._client,
            meters,
            hub,
            lambda meter: memory.keep(_key(adapter, meter), meter.learned.dump()),
            OtherFraming.of(adapter, open_line),
            gate,
        )
        self._opened = False
        self.task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Open a serial adapter, so that what is wrong with it is known; others are connected when they are polled.

        Raises UsageError for what the user can mend.
        """
        self._opened = True
        if self._client.adapter.medium is Medium.SERIAL:
            await self._poller.open()

    def is_down(self, error: UsageError) -> None:
        """Go on without the adapter, whose cable may come later: that is a link that is down as any other."""
        self._poller.link_is_down(error)

    async def run(self) -> None:
        """Poll until cancelled. One that came by a reload may have no adapter yet."""
        if not self._opened:
            try:
                await self.open()
            except UsageError as error:
                self.is_down(error)
        await self._poller.run()

    def polled_of(self, bus: Bus, fresh: Mapping[str, Polled]) -> dict[str, Polled]:
        """What is polled when it has other devices on the same connection: who is not among `fresh` goes on."""
        return {name: fresh[name] if name in fresh else self.polled[name] for name in _names(bus)}

    def take(self, bus: Bus, polled: dict[str, Polled]) -> None:
        """Have these other devices from now on; `go_on` polls them."""
        self.polled = polled
        for prepared in bus.devices:
            readings = self.polled[prepared.device.id].readings
            readings.name, readings.place = prepared.device.name, prepared.device.place
        self.health.devices = tuple(self.polled)
        self._bus = bus

    def go_on(self) -> None:
        """Poll the devices that it has now."""
        self._poller.replace(self._meters(self._bus))

    def _meters(self, bus: Bus) -> list[Meter]:
        """What is polled, with the parts of each unit together; a unit whose parts are the same goes on."""
        before, self._units = self._units, {}
        parts: dict[int, list[Part]] = {}
        meters: list[Meter] = []
        for prepared in bus.devices:
            polled = self.polled[prepared.device.id]
            if isinstance(polled, Part):
                parts.setdefault(prepared.device.spec.unit, []).append(polled)
            else:
                meters.append(polled)
        for unit, of_unit in parts.items():
            known = before.get(unit)
            if known is None or known.parts != tuple(of_unit):
                known = UnitMeter(unit, of_unit, costs(bus.adapter))
                _remembered(known, bus.adapter, self._memory)
            self._units[unit] = known
        return [*meters, *self._units.values()]

    def trace(self, raw: bool) -> None:
        """Log frames from now on, or do not."""
        self._client.trace(trace(self._client.adapter, raw))

    def close(self) -> None:
        """Close the connection; the task must have ended."""
        self._client.close()
        self.task = None  # which holds the error that ended it, and that this bus


def _names(bus: Bus) -> list[str]:
    """The ids of its devices, in their order."""
    return [prepared.device.id for prepared in bus.devices]


def _remembered(meter: Meter, adapter: Adapter, memory: Memory) -> Meter:
    """A meter with what was learned of it another time."""
    if known := memory.known(_key(adapter, meter)):
        meter.remember(known, time())
    return meter


def _key(adapter: Adapter, meter: Meter) -> str:
    """A device in the state file: its id would change with other adapters."""
    return f"{meter.readings.type}:{meter.unit}@{adapter.address}"


def _looked_at(open_line: Opener, health: BusHealth) -> Opener:
    """Look at the timer of an adapter each time that it is open: another one may be plugged in."""

    async def opened(receiver: Receiver) -> Line:
        line = await open_line(receiver)
        health.latency_timer = timer = latency.latency_timer(health.address)
        if timer is not None and timer > 1:
            advise(health, latency.advice(health.address, timer))
        return line

    return opened
