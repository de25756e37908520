"""The REST interface under /api."""

from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any

import orjson
from sanic import Blueprint, HTTPResponse, Request
from sanic.exceptions import NotFound, ServiceUnavailable

from mbmd.readings.hub import Hub
from mbmd.web.render import Cache
from mbmd.web.status import Status

HEADERS = {"Access-Control-Allow-Origin": "*"}

Handler = Callable[..., Coroutine[Any, Any, HTTPResponse]]


def json_response(body: bytes, status: int = 200) -> HTTPResponse:
    """A response of ready JSON."""
    return HTTPResponse(body, status, HEADERS, "application/json")


def make_blueprint(hub: Hub, status: Status) -> Blueprint:
    """Routes of readings, means and status."""
    api = Blueprint("api", url_prefix="/api")
    latest = Cache(lambda device: device.latest, texts=lambda device: device.texts)
    means = Cache(lambda device: device.mean(monotonic()), lambda: int(monotonic()))

    @api.get("/status")
    async def get_status(_: Request) -> HTTPResponse:
        return json_response(orjson.dumps(status.body()))

    for path, cache in (("last", latest), ("avg", means), ("minuteavg", means)):
        api.add_route(_all(hub, cache), f"/{path}", name=f"all_{path}")
        api.add_route(_one(hub, cache), f"/{path}/<device_id>", name=f"one_{path}", unquote=True)
    return api


def _all(hub: Hub, cache: Cache) -> Handler:
    async def get_all(_: Request) -> HTTPResponse:
        return json_response(cache.all(hub.devices.values()))

    return get_all


def _one(hub: Hub, cache: Cache) -> Handler:
    async def get_one(_: Request, device_id: str) -> HTTPResponse:
        device = hub.find(device_id)
        if device is None:
            raise NotFound(f"there is no device {device_id}: /api/status lists them")
        body = cache.one(device)
        if not body:
            raise ServiceUnavailable(f"device {device_id} is offline")
        return json_response(body)

    return get_one
