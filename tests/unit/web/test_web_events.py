"""Server-sent events of a real server, heard by sockets and by Python's own client."""

import asyncio
import contextlib
import http.client
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mbmd.web.stream import service
from tests.web_site import LOOPS, Factory, Site, run


class Listener:
    """A client of events, which takes each by its line."""

    def __init__(self, reader: asyncio.StreamReader, head: bytes) -> None:
        self.reader = reader
        self.head = head.decode().lower()

    async def event(self) -> tuple[str, Any]:
        """The name and data of the next event; comments and what else is no event are passed over."""
        while True:
            lines = (await asyncio.wait_for(self.reader.readuntil(b"\n\n"), 30)).decode().splitlines()
            fields = dict(line.split(": ", 1) for line in lines if ": " in line)
            if "data" in fields:
                return fields["event"], json.loads(fields["data"])

    async def readings(self, count: int) -> list[Any]:
        """The next messages of readings."""
        heard: list[Any] = []
        while len(heard) < count:
            name, message = await self.event()
            heard += [message] if name == "readings" else []
        return heard


@asynccontextmanager
async def listening(site: Site, query: str = "", version: str = "1.1", lines: str = "") -> AsyncIterator[Listener]:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(f"GET /api/stream{query} HTTP/{version}\r\nHost: a\r\n{lines}\r\n".encode())
    try:
        yield Listener(reader, await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30))
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def forsaken(site: Site) -> None:
    """Wait until the server knows of no client."""
    while site.server._site.stream._channels:  # noqa: ASYNC110 - nothing tells when it has let go of them
        await asyncio.sleep(0.005)


@LOOPS
@pytest.mark.parametrize(("version", "lines"), [("1.1", ""), ("1.0", ""), ("1.0", "Connection: keep-alive\r\n")])
def test_events_come_at_once_for_each_version_of_http(factory: Factory, version: str, lines: str) -> None:
    async def main(site: Site) -> None:
        async with listening(site, version=version, lines=lines) as client:
            first, *told = client.head.splitlines()
            assert first == "http/1.1 200 ok"
            assert {
                "content-type: text/event-stream",
                "cache-control: no-store",
                "x-accel-buffering: no",
                "access-control-allow-origin: *",
                "connection: close",
            } <= set(told)
            assert not [line for line in told if line.startswith(("content-length", "transfer-encoding", "etag"))]
            assert await client.reader.readuntil(b"\n\n") == b"retry: 2000\n\n"
            name, status = await client.event()
            assert (name, len(status["Meters"])) == ("status", 3)
            assert [m["Device"] for m in await client.readings(2)] == ["SDM1.1", "SDM1.2"]
            site.publish(0, 7, 8)
            (message,) = await client.readings(1)
            assert (message["Device"], message["Values"]) == ("SDM1.1", {"Current": 7, "Power": 8})
        await forsaken(site)
        assert site.hub._subscriptions == [site.server._site.history._subscription]

    run(factory, main)


def test_single_readings_of_what_is_wanted() -> None:
    async def main(site: Site) -> None:
        async with listening(site, "?format=reading&devices=SDM1.2&measurement=Power&status=false") as client:
            name, message = await client.event()
            assert (name, message["IEC61850"], message["Value"]) == ("readings", "Power", 575)
            site.publish(0, 1, 2)
            site.publish(1, 3, 4)
            assert [m["Value"] for m in await client.readings(1)] == [4]

    run(asyncio.new_event_loop, main)


@pytest.mark.parametrize("query", ["?devices=no", "?measurement=no", "?format=no", "?status=0"])
def test_what_cannot_be_had(query: str) -> None:
    async def main(site: Site) -> None:
        answer = await site.ask(f"/api/stream{query}")
        assert (answer.status, answer.json["status"]) == (400, 400)
        assert (await site.ask(f"/api/stream{query}", "HEAD")).status == 400

    run(asyncio.new_event_loop, main)


def test_head_tells_what_get_would() -> None:
    async def main(site: Site) -> None:
        answer = await site.ask("/api/stream", "HEAD")
        assert (answer.status, answer.body) == (200, b"")
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["cache-control"] == "no-store"
        assert "content-length" not in answer.headers
        assert site.server._site.stream._channels == {}

    run(asyncio.new_event_loop, main)


@LOOPS
def test_no_timeout_ends_it_and_a_comment_keeps_it_alive(factory: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "WATCH_INTERVAL", 0.02)

    async def main(site: Site) -> None:
        for key in ("RESPONSE_TIMEOUT", "REQUEST_TIMEOUT", "KEEP_ALIVE_TIMEOUT"):
            site.server._app.config[key] = 0.05
        async with listening(site, "?status=false&devices=SDM1.3") as client:
            assert await client.reader.readuntil(b"\n\n") == b"retry: 2000\n\n"
            for _ in range(3):
                assert await asyncio.wait_for(client.reader.readuntil(b"\n\n"), 30) == b":\n\n"
            site.publish(2, 1, 2)
            (message,) = await client.readings(1)
            assert message["Device"] == "SDM1.3"

    run(factory, main)


@LOOPS
def test_what_a_listener_says_is_ignored_but_for_its_amount(factory: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mbmd.web.protocol.HEARD_AT_MOST", 300_000)

    async def main(site: Site) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(b"GET /api/stream HTTP/1.1\r\nHost: a\r\n\r\n" + b"GET / HTTP/1.1\r\n\r\n" * 10_000)
        client = Listener(reader, await reader.readuntil(b"\r\n\r\n"))
        await client.readings(2)
        site.publish(0, 1, 2)
        assert len(await client.readings(1)) == 1
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                writer.write(bytes(10_000))
                await writer.drain()
        await forsaken(site)
        writer.close()

    run(factory, main)


@LOOPS
def test_it_ends_when_the_server_stops(factory: Factory) -> None:
    async def main(site: Site) -> None:
        async with listening(site) as client:
            await client.readings(2)
            await site.server.close()
            with contextlib.suppress(ConnectionError):
                await asyncio.wait_for(client.reader.read(), 30)
            assert client.reader.at_eof()

    run(factory, main)


def test_another_client_reads_it_as_an_endless_body() -> None:
    async def main(site: Site) -> None:
        def ask() -> list[bytes]:
            connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
            connection.request("GET", "/api/stream?status=false")
            response = connection.getresponse()
            lines = [response.readline() for _ in range(4)]
            response.close()
            connection.close()
            return lines

        lines = await asyncio.to_thread(ask)
        assert lines[:3] == [b"retry: 2000\n", b"\n", b"event: readings\n"]
        assert json.loads(lines[3].removeprefix(b"data: "))["Device"] == "SDM1.1"

    run(asyncio.new_event_loop, main)
