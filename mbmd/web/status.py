"""The state of the daemon and its devices, in the shape of today and that of before release 0.9."""

import asyncio
import os
from pathlib import Path
from time import monotonic, time
from typing import Any

import orjson

from mbmd.readings.device import DeviceReadings
from mbmd.readings.health import BusHealth, SinkHealth
from mbmd.readings.hub import Hub
from mbmd.readings.render import rfc3339
from mbmd.web.answers import Content

KEPT = 0.2
"""Seconds for which a status is told again."""
BREATH = 100
"""Devices after which others may use the event loop."""


class Status:
    """Counts from its making."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._started = time()
        self._since = monotonic()
        self._kept = 0.0
        self._there: list[int] = []
        self._content = Content(b"{}")

    def content(self) -> Content:
        """The object as it is sent; made anew when it is older than KEPT, or devices have come or gone."""
        there = self._who_is_there()
        if self._is_outdated(there):
            self._keep(self.body(), there)
        return self._content

    async def content_in_breaths(self) -> Content:
        """The same; where many devices are there others may use the event loop while it is made."""
        there = self._who_is_there()
        if len(there) <= BREATH or not self._is_outdated(there):
            return self.content()
        meters = []
        for number, device in enumerate(list(self._hub.devices.values()), 1):
            meters.append(orjson.dumps(self._meter(device, monotonic())))
            if number % BREATH == 0:
                await asyncio.sleep(0)
        self._keep(self.body(orjson.Fragment(b"[%b]" % b",".join(meters))), there)
        return self._content

    def _who_is_there(self) -> list[int]:
        return [self._hub.generation, *(device.online for device in self._hub.devices.values())]

    def _is_outdated(self, there: list[int]) -> bool:
        return monotonic() - self._kept >= KEPT or there != self._there

    def _keep(self, body: dict[str, Any], there: list[int]) -> None:
        self._content = Content(orjson.dumps(body))
        self._kept, self._there = monotonic(), there

    def body(self, meters: orjson.Fragment | None = None) -> dict[str, Any]:
        """The object of `/api/status`; `meters` are those of all devices if they are made already."""
        hub, now = self._hub, monotonic()
        devices = hub.devices.values()
        minutes = self._minutes(self._since, now)
        requests = hub.past_requests + sum(device.requests for device in devices)
        errors = hub.past_errors + sum(device.errors for device in devices)
        memory = _resident_bytes()
        return {
            "StartTime": rfc3339(self._started),
            "UpTime": now - self._since,
            "Goroutines": len(asyncio.all_tasks()),
            "Memory": {"Alloc": memory, "HeapAlloc": memory},
            "Meters": [self._meter(device, now) for device in devices] if meters is None else meters,
            "Modbus": {
                "TotalModbusRequests": requests,
                "ModbusRequestRatePerMinute": requests / minutes,
                "TotalModbusErrors": errors,
                "ModbusErrorRatePerMinute": errors / minutes,
            },
            "ConfiguredMeters": [
                {"Id": d.id, "Type": d.type, "Status": "available" if d.online else "unavailable"} for d in devices
            ],
            "Buses": [self._bus(bus) for bus in hub.buses],
            "Sinks": [_sink(sink) for sink in hub.sinks],
        }

    def _meter(self, device: DeviceReadings, now: float) -> dict[str, Any]:
        return _meter(device, self._minutes(device.health.since, now))

    def _minutes(self, since: float, now: float) -> float:
        """How long something has been counted that came at `since`."""
        return max(now - max(since, self._since), 1.0) / 60

    def _bus(self, bus: BusHealth) -> dict[str, Any]:
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


def _meter(device: DeviceReadings, minutes: float) -> dict[str, Any]:
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


def _sink(sink: SinkHealth) -> dict[str, Any]:
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
