"""When diagnostics are due."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from mbmd.readings.health import BusHealth
from mbmd.sinks.mqtt.dialect import Devices
from mbmd.sinks.mqtt.message import Message

PERIOD = 60.0


class Diagnosing(Protocol):
    """A dialect that has more to say than readings."""

    def diagnostics(self, devices: Devices, buses: Sequence[BusHealth], now: float) -> Iterable[Message]:
        """How buses and devices do at the monotonic time `now`."""


class Reporter:
    """Asks for diagnostics once a minute, and as soon as a bus comes or goes, or its connection does."""

    def __init__(self, dialect: Diagnosing) -> None:
        self._dialect = dialect
        self._told: object = None
        self._next = 0.0

    def renew(self) -> None:
        """The connection is a new one: all is to be told again."""
        self._told = None

    def due(self, devices: Devices, buses: Sequence[BusHealth], now: float) -> Iterable[Message]:
        """What is to be published at the monotonic time `now`; to be called every few seconds."""
        state = [(bus, bus.connected) for bus in buses]
        if state == self._told and now < self._next:
            return ()
        self._told = state
        self._next = now + PERIOD
        return self._dialect.diagnostics(devices, buses, now)
