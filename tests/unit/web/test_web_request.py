"""Requests that are none, sent to a real server."""

import asyncio

import pytest

from tests.web_site import Site, parse_answer, run

HOST = b"Host: 127.0.0.1\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"GET meter.example:80 HTTP/1.1\r\n" + HOST,
        b"CONNECT meter.example:443 HTTP/1.1\r\n" + HOST,
        b"GET api/last HTTP/1.1\r\n" + HOST,
        b"GET /static/page.js\0 HTTP/1.1\r\n" + HOST,
        b"GET http:// HTTP/1.1\r\n" + HOST,
        b"\x01\x7f \x02:\x03 \x04\r\n" + HOST,
        b"GET /api/last HTTP/2.0\r\n" + HOST,
        b"GET /api/last HTTP/1.1\r\n",
        b"GET /api/last HTTP/1.1\r\n" + HOST + b"Host: other.example\r\n",
        b"GET /api/last HTTP/1.1\r\n" + HOST + b"Content-Length: +5\r\n",
        b"GET /api/last HTTP/1.1\r\n" + HOST + b"X: a\r\n folded\r\n",
        b"GET /api/last HTTP/1.1\r\n" + HOST + b"X: a\nY: b\r\n",
        b"GET /api/last HTTP/1.1\r\n" + HOST + b"Content-Length : 5\r\n",
    ],
)
def test_what_is_no_request_is_told_so_and_logged_by_nobody(head: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def main(site: Site) -> None:
        answer = parse_answer(await site.send(head + b"\r\n"))
        assert answer.status == 400
        assert answer.json["status"] == 400
        assert answer.headers["connection"] == "close"

    run(asyncio.new_event_loop, main)
    assert caplog.records == []


def test_a_client_of_http_1_0_need_not_name_the_host() -> None:
    async def main(site: Site) -> None:
        assert parse_answer(await site.send(b"GET /api/last HTTP/1.0\r\n\r\n")).status == 200

    run(asyncio.new_event_loop, main)


@pytest.mark.parametrize("line", [b"Sec-WebSocket-Protocol: ,\xff", b"Origin: \xff", b"Sec-WebSocket-Key: x"])
def test_a_websocket_that_is_asked_for_wrongly_is_an_error_of_the_client(
    line: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    head = HOST + b"Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n"
    key = b"" if b"Key" in line else b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

    async def main(site: Site) -> None:
        data = await site.send(b"GET /ws HTTP/1.1\r\n" + head + key + line + b"\r\n\r\n")
        assert parse_answer(data).status == 400

    run(asyncio.new_event_loop, main)
    assert caplog.records == []
