"""Serial lines on pseudo terminals."""

import asyncio
import contextlib
import errno
import grp
import os
import stat
import time
import tty
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import serial
import uvloop

from mbmd.config.adapter import Adapter, parse_adapter
from mbmd.errors import LinkError, MbmdError, UsageError
from mbmd.transport.open import opener
from mbmd.transport.serial import MOST_UNSENT, SerialLine, open_serial


def open_descriptors() -> int:
    """How many pseudo terminals are open: threads of other tests may come and go with files of their own."""
    links = (os.path.realpath(path) for path in Path("/proc/self/fd").iterdir())
    return sum(link.startswith("/dev/pts/") for link in links)


class Ear:
    """A receiver that notes what it hears."""

    def __init__(self) -> None:
        self.data = b""
        self.lost: list[Exception | None] = []

    def data_received(self, data: bytes) -> None:
        self.data += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)


class Terminal:
    """A pseudo terminal; `far` is the device's side."""

    def __init__(self) -> None:
        self.far, self._near = os.openpty()
        tty.setraw(self._near)
        self.path = os.ttyname(self._near)

    def fill(self) -> int:
        """Make it take no more; returns how many bytes it has taken.

        The system makes room once more when it has passed on to the far side what it was given.
        """
        os.set_blocking(self._near, False)
        taken = rounds = 0
        while rounds < 3:
            more = self._write_all()
            taken += more
            rounds = 0 if more else rounds + 1
            time.sleep(0.005)
        return taken

    def _write_all(self) -> int:
        taken = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                taken += os.write(self._near, bytes(256))
        return taken

    def close(self) -> None:
        for fd in (self.far, self._near):
            if fd >= 0:
                os.close(fd)
        self.far = self._near = -1


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.close()


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is so; fails after half a minute."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.001)


async def read_exactly(fd: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += await asyncio.to_thread(os.read, fd, size - len(data))
    return data


LOOPS = pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop])
Factory = Callable[[], asyncio.AbstractEventLoop]


def run(factory: Factory, main: Callable[[], Awaitable[None]]) -> None:
    async def checked() -> None:
        await asyncio.wait_for(main(), 60)

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(checked())


@LOOPS
def test_bytes_go_both_ways(terminal: Terminal, factory: Factory) -> None:
    async def main() -> None:
        ear = Ear()
        line = open_serial(parse_adapter(terminal.path), ear)
        line.write(b"\x01\x03\x00\xff\r\n")
        assert await read_exactly(terminal.far, 6) == b"\x01\x03\x00\xff\r\n"
        os.write(terminal.far, b"\x11\x13\x00\x03\x04")
        await until(lambda: len(ear.data) == 5)
        assert ear.data == b"\x11\x13\x00\x03\x04"
        line.close()

    run(factory, main)


@LOOPS
def test_what_a_device_does_not_take_at_once_follows_in_order(terminal: Terminal, factory: Factory) -> None:
    async def main() -> None:
        ear = Ear()
        line = open_serial(parse_adapter(terminal.path), ear)
        before = terminal.fill()
        for request in (b"a" * 1000, b"b" * (MOST_UNSENT - 1000)):
            line.write(request)
        data = await read_exactly(terminal.far, before + MOST_UNSENT)
        assert data[before:] == b"a" * 1000 + b"b" * (MOST_UNSENT - 1000)
        line.write(b"and on")
        assert await read_exactly(terminal.far, 6) == b"and on"
        assert ear.lost == []
        line.close()

    run(factory, main)


