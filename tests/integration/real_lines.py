"""Scripted far ends on real lines: TCP, UDP and pseudo terminals, which may vanish and return."""

import asyncio
import contextlib
import os
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from mbmd.config.adapter import Framing, Medium, parse_adapter
from mbmd.config.values import join_host_port
from mbmd.simulator.pty import PseudoTerminal
from tests.scripted import Asked, FarEnd, ScriptedLine, Step, good, late

LINES = {
    "tcp": "tcp://{host}:{port}",
    "tcp without ids": "tcp://{host}:{port}?transaction_ids=false",
    "rtu+tcp": "rtu+tcp://{host}:{port}?baudrate=115200",
    "ascii+tcp": "ascii+tcp://{host}:{port}?baudrate=115200",
    "rtu+udp": "rtu+udp://{host}:{port}?baudrate=115200",
    "rtu": "rtu://{folder}/bus?baudrate=115200",
    "ascii": "ascii://{folder}/bus?baudrate=115200",
}
REQUEST_SIZES = {Framing.RTU: 8, Framing.ASCII: 17, Framing.MBAP: 12}
"""Bytes of a read as it is asked for."""
HOST = "127.0.0.2"
"""A loopback address whose ports nobody else is given, so that one can be left and had again."""
APART = 0.001
"""Seconds between two pieces, so that they are received as two."""
TOO_LATE = 0.1
"""Seconds after which a late answer must not come any more: the engine counts on none that is twice as late."""
_RESET = struct.pack("ii", 1, 0)

Write = Callable[[bytes], object]


def overdue(seconds: float, too_late: float = TOO_LATE) -> Step:
    """The answer after a while, but never when it is too late, however slow the machine is."""

    def answer(far: FarEnd, asked: Asked) -> None:
        if asyncio.get_running_loop().time() - asked.when < too_late:
            good(far, asked)

    return late(seconds, answer)


class RealFarEnd(FarEnd):
    """One connection: parts what comes into requests, and sends what is sent together in pieces."""

    def __init__(self, line: "RealLine", write: Write | None = None) -> None:
        super().__init__(line)
        self.line = line
        self._write = write
        self._heard = b""
        self._pieces: deque[bytes] = deque()
        self._gap: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._write = self.transport.write
        self.line.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.end()

    def data_received(self, data: bytes) -> None:
        self._heard += data
        size = REQUEST_SIZES[self.line.framing]
        while self._write and size <= len(self._heard):
            request, self._heard = self._heard[:size], self._heard[size:]
            if self._gap is not None and not self._pieces:
                self._end_gap()
            super().data_received(request)

    def send(self, data: bytes) -> None:
        self._pieces.append(data)
        if self._gap is None:
            self._send_piece()

    def end(self) -> None:
        """Send no more: the connection is over."""
        self._write = None
        self.line.connections.discard(self)

    def _send_piece(self) -> None:
        data = self._pieces.popleft()
        if self._write and data:
            self._write(data)
        self._gap = asyncio.get_running_loop().call_later(APART, self._end_gap)

    def _end_gap(self) -> None:
        if self._gap is not None:
            self._gap.cancel()
            self._gap = None
        if self._pieces:
            self._send_piece()


class _Datagrams(asyncio.DatagramProtocol):
    """A UDP socket: who sends from another port is another connection."""

    def __init__(self, line: "RealLine") -> None:
        self._line = line
        self._ends: dict[Any, RealFarEnd] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if addr not in self._ends:
            self._ends[addr] = RealFarEnd(self._line, partial(self._transport.sendto, addr=addr))
        self._ends[addr].data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        for end in self._ends.values():
            end.end()


class RealLine(ScriptedLine):
    """A far end that listens where `adapter` leads to.

    Requests get what is `usual`, but the next ones for a place that was given to `strike`: `struck` counts these.
    """

    def __init__(self, url: str, folder: Path) -> None:
        adapter = parse_adapter(url.format(host=HOST, port=1, folder=folder))
        super().__init__(adapter.framing)
        self.adapter = adapter
        self.connections: set[RealFarEnd] = set()
        self.struck = 0
        self.usual: Step = good
        self._place = (-1, -1)
        self._port = 0
        self._close: Callable[[], None] = lambda: None

    def strike(self, place: tuple[int, int], *steps: Step) -> None:
        """Do this about the next requests of the first unit for a place."""
        self._place = place
        self.script = iter(steps)

    def step(self, asked: Asked) -> Step:
        step = next(self.script, None) if asked.unit == 1 and asked.place == self._place else None
        self.struck += step is not None
        step = step or self.usual
        if self.adapter.transaction_ids:
            return step
        return lambda far, asked: step(far, replace(asked, transaction=0))

    async def appear(self) -> None:
        """Listen; when it was there before, under the same name."""
        loop = asyncio.get_running_loop()
        medium = self.adapter.medium
        if medium is Medium.SERIAL:
            self.plug_in()
        elif medium is Medium.TCP:
            server = await loop.create_server(lambda: RealFarEnd(self), HOST, self._port)
            self._close = server.close
            self._name(server.sockets[0])
        else:
            transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), (HOST, self._port))
            self._close = transport.close
            self._name(transport.get_extra_info("socket"))

    def plug_in(self) -> RealFarEnd:
        """A new pseudo terminal under the name of the adapter."""
        loop = asyncio.get_running_loop()
        terminal = PseudoTerminal(self.adapter.address)
        end = RealFarEnd(self, partial(os.write, terminal.master))
        self.connections.add(end)

        def read() -> None:
            with contextlib.suppress(BlockingIOError):
                end.data_received(os.read(terminal.master, 4096))

        def close() -> None:
            loop.remove_reader(terminal.master)
            terminal.close()

        loop.add_reader(terminal.master, read)
        self._close = close
        return end

    def vanish(self) -> None:
        """Be gone at once, as an adapter that is pulled out or a gateway without power."""
        for end in list(self.connections):
            end.end()
            if self.adapter.medium is Medium.TCP:
                end.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                end.transport.abort()
        self._close()
        self._close = lambda: None

    def _name(self, listener: socket.socket) -> None:
        self._port = listener.getsockname()[1]
        self.adapter = replace(self.adapter, address=join_host_port(HOST, self._port), port=self._port)


@asynccontextmanager
async def playing(url: str, folder: Path) -> AsyncIterator[RealLine]:
    """A far end at an adapter written as a URL, one of LINES or like them."""
    line = RealLine(url, folder)
    await line.appear()
    try:
        yield line
    finally:
        line.vanish()
        await asyncio.sleep(0.01)
