"""Puts the parts together: buses, readings and the web server in one event loop."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import groupby
from typing import NamedTuple

import uvloop

from mbmd import __version__
from mbmd.bus.client import Client
from mbmd.bus.meter import Meter
from mbmd.bus.poller import Poller
from mbmd.bus.trace import Trace
from mbmd.config.adapter import Adapter, Medium
from mbmd.config.devices import Device
from mbmd.config.run import RunConfig
from mbmd.config.values import join_host_port
from mbmd.devices import registry
from mbmd.devices.schema import DeviceType
from mbmd.errors import UsageError
from mbmd.measurements import CATALOGUE
from mbmd.planner import Limits, plan
from mbmd.protocol.timing import costs
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Hub
from mbmd.transport.open import Opener, opener

log = logging.getLogger(__name__)
raw_log = logging.getLogger("mbmd.raw")


class _BusDevice(NamedTuple):
    """A device of a bus before it is planned."""

    unit: int
    type: DeviceType
    readings: DeviceReadings


def run(config: RunConfig) -> None:
    """Poll and serve until SIGINT or SIGTERM. Raises UsageError for what keeps it from starting."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_signal(config))


async def _until_signal(config: RunConfig) -> None:
    await serve(config, stop_on_signal())


def stop_on_signal() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set from now on, in place of ending the process."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


async def serve(config: RunConfig, stop: asyncio.Event, started: Callable[[], None] = lambda: None) -> None:
    """Poll and serve until `stop` is set; `started` is called when the web server listens."""
    buses = [(adapter, [_bus_device(device) for device in devices]) for adapter, devices in _by_adapter(config.devices)]
    hub = Hub(device.readings for _, devices in buses for device in devices)
    async with _serving(config.api, hub), AsyncExitStack() as stack:
        pollers = [await stack.enter_async_context(_bus(adapter, devices, config, hub)) for adapter, devices in buses]
        log.info("mbmd %s: devices: %d, buses: %d", __version__, len(config.devices), len(buses))
        if config.api is not None:
            log.info("listening on http://%s", join_host_port(*config.api))
        tasks = [asyncio.create_task(poller.run()) for poller in pollers]
        stack.push_async_callback(_end, tasks)
        started()
        await _wait(stop, tasks)


@asynccontextmanager
async def _serving(api: tuple[str, int] | None, hub: Hub) -> AsyncIterator[None]:
    """The web server at `api`, if there is to be one."""
    if api is None:
        yield
        return
    from mbmd.web.app import WebServer, bind

    with bind(*api) as listener:
        web = WebServer(hub)
        try:
            await web.start(listener)
            yield
        finally:
            await web.close()


@asynccontextmanager
async def _bus(adapter: Adapter, devices: list[_BusDevice], config: RunConfig, hub: Hub) -> AsyncIterator[Poller]:
    """The poller of one bus; a serial adapter is open already, so that what is wrong with it is known at the start."""
    client = Client(adapter, _opener(adapter, devices), config.timeout, _trace(adapter, config.raw))
    poller = Poller(client, [_meter(adapter, device) for device in devices], config.rate, hub)
    try:
        if adapter.medium is Medium.SERIAL:
            await poller.open()
        yield poller
    finally:
        client.close()


async def _end(tasks: Iterable["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _wait(stop: asyncio.Event, tasks: Iterable["asyncio.Task[None]"]) -> None:
    """Return when `stop` is set; raise what ended a task, which should run for ever."""
    stopped = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        stopped.cancel()


def _by_adapter(devices: Iterable[Device]) -> list[tuple[Adapter, list[Device]]]:
    ordered = sorted(devices, key=lambda device: device.spec.adapter.address)
    return [(adapter, list(group)) for adapter, group in groupby(ordered, key=lambda device: device.spec.adapter)]


def _bus_device(device: Device) -> _BusDevice:
    device_type = registry.get(device.spec.type)
    if device.spec.subdevice:
        raise UsageError(f"device {device.id}: only SunSpec devices have subdevices")
    measurements = (CATALOGUE[register.measurement] for register in device_type.registers)
    readings = DeviceReadings(device.id, device.spec.type.upper(), measurements)
    return _BusDevice(device.spec.unit, device_type, readings)


def _meter(adapter: Adapter, device: _BusDevice) -> Meter:
    limits = Limits(device.type.max_registers, device.type.holes)
    blocks = plan(device.type.registers, device.readings.slots, limits, costs(adapter))
    return Meter(device.unit, device.readings, tuple(blocks), device.type.pause)


def _opener(adapter: Adapter, devices: Iterable[_BusDevice]) -> Opener:
    if adapter.medium is not Medium.MOCK:
        return opener(adapter)
    from mbmd.simulator.site import mock_line
    from mbmd.simulator.slaves import Gaps

    return mock_line([(device.type, device.unit) for device in devices], Gaps.ZERO)


def _trace(adapter: Adapter, raw: bool) -> Trace | None:
    if not raw:
        return None

    def trace(direction: str, data: bytes) -> None:
        raw_log.info("%s %s %s", adapter.address, direction, data.hex(" "))

    return trace
