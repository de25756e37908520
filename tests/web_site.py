"""A real server of three devices on a port of its own, and who asks it."""

import asyncio
import json
import ssl
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest
import uvloop
from websockets.asyncio.client import ClientConnection, connect

from mbmd.config.web import Web
from mbmd.measurements import CATALOGUE
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Hub
from mbmd.web.routes import Route
from mbmd.web.server import WebServer, bind, plan
from mbmd.web.site import Site as Parts

STAMP = 1_700_000_000.5
LOOPS = pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop])
Factory = Callable[[], asyncio.AbstractEventLoop]


class Answer(NamedTuple):
    """What a request brought."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def parse_answer(data: bytes) -> Answer:
    """An answer out of its bytes; lines of one name are joined, as in RFC 9110, section 5.3."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, text = line.split(": ", 1)
        name = name.lower()
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return Answer(int(first.split()[1]), headers, body)


class Site:
    """A server with three devices: SDM1.1 and SDM1.2, which are online, and SDM1.3."""

    def __init__(self, web: Web | None = None) -> None:
        measured = [CATALOGUE[name] for name in ("Power", "Current")]
        self.devices = [DeviceReadings(f"SDM1.{unit}", "SDM", measured) for unit in (1, 2, 3)]
        self.hub = Hub(self.devices)
        self.server = WebServer(self.hub, plan(web or Web()))
        self.port = 0

    async def start(self) -> None:
        listener = bind("127.0.0.1", 0)
        self.port = listener.getsockname()[1]
        await self.server.start(listener)

    def publish(self, number: int, current: float, power: float) -> None:
        """A poll of a device."""
        device = self.devices[number]
        fresh = array("d", [current, power])
        device.commit(fresh, (), asyncio.get_running_loop().time(), STAMP)
        self.hub.publish(device, fresh)

    async def ask(
        self, path: str, method: str = "GET", tls: ssl.SSLContext | None = None, **lines: str | None
    ) -> Answer:
        """One request on a connection of its own; `lines` of its head have _ for -, and None leaves one out."""
        given = {"host": f"127.0.0.1:{self.port}", "connection": "close", **lines}
        head = "".join(f"{name.replace('_', '-')}: {text}\r\n" for name, text in given.items() if text is not None)
        return parse_answer(await self.send(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode(), tls))

    async def send(self, data: bytes, tls: ssl.SSLContext | None = None) -> bytes:
        """What comes back for these bytes until the server ends the connection, be it by a reset."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=tls)
        writer.write(data)
        try:
            return await asyncio.wait_for(reader.read(), 30)
        except ConnectionError:
            return b""
        finally:
            writer.close()

    def websocket(self, query: str = "", **asked: Any) -> connect:
        scheme = "wss" if "ssl" in asked else "ws"
        uri = f"{scheme}://127.0.0.1:{self.port}/ws{query}"
        return connect(uri, compression=None, proxy=None, max_size=None, **asked)


def table() -> tuple[Route, ...]:
    """All that can be asked."""
    return Parts(Hub(), Web()).routes


@asynccontextmanager
async def connected(site: Site) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to the server."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    try:
        yield reader, writer
    finally:
        writer.close()


@asynccontextmanager
async def serving(web: Web | None = None) -> AsyncIterator[Site]:
    site = Site(web)
    await site.start()
    site.publish(0, 1.5, 345)
    site.publish(1, 2.5, 575)
    try:
        yield site
    finally:
        await site.server.close()


def run(factory: Factory, main: Callable[[Site], Awaitable[None]], web: Web | None = None) -> None:
    """Carry out `main` with a server; no task may be left when it is closed."""

    async def whole() -> None:
        async with asyncio.timeout(60):
            async with serving(web) as site:
                await main(site)
            for _ in range(20):
                await asyncio.sleep(0.01)
                left = asyncio.all_tasks() - {asyncio.current_task()}
                if not left:
                    break
            assert not left

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(whole())


async def hear(socket_: ClientConnection, count: int, key: str) -> list[dict[str, Any]]:
    """The next messages that have a key."""
    heard: list[dict[str, Any]] = []
    while len(heard) < count:
        message = json.loads(await asyncio.wait_for(socket_.recv(), 30))
        if key in message:
            heard.append(message)
    return heard


async def joined(site: Site, query: str = "") -> ClientConnection:
    """A client of the websocket that hears everything from now on: it has its first status."""
    client = await site.websocket(query)
    await hear(client, 1, "Meters")
    return client
