"""Readings and the status by REST."""

from collections.abc import Callable
from time import monotonic

from sanic import HTTPResponse, Request
from sanic.exceptions import NotFound, ServiceUnavailable

from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Hub
from mbmd.web.answers import Content, respond
from mbmd.web.bodies import AllReadings, Readings, StatusBody
from mbmd.web.choice import FIELDS, MEASUREMENT, chosen
from mbmd.web.render import Cache
from mbmd.web.routes import DEVICE, Handler, Route
from mbmd.web.status import Status


def routes(hub: Hub, status: Status) -> list[Route]:
    """Routes of readings, means and status."""
    latest = Cache(lambda device: device.latest, texts=lambda device: device.texts)
    means = Cache(lambda device: device.mean(monotonic()), lambda: int(monotonic()))
    return [
        _all(hub, latest, "last", "Latest readings"),
        _one(hub, latest, "last", "Latest readings"),
        _all(hub, means, "avg", "Means of the last minute", ("minuteavg",)),
        _one(hub, means, "avg", "Means of the last minute", ("minuteavg",)),
        Route("/api/status", _status(status), "The state of the daemon, its buses and devices", StatusBody),
    ]


def find(hub: Hub, name: str) -> DeviceReadings:
    """The device with an id or name. Raises NotFound if there is none."""
    device = hub.find(name)
    if device is None:
        raise NotFound(f"there is no device {name}: /api/devices lists them")
    return device


def made(make: Callable[[], Content]) -> Handler:
    """Answers with what is made anew each time."""

    async def get(request: Request) -> HTTPResponse:
        return await respond(request, make())

    return get


def _status(status: Status) -> Handler:
    async def get_status(request: Request) -> HTTPResponse:
        return await respond(request, await status.content())

    return get_status


def _all(hub: Hub, cache: Cache, name: str, summary: str, older: tuple[str, ...] = ()) -> Route:
    async def get_all(request: Request) -> HTTPResponse:
        choice = chosen(request, hub)
        whole = cache.all(hub) if choice is None else cache.some_of_all(hub, choice.takes)
        return await respond(request, await whole)

    return Route(
        f"/api/{name}",
        get_all,
        f"{summary} of all devices that are online",
        AllReadings,
        "By id of the device; those that are offline are left out.",
        parameters=(MEASUREMENT, FIELDS),
        errors=(400,),
        older=tuple(f"/api/{old}" for old in older),
    )


def _one(hub: Hub, cache: Cache, name: str, summary: str, older: tuple[str, ...] = ()) -> Route:
    async def get_one(request: Request, device: str) -> HTTPResponse:
        choice, found = chosen(request, hub), find(hub, device)
        content = cache.one(found) if choice is None else cache.some_of_one(found, choice.takes)
        if content is None:
            raise ServiceUnavailable(f"device {device} is offline")
        return await respond(request, content)

    return Route(
        f"/api/{name}/{{device}}",
        get_one,
        f"{summary} of one device",
        Readings,
        "503 while it is offline.",
        parameters=(DEVICE, MEASUREMENT, FIELDS),
        errors=(400, 404, 503),
        older=tuple(f"/api/{old}/{{device}}" for old in older),
    )
