"""The account of a bus and of each device on it: what was asked, what went wrong, how fast it goes."""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mbmd._native.exchange import RoundTrips

LOAD_STEP = 5.0
LOAD_STEPS = 12
SMOOTHING = 0.2
"""Weight of the newest poll in the means of interval and duration."""


class Plan(NamedTuple):
    """How a device is read: reads, registers in them, and how many of these nobody wants."""

    reads: int
    registers: int
    holes: int


NOTHING_PLANNED = Plan(0, 0, 0)


@dataclass(slots=True, eq=False)
class DeviceHealth:
    """The account of one device, since the monotonic time `since`. Times are seconds, `last_seen` Unix time.

    `rate` is the interval that was asked for, `rates` are those of each measurement, by name, infinite for what is read
    once; `interval` and `took` are means over the last polls. `refused` and `held_back` name measurements: those that
    the device does not have, and how many implausible values each had. `trouble` says why it is offline.
    """

    since: float = 0.0
    rate: float = 0.0
    rates: Mapping[str, float] = field(default_factory=dict)
    interval: float = 0.0
    took: float = 0.0
    last_seen: float = 0.0
    trouble: str = ""
    errors: Counter[str] = field(default_factory=Counter)
    refused: tuple[str, ...] = ()
    held_back: Counter[str] = field(default_factory=Counter)
    plan: Plan = NOTHING_PLANNED
    _started: float = 0.0

    @property
    def missed(self) -> float:
        """Seconds by which polls come later than asked."""
        return max(0.0, self.interval - self.rate)

    def polled(self, started: float, ended: float) -> None:
        """A poll from `started` to `ended` (monotonic) brought values."""
        took, interval = ended - started, started - self._started
        self.took += SMOOTHING * (took - self.took) if self.took else took
        if self._started:
            self.interval += SMOOTHING * (interval - self.interval) if self.interval else interval
        self._started = started

    def gone(self, trouble: str) -> None:
        """The device went offline: its next interval begins anew."""
        self.trouble = trouble
        self.interval = self.took = self._started = 0.0


class BusHealth:
    """The account of one bus; the counters only grow.

    `busy` is the seconds for which a serial wire was busy; of a network that is `waited`, for answers.
    `trips` are the answers that came. `advice` is what the user can do to make the bus better.
    """

    def __init__(self, address: str, devices: Sequence[str] = (), has_wire: bool = True) -> None:
        self.address = address
        self.has_wire = has_wire
        self.devices = tuple(devices)
        self.connected = False
        self.timeouts = 0
        self.damaged = 0
        self.stale = 0
        self.echoes = 0
        self.unanswered = 0
        self.reconnects = 0
        self.unit_pause = 0.0
        self.latency_timer: int | None = None
        self.busy = 0.0
        self.waited = 0.0
        self.advice: list[str] = []
        self.trips = RoundTrips()
        self._next_step = 0.0
        self._steps = array("d")  # a time and what was used by then, and so on

    @property
    def answers(self) -> int:
        """Good answers."""
        return self.trips.count

    @property
    def took(self) -> float:
        """Seconds that these took in all."""
        return self.trips.total

    def round_trip(self, share: float) -> float | None:
        """The time within which that share of the latest answers came; None before the first."""
        known = sorted(self.trips.kept)
        return known[min(int(share * len(known)), len(known) - 1)] if known else None

    @property
    def requests(self) -> int:
        """All requests."""
        return self.answers + self.unanswered

    def tick(self, now: float) -> None:
        """Note how busy the bus was until `now` (monotonic); to be called often."""
        if now >= self._next_step:
            self._next_step = now + LOAD_STEP
            del self._steps[: -2 * LOAD_STEPS]
            self._steps.extend((now, self.used))

    def load(self, now: float) -> float:
        """Share of about the last minute for which the wire was busy, or answers waited for."""
        then, used = self._steps[:2] or (now, 0.0)
        return min((self.used - used) / (now - then), 1.0) if now > then else 0.0

    @property
    def used(self) -> float:
        """Seconds for which the wire was busy, or answers waited for."""
        return self.busy if self.has_wire else self.waited


@dataclass(slots=True, eq=False)
class SinkHealth:
    """The account of one sink; the counters only grow, and count readings or, by MQTT, messages.

    `trouble` says why it does not deliver, without secrets. `sent` were delivered, `dropped` lost for want of a
    connection or of room, `refused` not taken by the other side, `expired` lost as they waited for too long or were
    too many. `waiting` of `waiting_bytes` wait for their delivery, the oldest since `oldest` (Unix time, 0 for none).
    `failures` counts lost connections and errors.
    """

    name: str
    connected: bool = False
    trouble: str = ""
    sent: int = 0
    dropped: int = 0
    refused: int = 0
    expired: int = 0
    waiting: int = 0
    waiting_bytes: int = 0
    oldest: float = 0.0
    failures: int = 0
