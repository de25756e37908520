"""Where clients of the stream come in: a websocket, and server-sent events."""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from sanic import HTTPResponse, Request
from sanic.exceptions import BadRequest, SanicException

from mbmd.config.values import join_host_port
from mbmd.web.answers import Lines, Ready
from mbmd.web.routes import Handler, Parameter, Route
from mbmd.web.stream.framing import EVENTS, WEBSOCKET, Framing
from mbmd.web.stream.service import Stream
from mbmd.web.stream.wishes import Form, Wishes, parse_wishes

if TYPE_CHECKING:
    from mbmd.web.protocol import Protocol

_LINES: Lines = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)
"""The last of them has nginx pass each event on at once."""

_STRINGS = {"type": "array", "items": {"type": "string"}}
PARAMETERS = (
    Parameter(
        "format", "what a message of readings holds", schema={"enum": [*map(str, Form)], "default": str(Form.BATCH)}
    ),
    Parameter("devices", "ids or names of devices, by comma or repeated; all without it", schema=_STRINGS),
    Parameter(
        "measurement", "names of measurements or patterns, by comma or repeated; all without it", schema=_STRINGS
    ),
    Parameter("status", "whether the status is told too", schema={"type": "boolean", "default": True}),
)

_TEXT = """\
Events `readings` are a message for each poll of a device, with what that poll read:
`{"Device": "SDM1.1", "Timestamp": 1700000000500, "Values": {"Power": 345.0}}`, the time in milliseconds. All
devices that are online come first, with all they have. With `format=reading` each reading is a message:
`{"Device": "SDM1.1", "Value": 345.0, "IEC61850": "Power", "Description": "Power (W)", "Timestamp": 1700000000500}`.
Events `status` are what `/api/status` has: at first, once a second, and when a device comes or goes.
Who is too slow for all that gets the latest values when it can take them, and no others.

The websocket at `/ws` (beside `/api`) takes the same parameters and sends the same messages as text frames, but without
parameters single readings; only the status has `Meters`, and no `Device`.
"""


def routes(stream: Stream) -> list[Route]:
    """The route of server-sent events."""
    return [
        Route(
            "/api/stream",
            _events(stream),
            "Readings and the status as they come, as server-sent events",
            str,
            text=_TEXT,
            parameters=PARAMETERS,
            errors=(400,),
            content_type="text/event-stream",
        )
    ]


def websocket(stream: Stream) -> Handler:
    """Who answers at `/ws`."""

    async def get_websocket(request: Request) -> None:
        wishes = parse_wishes(request.query_string, Form.READING, stream.hub)
        if request.headers.get("upgrade", "").lower() != "websocket":
            raise SanicException("this is a websocket", 426, headers={"upgrade": "websocket"})
        connection = await _shake_hands(request)
        await _stay(stream, request, wishes, WEBSOCKET)
        connection.end_connection(1000)

    get_websocket.is_websocket = True  # type: ignore[attr-defined]  # tells Sanic that nothing is returned
    return get_websocket


async def _shake_hands(request: Request) -> Any:
    """The websocket of a request. Raises SanicException for one that asks for none as RFC 6455 has it."""
    try:
        return await _protocol(request).websocket_handshake(request)
    except SanicException as error:
        if error.status_code < 500:
            raise
        raise BadRequest("a websocket is asked for with a head that cannot be read") from None


def _events(stream: Stream) -> Handler:
    async def get_events(request: Request) -> HTTPResponse | None:
        wishes = parse_wishes(request.query_string, Form.BATCH, stream.hub)
        common: Lines = request.app.ctx.access.lines(request)
        response = _Endless(b"", _LINES + common)
        if request.method == "HEAD":
            return response
        request.stream.keep_alive = False  # type: ignore[union-attr]
        await request.respond(response)
        await response.send(b"")
        await _stay(stream, request, wishes, EVENTS)
        return None

    return get_events


async def _stay(stream: Stream, request: Request, wishes: Wishes, framing: Framing) -> None:
    """Return when the connection has ended."""
    transport: Any = request.transport
    address = join_host_port(request.ip, request.port)
    with stream.joined(transport, address, wishes, framing) as client, contextlib.suppress(asyncio.CancelledError):
        _protocol(request).listen(client)
        await asyncio.get_running_loop().create_future()


def _protocol(request: Request) -> "Protocol":
    protocol: Any = request.transport.get_protocol()
    return cast("Protocol", protocol)


class _Endless(Ready):
    """A response whose body ends with the connection, which each version of HTTP knows (RFC 9112, section 6.3)."""

    __slots__ = ()

    @property
    def processed_headers(self) -> Iterable[tuple[bytes, bytes]]:  # type: ignore[override]
        """All lines but those about how long the body is."""
        unknown = (b"content-length", b"transfer-encoding")
        return [line for line in super().processed_headers if line[0] not in unknown]

    async def send(self, data: Any = None, end_stream: bool | None = None) -> None:
        """Send the head; nothing that Sanic knows of ends the body."""
        if not end_stream or self.stream.head_only:  # type: ignore[union-attr]
            await super().send(data, end_stream)
