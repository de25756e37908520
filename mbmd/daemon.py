"""Puts the parts together: buses, readings and the web server in one event loop."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import groupby
from time import monotonic, time
from typing import NamedTuple

import uvloop

from mbmd import __version__
from mbmd.bus.client import Client
from mbmd.bus.memory import Memory
from mbmd.bus.meter import Meter
from mbmd.bus.other_framing import OtherFraming
from mbmd.bus.poller import Poller
from mbmd.bus.report import report
from mbmd.config.adapter import Adapter, Medium
from mbmd.config.run import RunConfig
from mbmd.config.values import join_host_port
from mbmd.devices.registry import Registry
from mbmd.devices.schema import DeviceType
from mbmd.devices.settings import Settings
from mbmd.prepare import Prepared, prepare
from mbmd.protocol.timing import costs
from mbmd.readings.device import DeviceReadings
from mbmd.readings.health import BusHealth
from mbmd.readings.hub import Hub
from mbmd.session import open_adapter, trace
from mbmd.transport import latency

log = logging.getLogger(__name__)

FIRST_REPORT = 60.0
REPORT_PAUSE = 600.0


class _BusDevice(NamedTuple):
    """A device of a bus before it is planned."""

    unit: int
    type: DeviceType
    settings: Settings
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
    devices = prepare(config, Registry(config.device_dirs))
    buses = [(adapter, [_bus_device(d) for d in group]) for adapter, group in _by_adapter(devices)]
    accounts = [
        BusHealth(adapter.address, [d.readings.id for d in devices], adapter.is_serial_line)
        for adapter, devices in buses
    ]
    hub = Hub((device.readings for _, devices in buses for device in devices), accounts)
    memory = Memory(config.state)
    async with _serving(config.api, hub), AsyncExitStack() as stack:
        stack.callback(memory.close)
        pollers = [
            await stack.enter_async_context(_bus(adapter, devices, config, hub, account, memory))
            for (adapter, devices), account in zip(buses, accounts, strict=True)
        ]
        log.info("mbmd %s: devices: %d, buses: %d", __version__, len(config.devices), len(buses))
        if config.api is not None:
            log.info("listening on http://%s", join_host_port(*config.api))
        tasks = [asyncio.create_task(work) for work in (memory.run(), _report(hub), *(p.run() for p in pollers))]
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
async def _bus(
    adapter: Adapter,
    devices: list[_BusDevice],
    config: RunConfig,
    hub: Hub,
    account: BusHealth,
    memory: Memory,
) -> AsyncIterator[Poller]:
    """The poller of one bus; a serial adapter is open already, so that what is wrong with it is known at the start."""
    open_line = open_adapter(adapter, [(device.type, device.unit) for device in devices])
    timeout = max(device.settings.timeout for device in devices)
    client = Client(adapter, open_line, timeout, trace(adapter, config.raw), account)
    meters = {_meter(adapter, device, memory): _key(adapter, device) for device in devices}
    poller = Poller(
        client,
        meters,
        hub,
        lambda meter: memory.keep(meters[meter], meter.learned.dump()),
        OtherFraming.of(adapter, open_line),
    )
    try:
        if adapter.medium is Medium.SERIAL:
            await poller.open()
            _look_at_latency(client)
        yield poller
    finally:
        client.close()


def _look_at_latency(client: Client) -> None:
    client.health.latency_timer = timer = latency.latency_timer(client.address)
    if timer is not None and timer > 1:
        client.advise(latency.advice(client.address, timer))


async def _report(hub: Hub) -> None:
    """Say in the log how the buses are: soon after the start, then now and then."""
    await asyncio.sleep(FIRST_REPORT)
    while True:
        for bus in hub.buses:
            log.info("%s", report(bus, [hub.devices[name] for name in bus.devices], monotonic()))
        await asyncio.sleep(REPORT_PAUSE)


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


def _by_adapter(devices: Iterable[Prepared]) -> list[tuple[Adapter, list[Prepared]]]:
    ordered = sorted(devices, key=lambda prepared: prepared.device.spec.adapter.address)
    return [(adapter, list(group)) for adapter, group in groupby(ordered, key=lambda p: p.device.spec.adapter)]


def _bus_device(prepared: Prepared) -> _BusDevice:
    device, device_type, settings = prepared
    known = device_type.measurements
    measurements = (known[register.measurement] for register in settings.registers)
    readings = DeviceReadings(device.id, device.spec.type.upper(), measurements, device.name, device.place)
    return _BusDevice(device.spec.unit, device_type, settings, readings)


def _key(adapter: Adapter, device: _BusDevice) -> str:
    """A device in the state file: its id would change with other adapters."""
    return f"{device.readings.type}:{device.unit}@{adapter.address}"


def _meter(adapter: Adapter, device: _BusDevice, memory: Memory) -> Meter:
    meter = Meter(device.unit, device.readings, device.settings, costs(adapter))
    if known := memory.known(_key(adapter, device)):
        meter.remember(known, time())
    return meter
