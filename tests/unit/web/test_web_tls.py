"""A real server that speaks TLS, and clients that do not, not well, or never finish."""

import asyncio
import contextlib
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from mbmd.config.web import Web
from mbmd.web import limits
from mbmd.web.server import plan
from tests.certificates import Made, make_certificate
from tests.web_site import LOOPS, Factory, Site, connected, hear, run

HEAD = b"GET /api/last HTTP/1.1\r\nHost: h\r\n"

pytestmark = pytest.mark.usefixtures("quiet_log")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_certificate(tmp_path_factory.mktemp("certificates"))


@LOOPS
@pytest.mark.parametrize("secret", [False, True])
def test_what_is_small_is_sent_at_once(factory: Factory, secret: bool, made: Made) -> None:
    async def main(site: Site) -> None:
        asked: dict[str, Any] = {"ssl": made.trusting()} if secret else {}
        client = await site.websocket(**asked)
        server: Any = site.server._server
        (connection,) = server.connections
        served = connection.transport.get_extra_info("socket")
        assert served.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        await client.close()

    run(factory, main, Web(cert=made.cert, cert_key=made.key) if secret else None)


@LOOPS
def test_tls(factory: Factory, made: Made) -> None:
    async def main(site: Site) -> None:
        client = made.trusting()
        for path in ("/api/last", "/"):
            answer = await site.ask(path, tls=client)
            assert answer.status == 200
            assert answer.headers["cross-origin-opener-policy"] == "same-origin"
            assert "strict-transport-security" not in answer.headers
        assert "max-age" in (await site.ask("/", tls=client, host="localhost")).headers["strict-transport-security"]
        listener = await site.websocket(ssl=client)
        assert await hear(listener, 1, "Meters")
        await listener.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port, ssl=client)
        secret = writer.get_extra_info("ssl_object")
        assert secret.version() == "TLSv1.3"
        for _ in range(3):
            writer.write(HEAD + b"\r\n")
            assert (await reader.readuntil(b"}}")).startswith(b"HTTP/1.1 200")
        writer.close()

    run(factory, main, Web(cert=made.cert, cert_key=made.key))


@LOOPS
def test_old_tls_and_no_tls_get_nothing(factory: Factory, made: Made) -> None:
    async def main(site: Site) -> None:
        assert b"200" not in await site.send(HEAD + b"\r\n")
        old = made.trusting()
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1"):
            old.minimum_version = ssl.TLSVersion.TLSv1
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await site.send(HEAD + b"\r\n", old)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await site.send(HEAD + b"\r\n", ssl.create_default_context())
        assert (await site.ask("/api/last", tls=made.trusting())).status == 200

    run(factory, main, Web(cert=made.cert, cert_key=made.key))


@LOOPS
@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("data", [b"", b"\x16\x03\x01\x02\x00", bytes(100)])
def test_a_handshake_that_never_ends_is_ended(factory: Factory, made: Made, data: bytes) -> None:
    async def main(site: Site) -> None:
        await asyncio.wait_for(site.send(data), 30)
        while site.server._connections._all:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.005)

    run(factory, main, Web(cert=made.cert, cert_key=made.key))


def test_handshakes_count_as_connections_and_end_with_the_server(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "EACH", 2)

    async def main(site: Site) -> None:
        async with connected(site) as (first, _), connected(site):
            while site.server._connections._all < 2:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.005)
            assert await site.send(b"\x16") == b""
            await site.server.close()
            with contextlib.suppress(ConnectionError):
                assert await asyncio.wait_for(first.read(), 30) == b""

    run(asyncio.new_event_loop, main, Web(cert=made.cert, cert_key=made.key))


def test_who_speaks_tls_to_a_plain_port_is_ended_at_once() -> None:
    async def main(site: Site) -> None:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await site.send(HEAD + b"\r\n", ssl.create_default_context())

    run(asyncio.new_event_loop, main)


@LOOPS
def test_a_renewed_certificate_is_shown_to_who_comes_and_streams_go_on(
    factory: Factory, made: Made, tmp_path: Path
) -> None:
    other = make_certificate(tmp_path)

    async def main(site: Site) -> None:
        client = await site.websocket(ssl=made.trusting())
        assert site.server.change(plan(Web(cert=other.cert, cert_key=other.key))) == "web: changed certificate"
        assert (await site.ask("/api/last", tls=other.trusting())).status == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            await site.ask("/api/last", tls=made.trusting())
        assert await hear(client, 2, "Meters")
        assert site.server.change(plan(Web())) == ""
        assert (await site.ask("/api/last", tls=other.trusting())).status == 200
        await client.close()

    run(factory, main, Web(cert=made.cert, cert_key=made.key))
