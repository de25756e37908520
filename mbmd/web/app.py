"""The Sanic application: routes, pages and errors."""

import logging
import os
from typing import Any

from sanic import HTTPResponse, Request, Sanic
from sanic.exceptions import MethodNotAllowed, NotFound, PayloadTooLarge, SanicException

from mbmd.web import limits
from mbmd.web.answers import error_response, respond
from mbmd.web.assets import asset
from mbmd.web.request import StrictRequest
from mbmd.web.routes import Handler
from mbmd.web.site import Site
from mbmd.web.stream.endpoints import websocket

PAGES = {"/": "index.html"}
"""Pages, by their paths."""
METHODS = ("GET", "HEAD")

_ERRORS = "json"
"""Errors are answered by `explain`; where Sanic is not told this, it parses the source of every handler for it."""

log = logging.getLogger(__name__)


def make_app(site: Site) -> "Sanic[Any, Any]":
    """The application that serves a site."""
    # On a terminal Sanic would advise users to run it with --dev.
    os.environ.setdefault("SANIC_IGNORE_PRODUCTION_WARNING", "true")
    app: Sanic[Any, Any] = Sanic("mbmd", configure_logging=False, request_class=StrictRequest)
    app.config.update(
        MOTD=False,
        ACCESS_LOG=False,
        WEBSOCKET_MAX_SIZE=1 << 12,
        WEBSOCKET_PING_INTERVAL=0,
        REQUEST_MAX_HEADER_SIZE=limits.HEAD,
        REQUEST_MAX_SIZE=limits.BODY,
        REQUEST_BUFFER_SIZE=limits.BUFFER,
    )
    # Sanic leaves out its signals, of which nobody here wants to know: nearly half of what a request costs.
    # It rewrites its own classes for that, which can be done once.
    app.config.TOUCHUP = not getattr(Sanic, "__touched__", False)
    app.ctx.access = site.access
    app.register_middleware(site.access.refuse, "request")
    for route in site.routes:
        for number, path in enumerate((route.path, *route.older)):
            _add(app, path, route.handler, f"{route.path} {number}")
    for path, name in PAGES.items():
        _add(app, path, _page(name), name)
    _add(app, "/static/<name:path>", _static, "static")
    app.add_route(websocket(site.stream), "/ws", name="websocket", error_format=_ERRORS)

    @app.exception(Exception)
    async def explain(request: Request, error: Exception) -> HTTPResponse:
        if isinstance(error, PayloadTooLarge) and not request.head:
            return error_response(request, 431, f"the head of the request is longer than {limits.HEAD >> 10} KiB")
        if isinstance(error, SanicException):
            lines = tuple((name.lower().encode(), str(value).encode()) for name, value in error.headers.items())
            return error_response(request, error.status_code, _message(request, error), lines)
        log.error("request failed", exc_info=error)
        return error_response(request, 500, "internal error, see the log")

    return app


def _message(request: Request, error: SanicException) -> str:
    """What an error says; of what Sanic itself refuses, where to look."""
    if isinstance(error, MethodNotAllowed):
        return f"{request.method} is not for {request.path}: all here is asked by GET, see /api/docs"
    if isinstance(error, NotFound) and request.route is None:
        return f"there is nothing at {request.path}: /api/docs lists what there is"
    return str(error)


def _add(app: "Sanic[Any, Any]", path: str, handler: Handler, name: str) -> None:
    uri = path.replace("{", "<").replace("}", ">")
    app.add_route(handler, uri, METHODS, name=_plain(name), unquote=True, error_format=_ERRORS)


def _plain(name: str) -> str:
    return "".join(sign if sign.isalnum() else "_" for sign in name)


def _page(name: str) -> Handler:
    async def get_page(request: Request) -> HTTPResponse:
        return await _static(request, name)

    return get_page


async def _static(request: Request, name: str) -> HTTPResponse:
    content = asset(name)
    if content is None or (name in PAGES.values() and request.path not in PAGES):
        raise NotFound("there is no such page")
    return await respond(request, content)
