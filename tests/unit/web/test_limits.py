"""Clients of a real server that are slow, loud, broken or up to no good."""

import asyncio
import contextlib
import re
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mbmd.web import connections, limits
from mbmd.web.addresses import site_of
from mbmd.web.connections import Connections
from mbmd.web.proxies import Proxies
from tests.web_site import LOOPS, Factory, Site, connected, hear, parse_answer, run

HEAD = b"GET /api/last HTTP/1.1\r\nHost: h\r\n"


pytestmark = pytest.mark.usefixtures("quiet_log")


async def trickle(site: Site, data: bytes, endless: bytes) -> bytes:
    """What comes back for who sends a byte now and then, for ever."""
    async with connected(site) as (reader, writer):
        writer.write(data)

        async def go_on() -> None:
            while True:
                writer.write(endless)
                await asyncio.sleep(0.02)

        trickling = asyncio.create_task(go_on())
        try:
            return await asyncio.wait_for(reader.read(), 30)
        except ConnectionError:
            return b""
        finally:
            trickling.cancel()


@LOOPS
@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize(
    ("begin", "endless"),
    [
        (b"G", b"E"),
        (HEAD, b"X"),
        (HEAD, b"X: y\r\n"),
        (HEAD + b"Content-Length: 9999\r\n\r\n", b"x"),
        (HEAD + b"Content-Length: 9999\r\nExpect: 100-continue\r\n\r\n", b"x"),
        (b"POST" + HEAD[3:] + b"Content-Length: 9999\r\n\r\n", b"x"),
        (HEAD + b"\r\n" + HEAD, b"X"),
    ],
)
def test_who_trickles_is_told_so_and_ended(factory: Factory, begin: bytes, endless: bytes) -> None:
    async def main(site: Site) -> None:
        answer = await trickle(site, begin, endless)
        told = re.findall(rb"HTTP/1.1 ([0-9]+)", answer)
        assert not told or told[-1] in (b"408", b"405")  # nothing where a reset was quicker
        assert (await site.ask("/api/last")).status == 200

    run(factory, main)


@LOOPS
@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("data", [b"", HEAD + b"\r\n"])
def test_who_does_nothing_is_ended(factory: Factory, data: bytes) -> None:
    async def main(site: Site) -> None:
        async with connected(site) as (reader, writer):
            writer.write(data)
            answer = await asyncio.wait_for(reader.read(), 30)
            assert answer.startswith(b"HTTP/1.1 200" if data else b"")

    run(factory, main)


@pytest.mark.usefixtures("hurry")
def test_who_asks_now_and_then_stays_connected_and_streams_do_not_end() -> None:
    async def main(site: Site) -> None:
        client = await site.websocket()
        async with connected(site) as (reader, writer):
            for _ in range(10):
                writer.write(HEAD + b"\r\n")
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200")
                await reader.readuntil(b"}}")
                await asyncio.sleep(0.15)
        assert await hear(client, 3, "Meters")
        await client.close()

    run(asyncio.new_event_loop, main)


def test_half_open_connections_leave_nothing_behind() -> None:
    async def main(site: Site) -> None:
        for data in (b"", b"GET", HEAD, HEAD + b"Content-Length: 10\r\n\r\nabc"):
            async with connected(site) as (reader, writer):
                writer.write(data)
                writer.write_eof()
                with contextlib.suppress(ConnectionError):
                    await asyncio.wait_for(reader.read(), 30)
        while site.server._connections._all:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.005)

    run(asyncio.new_event_loop, main)


