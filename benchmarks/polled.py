"""Polls SDM630 meters as the daemon does, and counts."""

import asyncio
import time
from collections.abc import Iterable
from typing import NamedTuple

from mbmd.bus.client import Client
from mbmd.bus.meter import Meter
from mbmd.bus.poller import Poller
from mbmd.config.adapter import Adapter
from mbmd.config.options import NO_OPTIONS, DeviceOptions
from mbmd.devices.registry import BUILT_IN
from mbmd.devices.settings import resolve
from mbmd.measurements import CATALOGUE
from mbmd.planner import Block
from mbmd.protocol.timing import costs
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Hub
from mbmd.transport.open import opener

WARM_UP = 0.5
FLAT_OUT = DeviceOptions(rate=0.0, timeout=0.5)


class Count(NamedTuple):
    """Requests and errors within some seconds, and the CPU time of this process."""

    requests: int
    errors: int
    seconds: float
    cpu: float


def sdm630(adapter: Adapter, unit: int = 1) -> Meter:
    """A meter on an adapter, to be polled flat out."""
    settings = resolve(BUILT_IN.get("SDM"), NO_OPTIONS, adapter.options, FLAT_OUT)
    name = f"{adapter.address}:{unit}"
    readings = DeviceReadings(name, "SDM", (CATALOGUE[register.measurement] for register in settings.registers))
    return Meter(unit, readings, settings, costs(adapter))


def reads(adapter: Adapter) -> list[Block]:
    """The reads of a meter on an adapter."""
    return sdm630(adapter).due(0.0)


async def poll(buses: Iterable[tuple[Adapter, Iterable[int]]], seconds: float) -> Count:
    """Poll the units of each bus flat out."""
    meters: list[Meter] = []
    clients = []
    tasks = []
    for adapter, units in buses:
        on_bus = [sdm630(adapter, unit) for unit in units]
        clients.append(Client(adapter, opener(adapter), 0.5))
        poller = Poller(clients[-1], on_bus, Hub(m.readings for m in on_bus), lambda _: None)
        tasks.append(asyncio.create_task(poller.run()))
        meters += on_bus
    await asyncio.sleep(WARM_UP)
    before = _now(meters)
    await asyncio.sleep(seconds)
    after = _now(meters)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for client in clients:
        client.close()
    if after.requests == before.requests:
        raise RuntimeError("nothing was answered, so there is nothing to measure")
    return Count(
        after.requests - before.requests,
        after.errors - before.errors,
        after.seconds - before.seconds,
        after.cpu - before.cpu,
    )


def _now(meters: list[Meter]) -> Count:
    requests = sum(meter.readings.requests for meter in meters)
    errors = sum(meter.readings.errors for meter in meters)
    return Count(requests, errors, time.monotonic(), time.process_time())
