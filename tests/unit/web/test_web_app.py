"""A real server on a port of its own, asked by HTTP and by websocket."""

import asyncio
import contextlib
import json
import socket
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
import uvloop
from sanic import Sanic
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from mbmd.errors import UsageError
from mbmd.measurements import CATALOGUE
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Hub
from mbmd.web import stream
from mbmd.web.app import WebServer, bind
from mbmd.web.status import Status

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

    def websocket(self) -> connect:
        return connect(f"ws://127.0.0.1:{self.port}/ws", compression=None, proxy=None, max_size=None)


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


@LOOPS
def test_latest_readings(factory: Factory) -> None:
    async def main(site: Site) -> None:
        one = await site.ask("/api/last/SDM1.1")
        assert one.status == 200
        assert one.headers["content-type"] == "application/json"
        assert one.headers["access-control-allow-origin"] == "*"
        assert list(one.json) == ["Timestamp", "Unix", "Current", "Power"]
        assert (one.json["Unix"], one.json["Current"], one.json["Power"]) == (1_700_000_000, 1.5, 345)
        every = await site.ask("/api/last")
        assert every.headers["access-control-allow-origin"] == "*"
        assert list(every.json) == ["SDM1.1", "SDM1.2"]
        assert every.json["SDM1.1"] == one.json
        site.publish(0, 9, 9)
        assert (await site.ask("/api/last/SDM1.1")).json["Current"] == 9

    run(factory, main)


@pytest.mark.parametrize("name", ["heat pump", "Wärmepumpe", "cellar/1", "100%", "a?b#c"])
def test_a_device_is_also_had_by_its_name(name: str) -> None:
    async def main(site: Site) -> None:
        site.devices[0].name = name
        site.hub.replace(site.devices, ())
        for path in ("last", "avg", "minuteavg"):
            by_id, by_name = (
                await site.ask(f"/api/{path}/SDM1.1"),
                await site.ask(f"/api/{path}/{quote(name, safe='')}"),
            )
            assert (by_name.status, by_name.body) == (200, by_id.body)
        assert (await site.ask("/api/last/SDM1.9")).status == 404

    run(asyncio.new_event_loop, main)


def test_devices_come_and_go_in_all_that_is_served() -> None:
    async def main(site: Site) -> None:
        assert (await site.ask("/api/last/SDM1.1")).status == 200
        client = await joined(site)
        renewed = [DeviceReadings(device.id, "SDM", device.measurements) for device in site.devices[:1]]
        site.devices = [*renewed, site.devices[2], DeviceReadings("ABB2.1", "ABB", renewed[0].measurements)]
        site.hub.replace(site.devices, ())
        (status,) = await hear(client, 1, "Meters")
        assert [meter["Device"] for meter in status["Meters"]] == ["ABB2.1", "SDM1.1", "SDM1.3"]
        assert (await site.ask("/api/last")).json == {}
        assert [(await site.ask(f"/api/last/{name}")).status for name in ("SDM1.1", "SDM1.2")] == [503, 404]
        site.publish(2, 9, 8)
        assert [(m["Device"], m["Value"]) for m in await hear(client, 2, "Value")] == [("ABB2.1", 9), ("ABB2.1", 8)]
        assert (await site.ask("/api/last")).json["ABB2.1"]["Current"] == 9
        await client.close()

    run(asyncio.new_event_loop, main)


@pytest.mark.parametrize("path", ["avg", "minuteavg"])
def test_means_under_both_names(path: str) -> None:
    async def main(site: Site) -> None:
        site.publish(0, 2.5, 355)
        assert (await site.ask(f"/api/{path}/SDM1.1")).json["Power"] == 350
        every = await site.ask(f"/api/{path}")
        assert (every.json["SDM1.1"]["Current"], every.json["SDM1.2"]["Current"]) == (2, 2.5)
        assert every.headers["access-control-allow-origin"] == "*"

    run(asyncio.new_event_loop, main)


def test_status() -> None:
    async def main(site: Site) -> None:
        answer = await site.ask("/api/status")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert [meter["Online"] for meter in answer.json["Meters"]] == [True, True, False]
        assert {"StartTime", "UpTime", "Goroutines", "Memory", "Modbus", "ConfiguredMeters"} < set(answer.json)

    run(asyncio.new_event_loop, main)


