"""The state of the daemon and its devices, in the shape of today and that of before release 0.9."""

import asyncio
import os
from pathlib import Path
from time import monotonic, time

import orjson

from mbmd.readings.device import DeviceReadings
from mbmd.readings.health import BusHealth, SinkHealth
from mbmd.readings.hub import Hub
from mbmd.readings.render import rfc3339
from mbmd.turns import in_turns, rest
from mbmd.web.answers import Content
from mbmd.web.bodies import Bus, ConfiguredMeter, Meter, Sink, StatusBody
from mbmd.web.render import rendered

KEPT = 0.2
"""Seconds for which a status is told again."""


class Status:
    """Counts from its making."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._started = time()
        self._since = monotonic()
        self._lock = asyncio.Lock()
        self._kept = 0.0
        self._there: list[int] = []
        self._content = Content(b"{}")

    async def content(self) -> Content:
        """The object as it is sent; made anew when it is older than KEPT, or devices have come or gone."""
        async with self._lock:
            now = monotonic()
            there = [self._hub.generation, *(device.online for device in self._hub.devices.values())]
            if now - self._kept >= KEPT or there != self._there:
                body = await self.body()
                await rest()
                self._content = Content(orjson.dumps(body))
                self._kept, self._there = now, there
            return self._content

    async def body(self) -> StatusBody:
        """The object of `/api/status`."""
        hub, now = self._hub, monotonic()
        devices = list(hub.devices.values())
        minutes = self._minutes(self._since, now)
        requests = hub.past_requests + sum(device.requests for device in devices)
        errors = hub.past_errors + sum(device.errors for device in devices)
        # From here on devices may come and go, of which the totals must not count anyone twice.
        meters = await in_turns(devices, lambda one: rendered(_meter(one, self._minutes(one.health.since, now))))
        configured = await in_turns(devices, lambda one: rendered(_configured(one)))
        buses = await self.buses()
        await rest()
        memory = _resident_bytes()
        return {
            "StartTime": rfc3339(self._started),
            "UpTime": now - self._since,
            "Goroutines": len(asyncio.all_tasks()),
            "Memory": {"Alloc": memory, "HeapAlloc": memory},
            "Meters": meters,
            "Modbus": {
                "TotalModbusRequests": requests,
                "ModbusRequestRatePerMinute": requests / minutes,
                "TotalModbusErrors": errors,
                "ModbusErrorRatePerMinute": errors / minutes,
            },
            "ConfiguredMeters": configured,
            "Buses": buses,
            "Sinks": [_sink(sink) for sink in hub.sinks],
        }

    async def buses(self) -> list[Bus]:
        """The list of `/api/buses`."""
        return await in_turns(self._hub.buses, lambda bus: rendered(self._bus(bus)))

    def _minutes(self, since: float, now: float) -> float:
        """How long something has been counted that came at `since`."""
        return max(now - max(since, self._since), 1.0) / 60

    def _bus(self, bus: BusHealth) -> Bus:
        devices = map(self._hub.devices.get, bus.devices)
        members = [device.health for device in devices if device is not None and device.online]
        return {
            "Adapter": bus.address,
            "Devices": bus.devices,
            "Connected": bus.connected,
            "Requests": bus.requests,
            "Load": bus.load(monotonic()),
            "RoundTrip": {"Median": bus.round_trip(0.5), "P95": bus.round_trip(0.95)},
            "Timeouts": bus.timeouts,
            "ChecksumErrors": bus.damaged,
            "StaleAnswers": bus.stale,
            "Echoes": bus.echoes,
            "Reconnects": bus.reconnects,
            "Round": sum(health.took for health in members),
            "Missed": max((health.missed for health in members), default=0.0),
            "UnitPause": bus.unit_pause,
            "LatencyTimer": bus.latency_timer,
            "Advice": bus.advice,
        }


def _meter(device: DeviceReadings, minutes: float) -> Meter:
    health, told = device.health, device.descriptor
    return {
        "Device": device.id,
        "Type": device.type,
        "Name": device.name,
        "Place": device.place,
        "Online": device.online,
        "Requests": device.requests,
        "RequestsPerMinute": device.requests / minutes,
        "Errors": device.errors,
        "ErrorsPerMinute": device.errors / minutes,
        "ErrorKinds": health.errors,
        "LastSeen": rfc3339(health.last_seen) if health.last_seen else None,
        "Trouble": health.trouble,
        "Refused": health.refused,
        "HeldBack": health.held_back,
        "Plan": {"Reads": health.plan.reads, "Registers": health.plan.registers, "Holes": health.plan.holes},
        "Rate": health.rate,
        "Interval": health.interval,
        "Missed": health.missed,
        "Subdevice": device.subdevice,
        "Manufacturer": told.manufacturer,
        "Model": told.model,
        "Options": told.options,
        "Version": told.version,
        "Serial": told.serial,
    }


def _configured(device: DeviceReadings) -> ConfiguredMeter:
    return {"Id": device.id, "Type": device.type, "Status": "available" if device.online else "unavailable"}


def _sink(sink: SinkHealth) -> Sink:
    """Sinks of other packages may put anything into their account."""
    return {
        "Name": sink.name,
        "Connected": bool(sink.connected),
        "Trouble": str(sink.trouble),
        "Sent": int(sink.sent),
        "Dropped": int(sink.dropped),
        "Refused": int(sink.refused),
        "Expired": int(sink.expired),
        "Waiting": int(sink.waiting),
        "WaitingBytes": int(sink.waiting_bytes),
        "Oldest": rfc3339(sink.oldest) if sink.oldest else None,
        "Failures": int(sink.failures),
    }


def _resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGESIZE")
