"""How messages are put on the wire; pure.

Frames of a server are not masked (RFC 6455, section 5.1), so they are the same for everyone, as events are.
"""

from collections.abc import Callable
from typing import NamedTuple

from websockets.frames import Close, CloseCode, Frame, Opcode


class Framing(NamedTuple):
    """Functions that frame a message of readings or the status, and what else is said.

    `greeting` and `farewell` are the first and last that a client hears, `heartbeat` keeps a quiet connection alive.
    """

    readings: Callable[[bytes], bytes]
    status: Callable[[bytes], bytes]
    greeting: bytes
    heartbeat: bytes
    farewell: bytes


def _frame(opcode: Opcode, data: bytes) -> bytes:
    return bytes(Frame(opcode, data).serialize(mask=False))


def _text(message: bytes) -> bytes:
    """A whole message (section 5.2), made here: the library takes longer than it takes to make the JSON."""
    size = len(message)
    if size < 126:
        return b"\x81%c%b" % (size, message)
    if size < 1 << 16:
        return b"\x81\x7e%c%c%b" % (size >> 8, size & 0xFF, message)
    return b"\x81\x7f%b%b" % (size.to_bytes(8, "big"), message)


def _readings_event(message: bytes) -> bytes:
    return b"event: readings\ndata: %b\n\n" % message


def _status_event(message: bytes) -> bytes:
    return b"event: status\ndata: %b\n\n" % message


WEBSOCKET = Framing(
    _text,
    _text,
    greeting=b"",
    heartbeat=_frame(Opcode.PING, b""),
    farewell=_frame(Opcode.CLOSE, Close(CloseCode.GOING_AWAY, "").serialize()),
)
EVENTS = Framing(_readings_event, _status_event, greeting=b"retry: 2000\n\n", heartbeat=b":\n\n", farewell=b"")
"""Browsers wait so many ms before they come again (HTML Standard, section 9.2.6)."""
