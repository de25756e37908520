"""TCP and UDP on the loopback interface."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest
import uvloop

from mbmd.config.adapter import parse_adapter
from mbmd.errors import LinkError
from mbmd.transport import network
from mbmd.transport.line import Line
from mbmd.transport.open import opener


class Ear:
    """A receiver that notes what it hears."""

    def __init__(self) -> None:
        self.data = b""
        self.lost: list[Exception | None] = []

    def data_received(self, data: bytes) -> None:
        self.data += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is so; fails after half a minute."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.001)


LOOPS = pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop])
Factory = Callable[[], asyncio.AbstractEventLoop]


def run(factory: Factory, main: Callable[[], Awaitable[None]]) -> None:
    async def checked() -> None:
        await asyncio.wait_for(main(), 60)

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(checked())


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(type=kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def open_line(url: str, ear: Ear) -> Line:
    return await opener(parse_adapter(url))(ear)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers in upper case until it hears `bye`."""
    while (data := await reader.read(1000)) and data != b"bye":
        writer.write(data.upper())
    writer.close()


@LOOPS
def test_bytes_go_both_ways_over_tcp(factory: Factory) -> None:
    async def main() -> None:
        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            ear = Ear()
            line = await open_line(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}", ear)
            line.write(b"hello")
            await until(lambda: ear.data == b"HELLO")
            line.close()
            await until(lambda: ear.lost)
            assert ear.lost == [None]

    run(factory, main)


@LOOPS
def test_a_peer_that_hangs_up_is_told_once(factory: Factory) -> None:
    async def main() -> None:
        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            ear = Ear()
            line = await open_line(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}", ear)
            line.write(b"bye")
            await until(lambda: ear.lost)
            line.close()
            await asyncio.sleep(0.01)
            assert len(ear.lost) == 1

    run(factory, main)


@LOOPS
def test_after_closing_nothing_is_heard(factory: Factory) -> None:
    async def main() -> None:
        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            ear = Ear()
            line = await open_line(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}", ear)
            line.write(b"hello")
            line.close()
            await until(lambda: ear.lost)
            await asyncio.sleep(0.05)
            assert (ear.data, ear.lost) == (b"", [None])

    run(factory, main)


@LOOPS
def test_a_port_where_nobody_listens(factory: Factory) -> None:
    async def main() -> None:
        port = free_port()
        with pytest.raises(LinkError, match=rf"^127\.0\.0\.1:{port}: Connection refused$"):
            await open_line(f"tcp://127.0.0.1:{port}", Ear())

    run(factory, main)


@LOOPS
@pytest.mark.parametrize("host", ["a..b", "x" * 64, "host.invalid"])
@pytest.mark.parametrize("scheme", ["tcp", "rtu+udp"])
def test_a_host_that_cannot_be(factory: Factory, host: str, scheme: str) -> None:
    async def main() -> None:
        with pytest.raises(LinkError) as caught:
            await open_line(f"{scheme}://{host}:502", Ear())
        assert str(caught.value).startswith(f"{host}:502: ")
        assert str(caught.value).isprintable()

    run(factory, main)


@LOOPS
def test_ipv6_where_the_machine_has_it(factory: Factory) -> None:
    async def main() -> None:
        try:
            server = await asyncio.start_server(echo, "::1", 0)
        except OSError:
            with pytest.raises(LinkError, match=r"^\[::1\]:502: "):
                await open_line("tcp://[::1]:502", Ear())
            return
        async with server:
            ear = Ear()
            line = await open_line(f"tcp://[::1]:{server.sockets[0].getsockname()[1]}", ear)
            line.write(b"hello")
            await until(lambda: ear.data == b"HELLO")
            line.close()

    run(factory, main)


def test_a_host_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async def never(*_: object, **__: object) -> None:
            await asyncio.sleep(3600)

        monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", never)
        monkeypatch.setattr(network, "CONNECT_TIMEOUT", 0.02)
        with pytest.raises(LinkError, match=r"^10\.0\.0\.4:502: no connection within 0 s$"):
            await open_line("tcp://10.0.0.4:502", Ear())

    run(asyncio.new_event_loop, main)


class Gateway(asyncio.DatagramProtocol):
    """Answers each datagram in upper case."""

    transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.transport.sendto(data.upper(), addr)


@LOOPS
def test_bytes_go_both_ways_over_udp(factory: Factory) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        gateway, _ = await loop.create_datagram_endpoint(Gateway, ("127.0.0.1", 0))
        ear = Ear()
        line = await open_line(f"rtu+udp://127.0.0.1:{gateway.get_extra_info('sockname')[1]}", ear)
        line.write(b"hello")
        await until(lambda: ear.data == b"HELLO")
        line.close()
        await until(lambda: ear.lost)
        assert ear.lost == [None]
        gateway.close()

    run(factory, main)


@LOOPS
def test_a_udp_gateway_that_is_not_there_is_silent(factory: Factory) -> None:
    async def main() -> None:
        ear = Ear()
        line = await open_line(f"rtu+udp://127.0.0.1:{free_port(socket.SOCK_DGRAM)}", ear)
        for _ in range(5):
            line.write(b"hello")
            await asyncio.sleep(0.01)
        assert (ear.data, ear.lost) == (b"", [])
        line.close()
        await until(lambda: ear.lost)

    run(factory, main)


@LOOPS
def test_strangers_are_not_heard_over_udp(factory: Factory) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        ports: list[int] = []

        class Notes(Gateway):
            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                ports.append(addr[1])
                super().datagram_received(data, addr)

        gateway, _ = await loop.create_datagram_endpoint(Notes, ("127.0.0.1", 0))
        ear = Ear()
        line = await open_line(f"rtu+udp://127.0.0.1:{gateway.get_extra_info('sockname')[1]}", ear)
        line.write(b"a")
        await until(lambda: ports)
        with socket.socket(type=socket.SOCK_DGRAM) as stranger:
            stranger.sendto(b"stranger", ("127.0.0.1", ports[0]))
        line.write(b"b")
        await until(lambda: ear.data.endswith(b"B"))
        assert ear.data == b"AB"
        line.close()
        gateway.close()
        await until(lambda: ear.lost)

    run(factory, main)
