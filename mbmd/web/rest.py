"""Readings and the status by REST."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from sanic import HTTPResponse, Request
from sanic.exceptions import NotFound, ServiceUnavailable

from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Hub
from mbmd.web.answers import Content, respond
from mbmd.web.render import Cache
from mbmd.web.routes import DEVICE, Handler, Route
from mbmd.web.status import Status


def routes(hub: Hub, status: Status) -> list[Route]:
    """Routes of readings, means and status."""
    latest = Cache(lambda device: device.latest, texts=lambda device: device.texts)
    means = Cache(lambda device: device.mean(monotonic()), lambda: int(monotonic()))
    readings: Any = dict[str, float | str]
    return [
        Route("/api/last", _all(hub, latest), "Latest readings of all devices that are online", dict[str, readings]),
        Route(
            "/api/last/{device}",
            _one(hub, latest),
            "Latest readings of one device",
            readings,
            parameters=(DEVICE,),
            errors=(404, 503),
        ),
        Route(
            "/api/avg",
            _all(hub, means),
            "Means of the last minute of all devices that are online",
            dict[str, readings],
            older=("/api/minuteavg",),
        ),
        Route(
            "/api/avg/{device}",
            _one(hub, means),
            "Means of the last minute of one device",
            readings,
            parameters=(DEVICE,),
            errors=(404, 503),
            older=("/api/minuteavg/{device}",),
        ),
        Route("/api/status", _made(status.content), "The state of the daemon, its buses and devices", dict[str, Any]),
    ]


def find(hub: Hub, name: str) -> DeviceReadings:
    """The device with an id or name. Raises NotFound if there is none."""
    device = hub.find(name)
    if device is None:
        raise NotFound(f"there is no device {name}: /api/status lists them")
    return device


def _made(make: Callable[[], Content]) -> Handler:
    async def get(request: Request) -> HTTPResponse:
        return await respond(request, make())

    return get


def _all(hub: Hub, cache: Cache) -> Handler:
    async def get_all(request: Request) -> HTTPResponse:
        return await respond(request, await cache.all(hub.devices.values()))

    return get_all


def _one(hub: Hub, cache: Cache) -> Handler:
    async def get_one(request: Request, device: str) -> HTTPResponse:
        content = cache.one(find(hub, device))
        if content is None:
            raise ServiceUnavailable(f"device {device} is offline")
        return await respond(request, content)

    return get_one