BODY = b"Content-Length: 5\r\n\r\nhello"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (HEAD + b"X: " + b"a" * limits.HEAD + b"\r\n\r\n", 431),
        (HEAD + b"X: a\r\n" * 3000 + b"\r\n", 431),
        (b"GET /" + b"a" * limits.HEAD + b" HTTP/1.1\r\n\r\n", 431),
        (b"A" * 100_000, 431),
        (b"GET /api/last\r\n\r\n", 400),
        (b"GET /api/last HTTP/0.9\r\n\r\n", 400),
        (b"GET /api/last HTTP/2.0\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"GET  /api/last HTTP/1.1\r\n\r\n", 400),
        (b"GET /api/last HTTP/1.1 \r\n\r\n", 400),
        (b" GET /api/last HTTP/1.1\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
        (b"\r\nGET /api/last HTTP/1.1\r\n\r\n", 400),
        (b"G\xc3\x84T /api/last HTTP/1.1\r\n\r\n", 400),
        (b"GET /api/l\xc3\xa4st HTTP/1.1\r\n\r\n", 400),
        (b"GET /api/last\x00 HTTP/1.1\r\n\r\n", 400),
        (b"GET http://h HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"\x00\x01\x02\x03\r\n\r\n", 400),
        (b"\xff\xfe\xfd\r\n\r\n", 400),
        (HEAD + b"Host: other\r\n\r\n", 400),
        (HEAD + b"X : y\r\n\r\n", 400),
        (HEAD + b" folded: y\r\n\r\n", 400),
        (HEAD + b"X: y\r\n z\r\n\r\n", 400),
        (HEAD + b"no colon\r\n\r\n", 400),
        (HEAD + b": empty\r\n\r\n", 400),
        (HEAD + b"X: a\nContent-Length: 5\r\n\r\nhello", 400),
        (HEAD + b"X: a\rY: b\r\n\r\n", 400),
        (HEAD + b"X: a\x00b\r\n\r\n", 400),
        (HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
        (HEAD + b"Content-Length: 5, 5\r\n\r\nhello", 400),
        (HEAD + b"Content-Length: +5\r\n\r\nhello", 400),
        (HEAD + b"Content-Length: -1\r\n\r\n", 400),
        (HEAD + b"Content-Length: 0x5\r\n\r\nhello", 400),
        (HEAD + b"Content-Length: \xd9\xa5\r\n\r\nhello", 400),
        (HEAD + b"Content-Length: 99999999999999999999\r\n\r\n", 400),
        (HEAD + b"Content-Length : 5\r\n\r\nhello", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 411),
        (HEAD + b"Transfer-Encoding: xchunked\r\n\r\n", 411),
        (HEAD + b"Transfer-Encoding: identity\r\n\r\n", 411),
        (HEAD + b"Content-Length: 17000\r\n\r\n" + b"x" * 17000, 413),
        (HEAD + b"Content-Length: 999999999\r\n\r\nx", 413),
        (HEAD + b"Content-Length: 5\r\nExpect: miracles\r\n\r\nhello", 417),
        (b"POST" + HEAD[3:] + BODY, 405),
        (b"POST" + HEAD[3:] + b"Content-Length: 999999999\r\n\r\nx", 405),
        (b"BREW" + HEAD[3:] + b"\r\n", 405),
        (b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 405),
    ],
)  # fmt: skip
def test_what_is_wrong_is_answered_by_one_error(data: bytes, status: int) -> None:
    async def main(site: Site) -> None:
        answer = await site.send(
            data if status in (400, 411, 431) else data.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        )
        if not answer and status in (413, 431):  # a reset, as the rest was still on its way
            return
        assert answer.count(b"HTTP/1.1 ") == 1
        told = parse_answer(answer)
        assert (told.status, told.json["status"]) == (status, status)
        assert told.json["message"]
        assert told.headers["connection"] == "close"

    run(asyncio.new_event_loop, main)


def test_a_body_that_means_nothing_is_let_be() -> None:
    async def main(site: Site) -> None:
        data = HEAD + BODY + b"HEAD" + HEAD[3:] + b"Connection: close\r\n\r\n"
        answer = await site.send(data)
        assert answer.count(b"HTTP/1.1 200 OK") == 2

    run(asyncio.new_event_loop, main)


@pytest.mark.parametrize(
    "path",
    [
        "/../", "/%2e%2e/", "/static/..%2fapp.py", "/static/%2e%2e%2fapp.py", "/static/..\\app.py",
        "/static/%5c..%5capp.py", "//", "//etc/passwd", "/static//etc/passwd", "/static/%00", "/api/last/%00",
        "/api/last/%ff", "/api/last/%", "/api/last/%zz", "/api/last/" + "a" * 7000, "/api/last/..%2f..%2f",
        "/static/page.js%00.png", "/./api/last", "/api//last", "/;/api/last", "/api/last;x", "/api/last/SDM1.1/x",
        "/static/" + "../" * 50 + "etc/passwd", "/api/last/%e2%80%ae", "/?" + "a&" * 3000,
    ],
)  # fmt: skip
def test_tricks_with_paths_lead_nowhere(path: str) -> None:
    async def main(site: Site) -> None:
        answer = await site.ask(path)
        assert answer.status == (200 if path.startswith("/?") else 404)
        assert b"import" not in answer.body

    run(asyncio.new_event_loop, main)


PARTS = [b"GET ", b"/api/last", b" HTTP/1.1", b"\r\n", b"Host: h", b"Content-Length: 3", b"Upgrade: websocket"]


BYTES = st.lists(st.binary(max_size=40) | st.sampled_from(PARTS), max_size=12).map(b"".join)


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(BYTES, min_size=5, max_size=20))
def test_any_bytes_get_an_answer_or_an_end(pieces: list[bytes]) -> None:
    async def main(site: Site) -> None:
        for data in pieces:
            async with connected(site) as (reader, writer):
                writer.write(data + b"\r\n\r\n")
                writer.write_eof()
                with contextlib.suppress(ConnectionError):
                    answer = await asyncio.wait_for(reader.read(), 30)
                    assert answer.startswith(b"HTTP/1.1 ") or not answer
        assert (await site.ask("/api/last")).status == 200

    run(asyncio.new_event_loop, main)


def test_who_asks_a_thousand_times_at_once_leaves_others_their_turn() -> None:
    async def main(site: Site) -> None:
        async with connected(site) as (reader, writer):
            writer.write((HEAD + b"\r\n") * 1000)
            count = turns = 0
            while count < 1000:
                turns += 1
                data = await asyncio.wait_for(reader.read(1 << 16), 30)
                assert data
                count += data.count(b"HTTP/1.1 200")
            assert turns > 1

    run(asyncio.new_event_loop, main)


@LOOPS
@pytest.mark.usefixtures("hurry")
def test_who_asks_and_never_reads_is_ended(factory: Factory) -> None:
    async def main(site: Site) -> None:
        with socket.create_connection(("127.0.0.1", site.port)) as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.setblocking(False)
            while not site.server._connections._all:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.005)
            while site.server._connections._all:
                with contextlib.suppress(BlockingIOError, ConnectionError):
                    deaf.send((HEAD + b"\r\n") * 1000)
                await asyncio.sleep(0.005)

    run(factory, main)


