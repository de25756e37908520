"""Readings as JSON; pure but for the cache, which holds each text until its device brings new values."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import orjson

from mbmd.readings.device import NO_TEXTS, DeviceReadings
from mbmd.readings.hub import Update
from mbmd.readings.render import device_json

if TYPE_CHECKING:
    from array import array

OFFLINE = b""


class Cache:
    """The JSON of each device, rendered on the first request after an update and kept until the next.

    `column` gives a device's values, `texts` those that are no numbers; `moment` is what besides an update makes a
    JSON outdated.
    """

    def __init__(
        self,
        column: Callable[[DeviceReadings], "array[float]"],
        moment: Callable[[], int] = lambda: 0,
        texts: Callable[[DeviceReadings], Mapping[str, str]] = lambda _: NO_TEXTS,
    ) -> None:
        self._column = column
        self._moment = moment
        self._texts = texts
        self._rendered: WeakKeyDictionary[DeviceReadings, tuple[int, int, bytes]] = WeakKeyDictionary()

    def one(self, device: DeviceReadings) -> bytes:
        """The JSON of one device; empty when it is offline."""
        if not device.online:
            return OFFLINE
        moment = self._moment()
        version, rendered_at, text = self._rendered.get(device, (-1, -1, b""))
        if version != device.version or rendered_at != moment:
            text = device_json(device, self._column(device), device.timestamp, self._texts(device))
            self._rendered[device] = device.version, moment, text
        return text

    def all(self, devices: Iterable[DeviceReadings]) -> bytes:
        """An object of the devices that are online, by id."""
        members = (b'"%b":%b' % (d.id.encode(), text) for d in devices if (text := self.one(d)))
        return b"{" + b",".join(members) + b"}"


def reading_messages(update: Update) -> list[bytes]:
    """The websocket's message of each reading in an update."""
    device = update.device
    stamp = int(update.timestamp * 1000)
    return [
        orjson.dumps(
            {
                "Device": device.id,
                "Value": value,
                "IEC61850": measurement.name,
                "Description": measurement.label,
                "Timestamp": stamp,
            }
        )
        for measurement, value in zip(device.measurements, update.values, strict=True)
        if value == value
    ]