@pytest.mark.parametrize(
    ("path", "method", "status", "message"),
    [
        ("/api/last/SDM9.9", "GET", 404, "there is no device SDM9.9: /api/status lists them"),
        ("/api/avg/SDM9.9", "GET", 404, "there is no device SDM9.9: /api/status lists them"),
        ("/api/last/SDM1.3", "GET", 503, "device SDM1.3 is offline"),
        ("/api/minuteavg/SDM1.3", "GET", 503, "device SDM1.3 is offline"),
        ("/api/nothing", "GET", 404, None),
        ("/nothing", "GET", 404, None),
        ("/static/../app.py", "GET", 404, None),
        ("/static/%2e%2e/app.py", "GET", 404, None),
        ("/api/last", "POST", 405, None),
    ],
)
def test_errors_are_json(path: str, method: str, status: int, message: str | None) -> None:
    async def main(site: Site) -> None:
        answer = await site.ask(path, method)
        assert answer.status == status
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert set(answer.json) == {"status", "message"}
        assert answer.json["status"] == status
        assert answer.json["message"] == message or (message is None and answer.json["message"])

    run(asyncio.new_event_loop, main)


def test_an_error_of_the_program_is_not_told_to_strangers(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def main(site: Site) -> None:
        def fail(_: Status) -> None:
            raise KeyError("secret")

        monkeypatch.setattr(Status, "body", fail)
        answer = await site.ask("/api/status")
        assert (answer.status, answer.json["message"]) == (500, "internal error, see the log")

    run(asyncio.new_event_loop, main)
    assert "secret" in caplog.text


def test_the_page_and_its_parts() -> None:
    async def main(site: Site) -> None:
        page = await site.ask("/")
        assert page.status == 200
        assert page.headers["content-type"].startswith("text/html")
        assert b"<html" in page.body
        for part in ("page.css", "page.js"):
            assert f"static/{part}".encode() in page.body
            assert (await site.ask(f"/static/{part}")).status == 200
        for path in ("/static/", "/static", "/static/index.html", "/static/../app.py", "/static/%2e%2e/app.py"):
            assert (await site.ask(path)).status == 404

    run(asyncio.new_event_loop, main)


def test_what_is_no_websocket_gets_an_error() -> None:
    async def main(site: Site) -> None:
        answer = await site.ask("/ws")
        assert 400 <= answer.status < 600
        assert answer.json["status"] == answer.status
        assert (await site.ask("/api/last")).status == 200

    run(asyncio.new_event_loop, main)


async def hear(socket_: ClientConnection, count: int, key: str) -> list[dict[str, Any]]:
    """The next messages that have a key."""
    heard: list[dict[str, Any]] = []
    while len(heard) < count:
        message = json.loads(await asyncio.wait_for(socket_.recv(), 30))
        if key in message:
            heard.append(message)
    return heard


async def joined(site: Site) -> ClientConnection:
    """A client of the websocket that hears everything from now on: it has its first status."""
    client = await site.websocket()
    await hear(client, 1, "Meters")
    return client


@LOOPS
def test_the_websocket_sends_each_reading(factory: Factory) -> None:
    async def main(site: Site) -> None:
        client = await joined(site)
        site.publish(1, 3.5, float("nan"))
        (only,) = await hear(client, 1, "Value")
        assert only == {
            "Device": "SDM1.2",
            "Value": 3.5,
            "IEC61850": "Current",
            "Description": "Current (A)",
            "Timestamp": 1_700_000_000_500,
        }
        site.publish(0, 1, 2)
        assert [(m["Device"], m["IEC61850"], m["Value"]) for m in await hear(client, 2, "Value")] == [
            ("SDM1.1", "Current", 1),
            ("SDM1.1", "Power", 2),
        ]
        await client.close()

    run(factory, main)


def test_the_websocket_sends_the_status_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert stream.STATUS_INTERVAL == 1.0
    monkeypatch.setattr(stream, "STATUS_INTERVAL", 0.05)

    async def main(site: Site) -> None:
        client = await site.websocket()
        bodies = await hear(client, 4, "Meters")
        uptimes = [body["UpTime"] for body in bodies]
        assert uptimes == sorted(uptimes)
        assert len(set(uptimes)) == 4
        assert set(bodies[0]) == set((await site.ask("/api/status")).json)
        await client.close()

    run(asyncio.new_event_loop, main)


@LOOPS
def test_a_client_that_never_reads_is_dropped_and_others_go_on(
    factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "BACKLOG", 10_000)

    async def main(site: Site) -> None:
        client = await joined(site)
        deaf = socket.create_connection(("127.0.0.1", site.port))
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        key = "dGhlIHNhbXBsZSBub25jZQ=="
        deaf.sendall(
            f"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        clients = site.server._stream._clients
        while len(clients) < 2:  # noqa: ASYNC110 - nothing tells when the server has it
            await asyncio.sleep(0.005)
        number = 0
        while len(clients) == 2:
            number += 1
            assert number < 200_000
            site.publish(0, number, number)
            assert [m["Value"] for m in await hear(client, 2, "Value")] == [number, number]
        site.publish(0, -1, -2)
        assert [m["Value"] for m in await hear(client, 2, "Value")] == [-1, -2]
        deaf.close()
        await client.close()

    run(factory, main)


@LOOPS
@pytest.mark.parametrize("politely", [True, False])
def test_clients_come_and_go(factory: Factory, politely: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "STATUS_INTERVAL", 0.02)

    async def main(site: Site) -> None:
        stays = await joined(site)
        for value in range(10):
            client = await joined(site)
            if politely:
                await client.close()
            else:
                client.transport.abort()
            site.publish(0, value, value)
            assert [m["Value"] for m in await hear(stays, 2, "Value")] == [value, value]
        await stays.close()
        while site.server._stream._clients:  # noqa: ASYNC110 - nothing tells when the server has let go of them
            await asyncio.sleep(0.005)
        assert site.hub._subscriptions == []
        again = await joined(site)
        site.publish(0, 7, 8)
        assert [m["Value"] for m in await hear(again, 2, "Value")] == [7, 8]
        await again.close()

    run(factory, main)


def test_a_client_that_floods_makes_no_tasks_and_no_memory() -> None:
    async def main(site: Site) -> None:
        quiet, loud = await joined(site), await joined(site)
        before = len(asyncio.all_tasks())
        for _ in range(2000):
            await loud.send(bytes(1024))
        await asyncio.wait_for(await loud.ping(), 30)
        assert len(asyncio.all_tasks()) <= before
        site.publish(0, 1, 2)
        assert len(await hear(quiet, 2, "Value")) == 2
        await quiet.close()
        await loud.close()

    run(asyncio.new_event_loop, main)


def test_a_client_with_too_much_to_say_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mbmd.web.app.HEARD_AT_MOST", 10_000)

    async def main(site: Site) -> None:
        client = await joined(site)
        with contextlib.suppress(ConnectionClosed):
            for _ in range(20):
                await client.send(bytes(1024))
        await asyncio.wait_for(client.wait_closed(), 30)

    run(asyncio.new_event_loop, main)


def test_what_a_client_says_is_ignored() -> None:
    async def main(site: Site) -> None:
        client = await joined(site)
        await client.send("subscribe")
        await client.send(b"\x00\x01")
        await asyncio.wait_for(await client.ping(), 30)
        site.publish(0, 1, 2)
        assert len(await hear(client, 2, "Value")) == 2
        await client.close()

    run(asyncio.new_event_loop, main)


@LOOPS
def test_closing_ends_all_connections_and_gives_the_port_back(factory: Factory) -> None:
    async def whole() -> None:
        for _ in range(3):
            async with serving() as site:
                client = await joined(site)
                reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
            with pytest.raises(ConnectionClosed):
                await hear(client, 1000, "never")
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), 30) == b""
            writer.close()
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", site.port)
            bind("127.0.0.1", site.port).close()

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(whole())


