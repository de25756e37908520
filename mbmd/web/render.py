"""Readings as JSON; pure but for the cache, which holds each text until its device brings new values."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast
from weakref import WeakKeyDictionary

import orjson

from mbmd.readings.device import NO_TEXTS, DeviceReadings
from mbmd.readings.hub import Hub
from mbmd.readings.render import device_json, device_members
from mbmd.turns import in_turns
from mbmd.web.answers import Content

if TYPE_CHECKING:
    from array import array

_OFFLINE = -1

Member = TypeVar("Member")


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
        self._seen: list[int] = []
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

    async def all(self, hub: Hub) -> Content:
        """An object of the devices that are online, by id."""
        devices = hub.devices.values()
        seen = [hub.generation, self._moment(), *[one.version if one.online else _OFFLINE for one in devices]]
        if seen == self._seen:
            return self._whole
        content = await whole(await in_turns(devices, self._member))
        self._seen, self._whole = seen, content
        return content

    def some_of_one(self, device: DeviceReadings, takes: Callable[[str], bool]) -> Content | None:
        """The JSON of one device with some of its members; None when it is offline."""
        return Content(self._some(device, takes)) if device.online else None

    async def some_of_all(self, hub: Hub, takes: Callable[[str], bool]) -> Content:
        """An object of the devices that are online, by id, each with some of its members."""

        def member(device: DeviceReadings) -> tuple[str, bytes] | None:
            return (device.id, self._some(device, takes)) if device.online else None

        return await whole(await in_turns(hub.devices.values(), member))

    def _member(self, device: DeviceReadings) -> tuple[str, bytes] | None:
        content = self.one(device)
        return None if content is None else (device.id, content.body)

    def _some(self, device: DeviceReadings, takes: Callable[[str], bool]) -> bytes:
        members = device_members(device, self._column(device), device.timestamp, self._texts(device))
        return orjson.dumps({name: value for name, value in members.items() if takes(name)})


def rendered(member: Member) -> Member:
    """A member as the JSON that it becomes, with which a whole of a thousand is put together at once."""
    return cast("Member", orjson.Fragment(orjson.dumps(member)))


async def whole(members: Iterable[tuple[str, bytes]]) -> Content:
    """An object of bodies by name: to make it takes a turn, and so does what comes before and after."""
    await asyncio.sleep(0)
    pieces = [b"{"]
    for name, body in members:
        pieces += (b'"', name.encode(), b'":', body, b",")
    pieces[-1] = b"}" if len(pieces) > 1 else b"{}"
    content = Content(b"".join(pieces))
    await asyncio.sleep(0)
    return content


class _Rendered(NamedTuple):
    """A text with what it was made of."""

    version: int
    moment: int
    content: Content
