"""What is published of what is read: only what has moved, and no device too often; pure, `now` is an argument."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from mbmd.config.outputs import Mqtt
from mbmd.config.texts import DeadBand
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Update, merged

if TYPE_CHECKING:
    from array import array

SMALLEST = 0.0005
"""A move that cannot be seen in three decimals is none."""


class Moved(NamedTuple):
    """An update that is to be published, whole and with only those values that have moved."""

    whole: Update
    moved: Update


class Gate:
    """Lets through what is to be published now, and keeps what is too early.

    Times are seconds of any clock that goes forward.
    """

    def __init__(self, config: Mqtt) -> None:
        self._pace = Pace(config.rate)
        self._moves = Moves(config.dead_band, config.silence) if config.on_change else None
        self._known: set[DeviceReadings] = set()

    @property
    def next(self) -> float | None:
        """When something is due; None while nothing waits."""
        return self._pace.next

    def put(self, update: Update, now: float) -> list[Moved]:
        """What is to be published of an update now."""
        self._known.add(update.device)
        return self._through(update, now) if self._pace.is_due(update, now) else []

    def due(self, now: float) -> list[Moved]:
        """What has waited for long enough."""
        return [moved for update in self._pace.due(now) for moved in self._through(update, now)]

    def forget(self, device: DeviceReadings) -> None:
        """Let the next update of a device through, whatever it is."""
        self._known.discard(device)
        self._pace.forget(device)
        if self._moves is not None:
            self._moves.forget(device)

    def keep(self, is_there: Callable[[DeviceReadings], bool]) -> None:
        """Forget all devices that are not there any more."""
        for device in [device for device in self._known if not is_there(device)]:
            self.forget(device)

    def _through(self, update: Update, now: float) -> list[Moved]:
        update = self._pace.with_waiting(update)
        moved = update if self._moves is None else self._moves.of(update, now)
        if moved is None:
            return []
        self._pace.published(update.device, now)
        return [Moved(update, moved)]


class Pace:
    """Devices are published no more often than each `seconds`; what comes too early waits, the newest of each value."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next: dict[DeviceReadings, float] = {}
        self._waiting: dict[DeviceReadings, Update] = {}

    @property
    def next(self) -> float | None:
        """When the first that waits is due; None if none waits."""
        return min((self._next[device] for device in self._waiting), default=None)

    def is_due(self, update: Update, now: float) -> bool:
        """Whether an update is to be published now; else it waits."""
        if now >= self._next.get(update.device, -inf):
            return True
        self._waiting[update.device] = self.with_waiting(update)
        return False

    def with_waiting(self, update: Update) -> Update:
        """An update with what waits of its device."""
        older = self._waiting.pop(update.device, None)
        return update if older is None else merged(older, update)

    def due(self, now: float) -> list[Update]:
        """Updates that wait no longer."""
        devices = [device for device in self._waiting if now >= self._next[device]]
        return [self._waiting.pop(device) for device in devices]

    def published(self, device: DeviceReadings, now: float) -> None:
        """The device was published just now."""
        if self._seconds:
            self._next[device] = now + self._seconds

    def forget(self, device: DeviceReadings) -> None:
        """Drop what waits of a device; its next update is due at once."""
        self._next.pop(device, None)
        self._waiting.pop(device, None)


class Moves:
    """Which values have moved since they were published last, or were not published for `silence` seconds.

    The first dead band whose pattern matches a measurement counts for it. A move as wide as its dead band is one.
    """

    def __init__(self, bands: tuple[DeadBand, ...], silence: float) -> None:
        self._bands = bands
        self._silence = silence or inf
        self._told: dict[DeviceReadings, _Told] = {}

    def of(self, update: Update, now: float) -> Update | None:
        """An update with the values that are to be published; None if there are none. They count as published."""
        device = update.device
        told = self._told.get(device)
        if told is None:
            told = self._told[device] = _Told(device, self._bands)
        values = told.moved(update, now, self._silence)
        texts = told.moved_texts(update, now, self._silence)
        if values is None and not texts:
            return None
        return update._replace(values=device.blank() if values is None else values, texts=texts)

    def forget(self, device: DeviceReadings) -> None:
        """Take nothing of a device for published."""
        self._told.pop(device, None)


class _Told:
    """What was published last of a device, and until when nothing else is unless it moves out of its dead band."""

    def __init__(self, device: DeviceReadings, bands: tuple[DeadBand, ...]) -> None:
        self._bands = [_band(measurement.name, bands) for measurement in device.measurements]
        self._values = device.blank()
        self._widths = device.blank()
        self._until = device.blank()
        self._texts: dict[str, tuple[str, float]] = {}

    def moved(self, update: Update, now: float, silence: float) -> "array[float] | None":
        """The values that are to be published; None if there are none."""
        moved: array[float] | None = None
        old, widths, until, latest = self._values, self._widths, self._until, update.device.latest
        for slot, (value, last, width, end) in enumerate(zip(update.values, old, widths, until, strict=True)):
            if -width < value - last < width and now < end:  # never with NaN
                continue
            if value != value:
                if latest[slot] != latest[slot]:  # it is not only left out of this poll: it is lost
                    old[slot] = value
                continue
            if moved is None:
                moved = update.device.blank()
            moved[slot] = old[slot] = value
            smallest, share = self._bands[slot]
            widths[slot] = max(smallest, share * abs(value))
            until[slot] = now + silence
        return moved

    def moved_texts(self, update: Update, now: float, silence: float) -> dict[str, str]:
        """The texts that are to be published."""
        moved = {}
        for name, text in update.texts.items():
            last, end = self._texts.get(name, (None, now))
            if text != last or now >= end:
                moved[name] = text
                self._texts[name] = text, now + silence
        return moved


def _band(name: str, bands: tuple[DeadBand, ...]) -> tuple[float, float]:
    band = next((band for band in bands if fnmatchcase(name, band.pattern)), DeadBand(name))
    return max(band.width, SMALLEST), band.share