def test_a_server_that_cannot_start_gives_its_port_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async def whole() -> None:
        site = Site()
        listener = bind("127.0.0.1", 0)

        async def fail(*_: object, **__: object) -> None:
            raise RuntimeError("cannot start")

        monkeypatch.setattr(Sanic, "create_server", fail)
        with pytest.raises(RuntimeError, match="cannot start"):
            await site.server.start(listener)
        await site.server.close()
        assert listener.fileno() == -1

    asyncio.run(whole())


def test_a_server_that_was_never_started_can_be_closed() -> None:
    async def whole() -> None:
        await Site().server.close()
        await Site().server.close()

    asyncio.run(whole())


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError) as caught:
            bind("127.0.0.1", port)
    assert str(caught.value).startswith(f"--api 127.0.0.1:{port}: ")
    assert str(caught.value).endswith(": choose another address, or stop who uses it")


@pytest.mark.parametrize("host", ["192.0.2.1", "host.invalid", "a..b", "x" * 64, "2001:db8::1"])
def test_an_address_that_cannot_be_had(host: str) -> None:
    with pytest.raises(UsageError) as caught:
        bind(host, 8080)
    shown = f"[{host}]" if ":" in host else host
    assert str(caught.value).startswith(f"--api {shown}:8080: ")
    assert "None" not in str(caught.value)
