"""Writes over a real connection, whatever the other side makes of them."""

import asyncio
import gc
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mbmd.config.outputs import Influx
from mbmd.config.secret import Secret
from mbmd.errors import UsageError
from mbmd.sinks.influx import server as module
from mbmd.sinks.influx.answers import Refusal
from mbmd.sinks.influx.server import Server
from mbmd.sinks.outbox.errors import AwayError
from tests.unit.sinks.influx.certificate import Certificate, make_certificate
from tests.unit.sinks.influx.scripted_http import NO_CONTENT, Answering, ScriptedHttp, answer

LINES = [b"data a=1 1\n", b"data a=2 2\n"]


def influx(url: str, **keys: Any) -> Influx:
    return Influx(**{"url": url, "database": "data", **keys})


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READ_TIMEOUT", 0.3)


def write(config: Influx, times: int = 1) -> Refusal | None:
    """The last answer of some writes on one connection."""

    async def run() -> Refusal | None:
        server = Server(config)
        for _ in range(times - 1):
            await server.write(LINES)
        try:
            return await server.write(LINES)
        finally:
            server.close()

    return asyncio.run(run())


def trouble(config: Influx) -> str:
    with pytest.raises(AwayError) as caught:
        write(config)
    assert caught.value.__cause__ is None
    return str(caught.value)


def trouble_with(answering: Answering) -> str:
    with ScriptedHttp(after=answering) as http:
        return trouble(influx(http.url))


@pytest.mark.parametrize("gzip", [True, False])
def test_lines_are_written_on_one_connection(gzip: bool) -> None:
    with ScriptedHttp() as http:
        assert write(influx(http.url, gzip=gzip), 3) is None
    assert [request.body for request in http.requests] == [b"".join(LINES)] * 3
    assert http.requests[0].line == "POST /write?db=data&precision=ns HTTP/1.1"
    assert ("content-encoding" in http.requests[0].headers) is gzip
    assert http.connections == 1


def test_an_answer_with_a_body_keeps_the_connection() -> None:
    with ScriptedHttp(answer(200, b'{"ok": true}'), answer(400, b'{"error": "partial write: dropped=1"}')) as http:
        assert write(influx(http.url), 2) == Refusal("partial write: dropped=1", 1)
        assert http.connections == 1


def test_a_connection_that_was_closed_is_opened_again() -> None:
    def closed(connection: socket.socket) -> None:
        connection.sendall(NO_CONTENT)

    with ScriptedHttp(closed) as http:

        async def run() -> None:
            server = Server(influx(http.url))
            assert await server.write(LINES) is None
            with suppress(AwayError):  # it may not know yet that the connection is closed
                await server.write(LINES)
            assert await server.write(LINES) is None
            server.close()

        asyncio.run(run())
        assert http.connections == 2


def test_it_can_be_written_to_again_after_it_was_closed() -> None:
    with ScriptedHttp() as http:

        async def run() -> None:
            server = Server(influx(http.url))
            for _ in range(2):
                assert await server.write(LINES) is None
                server.close()

        asyncio.run(run())
        assert http.connections == 2


def test_the_token_goes_with_each_write() -> None:
    with ScriptedHttp() as http:
        write(influx(http.url, token=Secret("t0ken"), version="3"), 2)
    assert [request.headers["authorization"] for request in http.requests] == ["Bearer t0ken"] * 2
    assert not any("t0ken" in request.line for request in http.requests)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert trouble(influx(f"http://me:s3cret@127.0.0.1:{port}")) == "Connection refused"


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "a" * 70])
def test_nobody_knows_the_name(host: str) -> None:
    assert trouble(influx(f"http://{host}")) == "its name is unknown"


def test_an_address_that_is_none_is_told_at_once() -> None:
    with pytest.raises(UsageError, match=r"^influx\.url: is not an address"):
        Server(influx("http://me:s3cret@a%zz"))


def closes(connection: socket.socket) -> None:
    """Answer nothing."""


