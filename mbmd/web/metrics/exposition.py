"""All metrics as Prometheus reads them, made of what has changed since they were last asked for."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from time import monotonic, time_ns
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from sanic import HTTPResponse, Request

from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Hub
from mbmd.turns import in_turns, rest
from mbmd.web.answers import Content, Kind, respond
from mbmd.web.metrics.accounts import bus_part, device_part, sink_part
from mbmd.web.metrics.readings import Lines, Part
from mbmd.web.metrics.text import CONTENT_TYPE, head
from mbmd.web.routes import Route

if TYPE_CHECKING:
    from mbmd.web.metrics.names import Family
    from mbmd.web.metrics.process import Process

T = TypeVar("T")

KIND = Kind(CONTENT_TYPE, ((b"cache-control", b"no-cache"),))
KEPT = 1.0
"""Seconds for which accounts are told again."""


def routes(hub: Hub) -> list[Route]:
    """What Prometheus asks for."""
    metrics = Metrics(hub)

    async def get_metrics(request: Request) -> HTTPResponse:
        return await respond(request, await metrics.content())

    return [
        Route(
            "/metrics",
            get_metrics,
            "Readings and accounts for Prometheus",
            str,
            "Text format 0.0.4. Readings are in base units; devices that are offline have none.",
            content_type="text/plain",
        )
    ]


class _Rendered(NamedTuple):
    """The lines of a device, what they were made by, and of which version."""

    version: int
    lines: Lines
    part: Part


class Metrics:
    """The metrics of a hub; the library of Prometheus is loaded when they are first asked for."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._lock = asyncio.Lock()
        self._rendered: WeakKeyDictionary[DeviceReadings, _Rendered] = WeakKeyDictionary()
        self._there: list[tuple[DeviceReadings, int]] = []
        self._readings: list[bytes] = []
        self._accounts: list[bytes] = []
        self._kept_until = 0.0
        self._process: Process | None = None
        self._content: Content | None = None

    async def content(self) -> Content:
        """All of them as they are sent; who asks at the same time gets the same."""
        async with self._lock:
            await self._renew_readings()
            if monotonic() >= self._kept_until:
                await self._renew_accounts()
            if self._content is None:
                content = Content(b"".join((*self._readings, *self._accounts)), KIND, time_ns())
                await rest()
                self._content = content
            return self._content

    async def _renew_readings(self) -> None:
        there = [(device, device.version) for device in self._hub.devices.values() if device.online]
        if there != self._there:
            self._readings = await _joined((device for device, _ in there), self._part)
            self._there, self._content = there, None

    async def _renew_accounts(self) -> None:
        if self._process is None:
            self._process = await asyncio.to_thread(_load_process)
        hub = self._hub
        self._accounts = [
            *await _joined(hub.devices.values(), device_part),
            *await _joined(hub.buses, bus_part),
            *await _joined(hub.sinks, sink_part),
            self._process.text(),
        ]
        self._kept_until, self._content = monotonic() + KEPT, None

    def _part(self, device: DeviceReadings) -> Part:
        """The readings of a device, rendered once for each of its polls."""
        kept = self._rendered.get(device)
        if kept is not None and kept.version == device.version:
            return kept.part
        lines = Lines(device) if kept is None else kept.lines
        part = lines.filled(device.latest)
        self._rendered[device] = _Rendered(device.version, lines, part)
        return part


async def _joined(things: Iterable[T], make: Callable[[T], Part]) -> list[bytes]:
    """What things have to tell, all of a family together under its head."""
    families: dict[str, Family] = {}
    lines: defaultdict[str, list[bytes]] = defaultdict(list)

    def add(thing: T) -> None:
        for family, text in zip(*make(thing), strict=True):
            if text:
                families.setdefault(family.name, family)
                lines[family.name].append(text)

    await in_turns(things, add)
    return await in_turns(sorted(families.items()), lambda one: head(one[1]) + b"".join(lines[one[0]]))


def _load_process() -> "Process":
    from mbmd.web.metrics.process import Process

    return Process()
