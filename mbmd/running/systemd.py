"""What the service manager that started this process wants to hear of it, as sd_notify(3) has it."""

import asyncio
import logging
import os
import socket
import threading
from collections import deque
from collections.abc import Callable, MutableMapping
from time import monotonic_ns

from mbmd.readings.hub import Hub
from mbmd.running.runfile import Report

PAUSE = 5.0
"""Seconds between looks at how the devices are."""
BEATS = 3
"""Signs of life in the time after which the manager takes the process for dead."""
MOST_OWED = 8
"""Messages that wait for a manager that takes none, of which the newest count."""

log = logging.getLogger(__name__)


class Manager:
    """The service manager, or nobody. It is told all by datagrams that wait for nothing and whose loss ends nothing.

    Its variables are taken out of the environment: children shall not speak for this process.
    """

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        name = environment.pop("NOTIFY_SOCKET", "")
        self._address = f"\0{name[1:]}" if name.startswith("@") else name
        self._patience = _watchdog(environment.pop("WATCHDOG_USEC", ""), environment.pop("WATCHDOG_PID", ""))
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if name else None
        self._owed: deque[bytes] = deque(maxlen=MOST_OWED)
        self._lock = threading.Lock()
        self._is_lost = False
        self._refused = ""

    @property
    def watches(self) -> bool:
        """Whether the process is to give signs of life."""
        return self._socket is not None and self._patience > 0

    def close(self) -> None:
        """Tell it nothing more."""
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    def hearing(self, tell: Callable[[Report], None]) -> Callable[[Report], None]:
        """`tell`, of which the manager hears too, and first: `tell` may wait for a disk."""

        def told(report: Report) -> None:
            self.hear(report)
            tell(report)

        return told

    def hear(self, report: Report) -> None:
        """Say that the start or a reload is over, or that a reload has begun."""
        if report.begun > report.done:
            self.say("RELOADING=1", f"MONOTONIC_USEC={monotonic_ns() // 1000}")
            return
        self._refused = "; the last reload was refused" if report.errors else ""
        self.say("READY=1")

    def stopping(self) -> None:
        """Say that the end has begun."""
        self.say("STOPPING=1", "STATUS=stopping")

    async def watch(self, hub: Hub) -> None:
        """Tell how the devices are, and that the event loop still turns, until cancelled."""
        if self._socket is None:
            await asyncio.get_running_loop().create_future()
        pause = min(PAUSE, self._patience / BEATS) if self.watches else PAUSE
        beat = ("WATCHDOG=1",) if self.watches else ()
        told = ""
        while True:
            status = f"STATUS={describe(hub)}{self._refused}"
            if status != told or beat:
                self.say(*beat, *((status,) if status != told else ()))
            told = status
            await asyncio.sleep(pause)

    def say(self, *lines: str) -> None:
        """Send it; what cannot be sent now is sent before the next."""
        with self._lock:
            self._owed.append("\n".join(lines).encode())
            try:
                while self._owed and self._socket is not None:
                    self._socket.sendto(self._owed[0], socket.MSG_DONTWAIT, self._address)
                    self._owed.popleft()
                self._is_lost = False
            except OSError as error:
                if not self._is_lost:
                    log.warning("the service manager cannot be told anything: %s", error.strerror or error)
                self._is_lost = True


def _watchdog(microseconds: str, process: str) -> float:
    """Seconds after which the manager takes this process for dead, 0 for never."""
    if process and process != str(os.getpid()):
        return 0.0
    return int(microseconds) / 1e6 if microseconds.isascii() and microseconds.isdigit() else 0.0


def describe(hub: Hub) -> str:
    """How all is, in a line such as `3 of 4 devices online; mqtt away`."""
    online = sum(device.online for device in hub.devices.values())
    away = [f"; {sink.name} away" for sink in hub.sinks if sink.trouble]
    return f"{online} of {len(hub.devices)} devices online{''.join(away)}"
