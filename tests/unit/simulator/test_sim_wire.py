"""The paced line: what goes out when, though nobody promises that it is not later."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count

import pytest

from mbmd.simulator.faults import NO_FAULTS, Faults, Spoiler
from mbmd.simulator.pty import PseudoTerminal
from mbmd.simulator.wire import Pace, Wire

QUICK, SLOW = Pace(0.0001), Pace(0.002)
LATE = 0.3
"""Seconds, far more than lie between two statements of a test."""
LONG = 200
"""Characters that take longer than that on a slow line."""


class Slave(asyncio.Protocol):
    """Answers each burst with what it is told to."""

    def __init__(self, answer: bytes = b"") -> None:
        self.heard: list[bytes] = []
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard.append(data)
        if self._answer:
            self._transport.write(self._answer)


class Line:
    """A client's end of a wire."""

    def __init__(self, wire: Wire, slave: Slave, port: int) -> None:
        self.wire = wire
        self.slave = slave
        self._port = port

    def send(self, data: bytes) -> None:
        os.write(self._port, data)

    async def hear(self, size: int, seconds: float = 30) -> bytes:
        """So many bytes, or what has come of them when the time is over."""
        data, end = b"", time.monotonic() + seconds
        while len(data) < size and time.monotonic() < end:
            with contextlib.suppress(BlockingIOError):
                data += os.read(self._port, size - len(data))
            await asyncio.sleep(0.001)
        return data


@asynccontextmanager
async def line(faults: Faults = NO_FAULTS, pace: Pace = QUICK, answer: bytes = b"") -> AsyncIterator[Line]:
    terminal, slave = PseudoTerminal(), Slave(answer)
    port = os.open(terminal.name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    wire = Wire(asyncio.get_running_loop(), terminal.master, slave, pace, faults)
    try:
        yield Line(wire, slave, port)
    finally:
        wire.close()
        os.close(port)
        terminal.close()


def late(*lateness: bool, late_by: float = LATE) -> Faults:
    """Faults by which just these of the first answers are late."""
    for seed in count():
        faults = Faults(late=0.5, late_by=late_by, seed=seed)
        spoiler = Spoiler(faults)
        if all((spoiler.delay() > 0) == is_late for is_late in lateness):
            return faults
    raise AssertionError


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(main(), 60)

    asyncio.run(bounded())


def test_answers_go_out_in_their_order() -> None:
    async def main() -> None:
        async with line(pace=SLOW) as end:
            start = time.monotonic()
            for answer in (b"first", b"second", b"first"):
                end.wire.write(answer)
            assert await end.hear(16) == b"firstsecondfirst"
            assert time.monotonic() - start >= 16 * SLOW.character

    run(main)


def test_a_late_answer_holds_no_other_up() -> None:
    async def main() -> None:
        async with line(late(True, False, False)) as end:
            start = time.monotonic()
            for answer in (b"late", b"first", b"second"):
                end.wire.write(answer)
            assert await end.hear(15) == b"firstsecondlate"
            assert time.monotonic() - start >= LATE

    run(main)


def test_a_late_answer_waits_while_another_is_sent() -> None:
    async def main() -> None:
        async with line(late(True, False, False), SLOW) as end:
            for answer in (b"late", b"l" * LONG, b"another"):
                end.wire.write(answer)
            assert await end.hear(LONG + 11) == b"l" * LONG + b"another" + b"late"

    run(main)


def test_a_late_answer_waits_while_the_client_sends() -> None:
    async def main() -> None:
        async with line(late(True), SLOW) as end:
            end.wire.write(b"late")
            start = time.monotonic()
            end.send(b"r" * LONG)
            assert await end.hear(4) == b"late"
            assert time.monotonic() - start >= (LONG + 4) * SLOW.character

    run(main)


def test_an_answer_keeps_its_pace() -> None:
    async def main() -> None:
        async with line(pace=SLOW, answer=b"a" * 50) as end:
            start = time.monotonic()
            end.send(b"r" * 10)
            assert await end.hear(50) == b"a" * 50
            assert time.monotonic() - start >= (10 + 3.5 + 50) * SLOW.character + SLOW.turnaround
            assert end.slave.heard == [b"r" * 10]

    run(main)


def test_an_echo_comes_before_the_answer_at_the_pace_of_the_request() -> None:
    async def main() -> None:
        async with line(Faults(echo=True), SLOW, b"answer") as end:
            start = time.monotonic()
            end.send(b"r" * LONG)
            assert await end.hear(1) == b"r"
            assert time.monotonic() - start < LONG * SLOW.character
            assert await end.hear(LONG - 1) == b"r" * (LONG - 1)
            assert time.monotonic() - start >= LONG * SLOW.character
            assert await end.hear(6) == b"answer"

    run(main)


def test_an_echo_comes_even_if_the_answer_is_lost() -> None:
    async def main() -> None:
        async with line(Faults(echo=True, loss=1), answer=b"answer") as end:
            for _ in range(3):
                end.send(b"request")
                assert await end.hear(8, 0.1) == b"request"

    run(main)


def test_an_echo_of_what_follows_a_late_answer_is_not_mixed_with_it() -> None:
    async def main() -> None:
        async with line(replace(late(True, late_by=0.02), echo=True), SLOW) as end:
            end.wire.write(b"a" * 50)
            assert await end.hear(1) == b"a"
            end.send(b"request")
            assert await end.hear(56) == b"a" * 49 + b"request"

    run(main)


@pytest.fixture(autouse=True)
def nothing_is_left_open() -> Iterator[None]:
    def open_files() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    before = open_files()
    yield
    assert open_files() == before
