"""Readings as JSON; pure but for the cache, which holds each text until its device brings new values."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from mbmd.readings.device import NO_TEXTS, DeviceReadings
from mbmd.readings.render import device_json
from mbmd.web.answers import Content

if TYPE_CHECKING:
    from array import array

BREATH = 50
"""Devices that are rendered before others may use the event loop."""


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
        self._rendered: WeakKeyDictionary[DeviceReadings, _Rendered] = WeakKeyDictionary()
        self._members: list[tuple[str, Content]] = []
        self._whole = Content(b"{}")

    def one(self, device: DeviceReadings) -> Content | None:
        """The JSON of one device; None when it is offline."""
        if not device.online:
            return None
        moment = self._moment()
        kept = self._rendered.get(device)
        if kept is not None and kept.version == device.version and kept.moment == moment:
            return kept.content
        text = device_json(device, self._column(device), device.timestamp, self._texts(device))
        content = Content(text)
        self._rendered[device] = _Rendered(device.version, moment, content)
        return content

    async def all(self, devices: Iterable[DeviceReadings]) -> Content:
        """An object of the devices that are online, by id."""
        members = []
        for number, device in enumerate(list(devices)):
            if (content := self.one(device)) is not None:
                members.append((device.id, content))
            if number % BREATH == BREATH - 1:
                await asyncio.sleep(0)
        if members != self._members:
            self._members = members
            self._whole = Content(
                b"{%b}" % b",".join([b'"%b":%b' % (name.encode(), one.body) for name, one in members])
            )
        return self._whole


class _Rendered(NamedTuple):
    """A text with what it was made of."""

    version: int
    moment: int
    content: Content
