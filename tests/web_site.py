"""A real server of three devices on a port of its own, and who asks it."""

import asyncio
import json
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest
import uvloop
from websockets.asyncio.client import ClientConnection, connect

from mbmd.measurements import CATALOGUE
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Hub
from mbmd.web.server import WebServer, bind

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


class Site:
    """A server with three devices: SDM1.1 and SDM1.2, which are online, and SDM1.3."""

    def __init__(self) -> None:
        measured = [CATALOGUE[name] for name in ("Power", "Current")]
        self.devices = [DeviceReadings(f"SDM1.{unit}", "SDM", measured) for unit in (1, 2, 3)]
        self.hub = Hub(self.devices)
        self.server = WebServer(self.hub)
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

    async def ask(self, path: str, method: str = "GET") -> Answer:
        """One request on a connection of its own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        return Answer(int(first.split()[1]), headers, body)

    def websocket(self, query: str = "", **options: Any) -> connect:
        where = f"ws://127.0.0.1:{self.port}/ws{query}"
        return connect(where, compression=None, proxy=None, max_size=None, **options)


@asynccontextmanager
async def serving() -> AsyncIterator[Site]:
    site = Site()
    await site.start()
    site.publish(0, 1.5, 345)
    site.publish(1, 2.5, 575)
    try:
        yield site
    finally:
        await site.server.close()


def run(factory: Factory, main: Callable[[Site], Awaitable[None]]) -> None:
    """Carry out `main` with a server; no task may be left when it is closed."""

    async def whole() -> None:
        async with asyncio.timeout(60):
            async with serving() as site:
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
