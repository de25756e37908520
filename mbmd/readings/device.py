"""What is known of one device: columns of doubles, a slot for each measurement."""

from array import array
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from mbmd._native.window import MinuteWindow
from mbmd.measurements import Measurement
from mbmd.readings.health import DeviceHealth

NAN = float("nan")
MOST_LAYOUTS = 64
"""Sets of measurements that are kept once for all devices that have them: a site has few types of devices."""
NO_TEXTS: Mapping[str, str] = MappingProxyType({})


class State(StrEnum):
    """Whether a device answers."""

    UNKNOWN = "unknown"
    ONLINE = "online"
    OFFLINE = "offline"


class Descriptor(NamedTuple):
    """What a device says of itself, or its table says of it; empty where nothing is known."""

    manufacturer: str = ""
    model: str = ""
    options: str = ""
    version: str = ""
    serial: str = ""


class _Layout(NamedTuple):
    """What devices with the same measurements have in common."""

    measurements: tuple[Measurement, ...]
    slots: Mapping[str, int]
    blank: "array[float]"


@lru_cache(maxsize=MOST_LAYOUTS)
def _layout(measurements: tuple[Measurement, ...]) -> _Layout:
    slots = {known.name: slot for slot, known in enumerate(measurements)}
    return _Layout(measurements, slots, array("d", [NAN]) * len(measurements))


class DeviceReadings:
    """The readings of one device, and the account of its requests.

    Slots are in alphabetical order of the measurements' names. `latest` and `texts` are replaced, never changed:
    who keeps them has a snapshot. NaN is no reading; of measurements that are text `texts` has the latest instead,
    by name. `is_found` says whether it is known which measurements it has, which a SunSpec device must be asked for;
    `absent` names those that it has not, all of them until then. `version` counts the polls that brought values.
    `name` and `place` are what the user calls it and where it stands, empty if not given. `adapter` is the address of
    its bus, `unit` its unit id there; `subdevice` is its number on its unit, 0 where there is but one.
    """

    def __init__(
        self, device_id: str, type_name: str, measurements: Iterable[Measurement], name: str = "", place: str = ""
    ) -> None:
        self.id = device_id
        self.name = name
        self.place = place
        self.adapter = ""
        self.unit = 0
        self.subdevice = 0
        self.descriptor = Descriptor()
        self.type = type_name
        self.measurements, self.slots, self._blank = _layout(tuple(sorted(measurements, key=lambda m: m.name)))
        self.online = False
        self.version = 0
        self.timestamp = 0.0
        self.requests = 0
        self.errors = 0
        self.health = DeviceHealth()
        self.is_found = True
        self.absent: frozenset[str] = frozenset()
        self._window = MinuteWindow(len(self.measurements))
        self.latest = self._fresh = self._blank
        self._packed: bytes | None = None
        self.texts = NO_TEXTS

    @property
    def state(self) -> State:
        """Whether it answers; unknown before it was asked."""
        if self.online:
            return State.ONLINE
        return State.OFFLINE if self.health.trouble else State.UNKNOWN

    @property
    def missing(self) -> frozenset[str]:
        """Names of measurements that the device does not have, or refuses."""
        return self.absent.union(self.health.refused)

    @property
    def offered(self) -> tuple[Measurement, ...]:
        """All measurements but those that are missing."""
        missing = self.missing
        return tuple(m for m in self.measurements if m.name not in missing) if missing else self.measurements

    def blank(self) -> "array[float]":
        """A new column without readings."""
        return self._blank[:]

    def commit(
        self,
        fresh: "array[float]",
        keep: Collection[int],
        monotonic: float,
        timestamp: float,
        texts: Mapping[str, str] = NO_TEXTS,
    ) -> None:
        """Take the column and the texts of a poll at `monotonic` (for the window) and `timestamp` (Unix seconds).

        Slots in `keep` were not read and keep their latest value. The device is online from now on.
        """
        if texts or self.texts:
            self.texts = {**{n: text for n, text in self.texts.items() if self.slots[n] in keep}, **texts}
        latest = fresh
        for slot in keep:
            if latest is fresh:
                latest = fresh[:]
            latest[slot] = self.latest[slot]
        self.latest = latest
        self.timestamp = timestamp
        self.version += 1
        self.online = True
        self._fresh = fresh
        self._packed = self._window.add(monotonic, fresh)

    def packed(self, column: "array[float]") -> bytes | None:
        """The column of the last poll as it is kept for the window, for who keeps it too; None of others."""
        return self._packed if column is self._fresh else None

    def mean(self, monotonic: float) -> "array[float]":
        """Means of the readings of the 60 seconds before `monotonic`."""
        column = self.blank()
        self._window.mean(monotonic, column)
        return column

    def go_offline(self) -> None:
        """Forget all values: what comes after the device's return starts anew."""
        self.online = False
        self.latest = self._fresh = self._blank
        self._packed = None
        self.texts = NO_TEXTS
        self._window.clear()
