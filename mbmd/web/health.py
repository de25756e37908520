"""Whether the daemon runs, whether it knows its devices, and what it is: for who watches over it."""

import platform
from typing import Annotated, TypedDict

import orjson
from msgspec import Meta
from sanic import HTTPResponse, Request
from sanic.exceptions import ServiceUnavailable

from mbmd import __version__
from mbmd.readings.device import State
from mbmd.readings.hub import Hub
from mbmd.web.answers import Content, respond
from mbmd.web.rest import made
from mbmd.web.routes import Handler, Route


class Health(TypedDict):
    """That all is well."""

    Status: Annotated[str, Meta(examples=["ok"])]


class Version(TypedDict):
    """What runs here."""

    Version: Annotated[str, Meta(description="of mbmd")]
    Python: str
    System: Annotated[str, Meta(examples=["Linux x86_64"])]


def routes(hub: Hub) -> list[Route]:
    """Routes of health and version."""
    return [
        Route(
            "/api/healthz",
            made(lambda: _OK),
            "Whether the daemon runs",
            Health,
            "Answered to everyone: for who restarts what hangs.",
            is_open=True,
        ),
        Route(
            "/api/readyz",
            _ready(hub),
            "Whether it is known of each device if it answers",
            Health,
            "503 until each device was asked. Answered to everyone: for who waits for the start.",
            errors=(503,),
            is_open=True,
        ),
        Route("/api/version", made(_version), "What runs here", Version),
    ]


_OK = Content(orjson.dumps(Health(Status="ok")))


def _ready(hub: Hub) -> Handler:
    async def get_ready(request: Request) -> HTTPResponse:
        waiting = sum(device.state is State.UNKNOWN for device in hub.devices.values())
        if waiting:
            raise ServiceUnavailable(f"{waiting} of {len(hub.devices)} devices were not asked yet: wait")
        return await respond(request, _OK)

    return get_ready


def _version() -> Content:
    system = f"{platform.system()} {platform.machine()}"
    return Content(orjson.dumps(Version(Version=__version__, Python=platform.python_version(), System=system)))
