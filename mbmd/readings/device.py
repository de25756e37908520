"""What is known of one device: columns of doubles, a slot for each measurement."""

from array import array
from collections.abc import Iterable

from mbmd._native.window import MinuteWindow
from mbmd.measurements import Measurement
from mbmd.readings.health import DeviceHealth

NAN = float("nan")


class DeviceReadings:
    """The readings of one device, and the account of its requests.

    Slots are in alphabetical order of the measurements' names. `latest` is replaced, never changed:
    who keeps it has a snapshot. NaN is no reading. `version` counts the polls that brought values. `name` and
    `place` are what the user calls it and where it stands, empty if not given.
    """

    def __init__(
        self, device_id: str, type_name: str, measurements: Iterable[Measurement], name: str = "", place: str = ""
    ) -> None:
        self.id = device_id
        self.name = name
        self.place = place
        self.type = type_name
        self.measurements = tuple(sorted(measurements, key=lambda m: m.name))
        self.slots = {m.name: slot for slot, m in enumerate(self.measurements)}
        self.online = False
        self.version = 0
        self.timestamp = 0.0
        self.requests = 0
        self.errors = 0
        self.health = DeviceHealth()
        self._blank = array("d", [NAN]) * len(self.measurements)
        self._window = MinuteWindow(len(self.measurements))
        self.latest = self._blank

    def blank(self) -> "array[float]":
        """A new column without readings."""
        return self._blank[:]

    def commit(self, fresh: "array[float]", keep: Iterable[int], monotonic: float, timestamp: float) -> None:
        """Take the column of a poll at `monotonic` (for the window) and `timestamp` (Unix seconds).

        Slots in `keep` were not read and keep their latest value. The device is online from now on.
        """
        latest = fresh
        for slot in keep:
            if latest is fresh:
                latest = fresh[:]
            latest[slot] = self.latest[slot]
        self.latest = latest
        self.timestamp = timestamp
        self.version += 1
        self.online = True
        self._window.add(monotonic, fresh)

    def mean(self, monotonic: float) -> "array[float]":
        """Means of the readings of the 60 seconds before `monotonic`."""
        column = self.blank()
        self._window.mean(monotonic, column)
        return column

    def go_offline(self) -> None:
        """Forget all values: what comes after the device's return starts anew."""
        self.online = False
        self.latest = self._blank
        self._window.clear()