@LOOPS
def test_there_are_no_more_connections_than_there_may_be(
    factory: Factory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(limits, "EACH", 3)

    async def main(site: Site) -> None:
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(3):
                await stack.enter_async_context(connected(site))
            for _ in range(5):
                assert await site.send(HEAD + b"\r\n") == b""
        while site.server._connections._all:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.005)
        assert (await site.ask("/api/last")).status == 200

    run(factory, main)
    assert [record.getMessage() for record in caplog.records if "too many" in record.getMessage()] == [
        "web server: too many connections, 3 in all: those of 127.0.0.1 are refused"
    ]


def test_connections_are_counted_in_all_and_of_each_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "EACH", 2)
    monkeypatch.setattr(limits, "CONNECTIONS", 6)
    counted = Connections(None, Proxies(("10.0.0.1",)))
    assert counted.admit("2001:db8::1") == counted.admit("2001:db8::2") == site_of("2001:db8::")
    assert counted.admit("2001:db8::3") is None
    assert [counted.admit("10.0.0.1") for _ in range(4)] == [""] * 4
    assert counted.admit("1.2.3.4") is None
    counted.release("")
    assert counted.admit("::ffff:1.2.3.4") == "1.2.3.4"
    counted.release(site_of("2001:db8::"))
    assert counted.admit("2001:db8::3") is not None
    assert counted.admit("10.0.0.1") is None


@pytest.mark.parametrize(
    ("files", "buses", "most"),
    [
        (1024, 0, 824),
        (256, 0, 128),
        (100_000, 0, 1000),
        (-1, 0, 1000),
        (-1, 5000, 1000),
        (1024, 24, 800),
        (1100, 1000, 50),
    ],
)
def test_files_are_left_for_the_buses(files: int, buses: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (files, files))
    assert limits.most_connections(buses) == most
    assert connections.SILENCE == 60
