"""The state of the daemon and its devices, in the shape of today and that of before release 0.9."""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from time import monotonic, time
from typing import Any

from mbmd.readings.device import DeviceReadings
from mbmd.web.render import rfc3339


class Status:
    """Counts from its making."""

    def __init__(self, devices: Iterable[DeviceReadings]) -> None:
        self._devices = list(devices)
        self._started = time()
        self._since = monotonic()

    def body(self) -> dict[str, Any]:
        """The object of `/api/status`."""
        seconds = monotonic() - self._since
        minutes = max(seconds, 1.0) / 60
        requests = sum(device.requests for device in self._devices)
        errors = sum(device.errors for device in self._devices)
        memory = _resident_bytes()
        return {
            "StartTime": rfc3339(self._started),
            "UpTime": seconds,
            "Goroutines": len(asyncio.all_tasks()),
            "Memory": {"Alloc": memory, "HeapAlloc": memory},
            "Meters": [_meter(device, minutes) for device in self._devices],
            "Modbus": {
                "TotalModbusRequests": requests,
                "ModbusRequestRatePerMinute": requests / minutes,
                "TotalModbusErrors": errors,
                "ModbusErrorRatePerMinute": errors / minutes,
            },
            "ConfiguredMeters": [
                {"Id": d.id, "Type": d.type, "Status": "available" if d.online else "unavailable"}
                for d in self._devices
            ],
        }


def _meter(device: DeviceReadings, minutes: float) -> dict[str, Any]:
    return {
        "Device": device.id,
        "Type": device.type,
        "Online": device.online,
        "Requests": device.requests,
        "RequestsPerMinute": device.requests / minutes,
        "Errors": device.errors,
        "ErrorsPerMinute": device.errors / minutes,
    }


def _resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGESIZE")
