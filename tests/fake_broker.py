"""A broker that speaks just enough MQTT, and does what a test tells it to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

HOST = "127.0.0.1"
CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = range(8, 15)


class Packet(NamedTuple):
    """A packet: its type, the four bits beside that, and the rest."""

    kind: int
    flags: int
    body: bytes


class Published(NamedTuple):
    """What a PUBLISH says; `mid` is 0 for QoS 0."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    again: bool
    mid: int


class Connection:
    """One client of the broker."""

    def __init__(self, writer: asyncio.StreamWriter, version: int = 4) -> None:
        self.version = version
        self.packets: list[Packet] = []
        self.ended = asyncio.Event()
        self._writer = writer

    @property
    def published(self) -> list[Published]:
        """All that was published on it."""
        return [self._published(packet) for packet in self.packets if packet.kind == PUBLISH]

    def kinds(self) -> list[int]:
        """The types of all packets."""
        return [packet.kind for packet in self.packets]

    def send(self, kind: int, body: bytes = b"", flags: int = 0) -> None:
        """Send a packet."""
        self.send_raw(bytes([kind << 4 | flags]) + _length(len(body)) + body)

    def send_raw(self, data: bytes) -> None:
        """Send whatever it is."""
        self._writer.write(data)

    def greet(self, code: int = 0, properties: bytes = b"") -> None:
        """CONNACK."""
        self.send(CONNACK, bytes([0, code]) + (_length(len(properties)) + properties if self.version == 5 else b""))

    def acknowledge(self, mid: int, code: int = 0, kind: int = PUBACK) -> None:
        """PUBACK, or one of its kin."""
        self.send(kind, mid.to_bytes(2, "big") + (bytes([code]) if code else b""), 2 if kind == PUBREL else 0)

    def tell(self, topic: bytes, payload: bytes, retain: bool = False) -> None:
        """PUBLISH."""
        properties = b"\0" if self.version == 5 else b""
        self.send(PUBLISH, len(topic).to_bytes(2, "big") + topic + properties + payload, int(retain))

    def close(self) -> None:
        """End it without a word."""
        self._writer.close()

    def _published(self, packet: Packet) -> Published:
        size = int.from_bytes(packet.body[:2], "big")
        topic, rest = packet.body[2 : 2 + size], packet.body[2 + size :]
        qos, mid = packet.flags >> 1 & 3, 0
        if qos:
            mid, rest = int.from_bytes(rest[:2], "big"), rest[2:]
        rest = rest[1:] if self.version == 5 else rest
        return Published(topic.decode(), rest, qos, bool(packet.flags & 1), bool(packet.flags & 8), mid)


Answer = Callable[[Connection, Packet], None]


def well(connection: Connection, packet: Packet) -> None:
    """What a broker should answer."""
    if packet.kind == CONNECT:
        connection.greet()
    elif packet.kind == PUBLISH and packet.flags >> 1 & 3 == 1:
        connection.acknowledge(connection.published[-1].mid)
    elif packet.kind == PUBLISH and packet.flags >> 1 & 3 == 2:
        connection.acknowledge(connection.published[-1].mid, kind=PUBREC)
    elif packet.kind == PUBREL:
        connection.acknowledge(int.from_bytes(packet.body[:2], "big"), kind=PUBCOMP)
    elif packet.kind == SUBSCRIBE:
        connection.send(SUBACK, packet.body[:2] + (b"\0\0" if connection.version == 5 else b"\0"))
    elif packet.kind == PINGREQ:
        connection.send(PINGRESP)


def greeting(code: int = 0, properties: bytes = b"") -> Answer:
    """Greet like this, and answer nothing else."""

    def answer(connection: Connection, packet: Packet) -> None:
        if packet.kind == CONNECT:
            connection.greet(code, properties)

    return answer


class FakeBroker:
    """Listens, answers what `answer` says, and keeps what came; while it is `deaf` it reads nothing."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.connections: list[Connection] = []
        self.hears = asyncio.Event()
        self.hears.set()
        self.port = 0
        self._news = asyncio.Event()

    @property
    def url(self) -> str:
        return f"mqtt://{HOST}:{self.port}"

    @property
    def last(self) -> Connection:
        """The latest connection."""
        return self.connections[-1]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return as soon as it is so; looked at with each packet and each end."""
        async with asyncio.timeout(20):
            while not condition():
                await self._news.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(writer)
        self.connections.append(connection)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                await self.hears.wait()
                packet = await _read(reader)
                if packet.kind == CONNECT:
                    connection.version = packet.body[6]
                connection.packets.append(packet)
                self.answer(connection, packet)
                self._tell()
        connection.ended.set()
        writer.close()
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news.clear()


@asynccontextmanager
async def fake_broker(answer: Answer = well) -> AsyncIterator[FakeBroker]:
    """A broker on a port of its own."""
    broker = FakeBroker(answer)
    server = await asyncio.start_server(broker.serve, HOST, 0)
    broker.port = server.sockets[0].getsockname()[1]
    try:
        yield broker
    finally:
        server.close()
        for connection in broker.connections:
            connection.close()
        broker.hears.set()
        for connection in broker.connections:
            async with asyncio.timeout(20):
                await connection.ended.wait()


async def _read(reader: asyncio.StreamReader) -> Packet:
    first = (await reader.readexactly(1))[0]
    size = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        size |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            break
    return Packet(first >> 4, first & 15, await reader.readexactly(size))


def _length(size: int) -> bytes:
    encoded = bytearray()
    while True:
        size, byte = size >> 7, size & 127
        encoded.append(byte | (128 if size else 0))
        if not size:
            return bytes(encoded)
