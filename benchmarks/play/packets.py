"""Messages out of what came over a connection, with when the last byte of each came; pure."""

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple


class Came(NamedTuple):
    """Bytes, and when they came."""

    at: float
    data: bytes


Cut = Callable[[bytearray, int], tuple[bytes | None, int] | None]
"""The message that begins at a place, None if it is one that nobody wants, and where it ends; None while it is not
there in full."""


class Splitter:
    """Cuts a connection's bytes into messages; what is not complete waits for more."""

    def __init__(self, cut: Cut) -> None:
        self._cut = cut
        self._rest = bytearray()

    def split(self, chunks: Iterable[Came]) -> Iterator[Came]:
        """The messages that are complete with these chunks."""
        for at, data in chunks:
            self._rest += data
            place = 0
            while (found := self._cut(self._rest, place)) is not None:
                message, place = found
                if message is not None:
                    yield Came(at, message)
            del self._rest[:place]


def frame(data: bytearray, start: int) -> tuple[bytes | None, int] | None:
    """The text of a frame of a server (RFC 6455, section 5.2); others are not wanted."""
    if len(data) < start + 2:
        return None
    size, head = data[start + 1] & 0x7F, 2
    if size >= 126:
        head, form = (4, ">H") if size == 126 else (10, ">Q")
        if len(data) < start + head:
            return None
        (size,) = struct.unpack_from(form, data, start + 2)
    end = start + head + size
    if len(data) < end:
        return None
    return (bytes(data[start + head : end]) if data[start] & 0x0F == 1 else None), end


def event(data: bytearray, start: int) -> tuple[bytes | None, int] | None:
    """The data of a server-sent event, if it has one line of them."""
    end = data.find(b"\n\n", start)
    if end < 0:
        return None
    at = data.find(b"data: ", start, end)
    return (bytes(data[at + 6 : end]) if at >= 0 else None), end + 2


def publication(data: bytearray, start: int) -> tuple[bytes | None, int] | None:
    """The topic and the payload of a PUBLISH packet of QoS 0, a space between them; other packets are not wanted."""
    size, place = 0, start + 1
    while True:
        if len(data) <= place:
            return None
        size |= (data[place] & 0x7F) << 7 * (place - start - 1)
        place += 1
        if data[place - 1] < 0x80:
            break
    end = place + size
    if len(data) < end:
        return None
    if data[start] >> 4 != 3:
        return None, end
    body = place + 2 + int.from_bytes(data[place : place + 2], "big")
    return bytes(data[place + 2 : body]) + b" " + bytes(data[body:end]), end


def subscribe(topic: str) -> bytes:
    """What greets a broker and asks for a topic, of version 3.1.1."""
    name = f"probe-{topic}".encode()[:20]
    hello = b"\0\4MQTT\4\2\0\0" + len(name).to_bytes(2, "big") + name
    asked = topic.encode()
    wish = b"\0\1" + len(asked).to_bytes(2, "big") + asked + b"\0"
    return b"\x10%c%b\x82%c%b" % (len(hello), hello, len(wish), wish)