def closes_within_an_answer(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 204 No Con")


def never_answers(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.recv(1)


@pytest.mark.parametrize(
    ("answering", "text"),
    [
        (never_answers, "no answer in time"),
        (closes, "it closed the connection without an answer"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n", "it does not speak HTTP"),
        (b"\xff" * 100_000, "it does not speak HTTP"),
        (answer(500, b"oh"), "status 500: oh"),
        (answer(302, b"", "Location: http://other.example/write"), None),
    ],
)
def test_there_is_no_good_answer(answering: Answering, text: str | None) -> None:
    said = trouble_with(answering)
    assert said == text if text else "a redirect to http://other.example" in said


def test_a_redirect_is_not_followed() -> None:
    with ScriptedHttp() as elsewhere:
        said = trouble_with(answer(307, b"", f"Location: {elsewhere.url}/write"))
        assert elsewhere.url in said
        assert elsewhere.connections == 0


def test_an_answer_that_breaks_off_in_its_status_is_none() -> None:
    with ScriptedHttp(after=closes_within_an_answer) as http:
        assert write(influx(http.url)) is None, "the status had come"


def endless(head: bytes) -> Answering:
    def send(connection: socket.socket) -> None:
        connection.sendall(head)
        with suppress(OSError):
            while True:
                connection.sendall(b"x" * 1000)

    return send


def trickling(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\n")
    ended = threading.Event()
    with suppress(OSError):
        while not ended.wait(0.05):
            connection.sendall(b"x")


@pytest.mark.parametrize(
    "answering",
    [
        endless(b"HTTP/1.1 503 Busy\r\n\r\n"),
        endless(b"HTTP/1.1 503 Busy\r\nContent-Length: 99999999\r\n\r\n"),
        trickling,
        lambda connection: connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\nxxx"),
        lambda connection: connection.sendall(b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxxx\r\nzz"),
    ],
    ids=["endless", "huge", "trickling", "cut off", "bad chunks"],
)
def test_of_a_body_without_end_the_beginning_counts(answering: Answering) -> None:
    with ScriptedHttp(answering) as http:
        assert trouble(influx(http.url)).startswith("status 503: xxx")


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_who_gives_up_ends_a_connection_whose_headers_never_end(is_encrypted: bool, certificate: Certificate) -> None:
    began, ended = threading.Event(), threading.Event()

    def trickling_headers(connection: socket.socket) -> None:
        try:
            connection.sendall(b"HTTP/1.1 204 No Content\r\nX-Long: ")
            while not ended.wait(0.02):
                connection.sendall(b"x")
                began.set()
        except OSError:
            ended.set()

    async def run(url: str) -> None:
        server = Server(influx(url, insecure=is_encrypted))
        writing = asyncio.create_task(server.write(LINES))
        assert await asyncio.to_thread(began.wait, 60)
        writing.cancel()
        assert await asyncio.to_thread(ended.wait, 60)
        server.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    with ScriptedHttp(after=trickling_headers, tls=context if is_encrypted else None) as http:
        asyncio.run(run(http.url))
    ended.set()


def test_no_connection_is_left_open() -> None:
    with ScriptedHttp() as http:
        write(influx(http.url))
        gc.collect()  # pytest makes an error of the warning


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def encrypted(certificate: Certificate) -> Iterator[ScriptedHttp]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    with ScriptedHttp(tls=context) as http:
        yield http


def test_a_certificate_of_the_users_own_is_trusted(encrypted: ScriptedHttp, certificate: Certificate) -> None:
    assert write(influx(encrypted.url, ca=certificate.chain), 2) is None
    assert encrypted.connections == 1


def test_any_certificate_is_taken_only_when_asked(encrypted: ScriptedHttp) -> None:
    assert trouble(influx(encrypted.url)).startswith("its certificate is not trusted: self")
    assert not encrypted.requests
    assert write(influx(encrypted.url, insecure=True)) is None


def test_the_certificate_must_be_for_that_host(encrypted: ScriptedHttp, certificate: Certificate) -> None:
    url = encrypted.url.replace("127.0.0.1", "localhost")
    assert trouble(influx(url, ca=certificate.chain)).startswith("its certificate is not trusted: Hostname mismatch")


def test_a_server_without_encryption_is_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with listener.accept()[0] as connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(1 << 16)

        threading.Thread(target=serve, daemon=True).start()
        said = trouble(influx(f"https://127.0.0.1:{listener.getsockname()[1]}"))
    assert said == "it does not speak TLS there: check scheme and port in influx.url"


def test_certificates_that_cannot_be_read_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"^influx\.ca: {tmp_path}/none\.pem cannot be read: No such file"):
        Server(influx("https://localhost", ca=tmp_path / "none.pem"))
    (tmp_path / "empty.pem").touch()
    with pytest.raises(UsageError, match=rf"^influx\.ca: {tmp_path}/empty\.pem holds no certificate$"):
        Server(influx("https://localhost", ca=tmp_path / "empty.pem"))