@LOOPS
@pytest.mark.parametrize("requests", [[b"x" * (MOST_UNSENT + 1)], [b"x" * 8] * (MOST_UNSENT // 8) + [b"x"]])
def test_a_device_that_takes_no_data_ends_the_line(terminal: Terminal, factory: Factory, requests: list[bytes]) -> None:
    async def main() -> None:
        before = open_descriptors()
        ear = Ear()
        line = open_serial(parse_adapter(terminal.path), ear)
        terminal.fill()
        for request in requests:
            assert open_descriptors() > before
            line.write(request)
        assert open_descriptors() == before
        line.write(b"to nobody")
        assert ear.lost == []
        await until(lambda: ear.lost)
        await asyncio.sleep(0.01)
        (error,) = ear.lost
        assert isinstance(error, OSError)
        assert (error.errno, error.strerror) == (errno.EIO, "the device takes no data")

    run(factory, main)


def test_closing_does_not_wait_for_a_device_that_takes_no_data(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[bool] = []
    monkeypatch.setattr(serial.Serial, "reset_output_buffer", lambda port: flushed.append(port.is_open))

    async def main() -> None:
        line = open_serial(parse_adapter(terminal.path), Ear())
        terminal.fill()
        line.write(b"a request")
        line.close()

    run(asyncio.new_event_loop, main)
    assert flushed == [True]


@LOOPS
def test_a_peer_that_vanishes_is_told_once(terminal: Terminal, factory: Factory) -> None:
    async def main() -> None:
        ear = Ear()
        line = open_serial(parse_adapter(terminal.path), ear)
        terminal.close()
        await until(lambda: ear.lost)
        line.write(b"to nobody")
        line.close()
        await asyncio.sleep(0.01)
        assert len(ear.lost) == 1
        assert isinstance(ear.lost[0], OSError)

    run(factory, main)


@LOOPS
def test_a_write_to_a_device_that_is_gone_is_told_once(terminal: Terminal, factory: Factory) -> None:
    async def main() -> None:
        ear = Ear()
        line = open_serial(parse_adapter(terminal.path), ear)
        terminal.close()
        line.write(b"one")
        line.write(b"two")
        assert ear.lost == []
        await until(lambda: ear.lost)
        await asyncio.sleep(0.01)
        assert len(ear.lost) == 1

    run(factory, main)


@LOOPS
@pytest.mark.parametrize("unsent", [b"", b"x" * MOST_UNSENT])
def test_closing_is_told_once_and_gives_the_device_back(terminal: Terminal, factory: Factory, unsent: bytes) -> None:
    async def main() -> None:
        before = open_descriptors()
        for _ in range(3):
            ear = Ear()
            line = open_serial(parse_adapter(terminal.path), ear)
            if unsent:
                terminal.fill()
            line.write(unsent)
            line.close()
            line.close()
            line.write(b"too late")
            os.write(terminal.far, b"too late")
            lost = ear.lost
            assert lost == []
            await until(lambda lost=lost: lost)  # type: ignore[misc]
            assert lost == [None]
            assert ear.data == b""
        assert open_descriptors() == before

    run(factory, main)


def test_what_came_before_the_opening_is_not_heard(terminal: Terminal) -> None:
    async def main() -> None:
        os.write(terminal.far, b"old")
        ear = Ear()
        line = open_serial(parse_adapter(terminal.path), ear)
        os.write(terminal.far, b"new")
        await until(lambda: len(ear.data) >= 3)
        assert ear.data == b"new"
        line.close()

    run(asyncio.new_event_loop, main)


def test_a_device_is_used_by_one_alone(terminal: Terminal) -> None:
    async def main() -> None:
        line = open_serial(parse_adapter(terminal.path), Ear())
        with pytest.raises(UsageError, match=r": in use by another program: stop it, "):
            open_serial(parse_adapter(terminal.path), Ear())
        line.close()
        open_serial(parse_adapter(terminal.path), Ear()).close()

    run(asyncio.new_event_loop, main)


def refusal(adapter: Adapter) -> MbmdError:
    """What opening a device says; no descriptor may stay open."""

    async def main() -> MbmdError:
        before = open_descriptors()
        with pytest.raises((UsageError, LinkError)) as caught:
            open_serial(adapter, Ear())
        assert open_descriptors() == before
        return caught.value

    error = asyncio.run(main())
    assert str(error).startswith(adapter.address)
    assert str(error).isprintable()
    return error


def test_a_device_that_is_missing(tmp_path: Path) -> None:
    error = refusal(parse_adapter(f"{tmp_path}/ttyUSB0"))
    assert isinstance(error, UsageError)
    assert str(error).endswith("/ttyUSB0: no such serial device: see ls /dev/serial/by-id/")


def test_what_is_no_serial_device(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path, tmp_path / "file", Path("/dev/null")):
        error = refusal(parse_adapter(str(path)))
        assert isinstance(error, UsageError)
        assert str(error) == f"{path} is not a serial device"


def test_a_device_that_is_forbidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise serial.SerialException(errno.EACCES, "could not open port: Permission denied")

    device = tmp_path / "ttyUSB0"
    device.write_bytes(b"")
    owned = os.stat(device)  # noqa: PTH116
    monkeypatch.setattr(serial, "Serial", forbidden)

    def advice(mode: int, gid: int) -> str:
        changed = os.stat_result([stat.S_IFCHR | mode, *owned[1:5], gid, *owned[6:10]])
        with monkeypatch.context() as patch:
            patch.setattr("mbmd.transport.serial.os.stat", lambda _: changed)
            return str(refusal(parse_adapter(str(device))))

    tty_group = grp.getgrnam("tty").gr_gid
    assert advice(0o660, tty_group).endswith("join its group with 'sudo usermod -aG tty $USER' and log in again")
    assert "its mode is crw-------, group tty: a udev rule" in advice(0o600, tty_group)
    assert "group root: a udev rule" in advice(0o660, 0)


def test_settings_that_a_device_cannot_have(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def impossible(*_: object, **__: object) -> None:
        raise ValueError("Failed to set custom baud rate (4000000): [Errno 22] Invalid argument")

    monkeypatch.setattr(serial, "Serial", impossible)
    error = refusal(parse_adapter(terminal.path, 4_000_000))
    assert isinstance(error, UsageError)
    assert "Failed to set custom baud rate" in str(error)


def test_settings_that_a_driver_refuses(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    import termios

    def refused(*_: object) -> None:
        raise termios.error(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(termios, "tcsetattr", refused)
    assert "Invalid argument" in str(refusal(parse_adapter(terminal.path, 19200)))


def test_rs485_where_the_driver_has_none(terminal: Terminal) -> None:
    error = refusal(parse_adapter(f"rtu://{terminal.path}?rs485=true"))
    assert isinstance(error, UsageError)
    assert "the driver cannot switch RTS for RS485" in str(error)


def test_the_opener_of_a_serial_adapter(terminal: Terminal) -> None:
    async def main() -> None:
        line = await opener(parse_adapter(terminal.path))(Ear())
        assert isinstance(line, SerialLine)
        line.close()

    run(asyncio.new_event_loop, main)


def test_mock_has_no_line_of_its_own() -> None:
    with pytest.raises(ValueError, match="simulated"):
        opener(parse_adapter("mock"))
