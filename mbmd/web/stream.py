"""The websocket: every reading, and the status once a second and when devices come or go, to any number of clients.

Each message is made once, as a finished frame, and written to all clients. Frames of a server are not
masked (RFC 6455, section 5.1), so they are the same for everyone.
"""

import asyncio

from sanic import Request, Websocket
from websockets.frames import Frame, Opcode

from mbmd.readings.hub import Hub, Wants
from mbmd.web.render import reading_messages
from mbmd.web.status import Status

BACKLOG = 1 << 20
"""Bytes that a client may be behind before it is dropped."""
STATUS_INTERVAL = 1.0


class Stream:
    """The clients of the websocket, and the two tasks that write to them while there are any."""

    def __init__(self, hub: Hub, status: Status) -> None:
        self._hub = hub
        self._status = status
        self._clients: set[asyncio.Transport] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def serve(self, request: Request, websocket: Websocket) -> None:
        """Keep one client until it leaves; what it sends is ignored."""
        transport: asyncio.Transport = request.transport  # type: ignore[assignment]
        self._join(transport)
        try:
            async for _ in websocket:
                pass
        finally:
            self._leave(transport)

    def close(self) -> None:
        """End all connections at once."""
        for client in list(self._clients):
            client.abort()
            self._leave(client)

    def _join(self, client: asyncio.Transport) -> None:
        self._clients.add(client)
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._send_readings()), asyncio.create_task(self._send_status())]

    def _leave(self, client: asyncio.Transport) -> None:
        self._clients.discard(client)
        if not self._clients:
            for task in self._tasks:
                task.cancel()
            self._tasks = []

    async def _send_readings(self) -> None:
        subscription, generation = self._hub.subscribe(Wants(states=False)), self._hub.generation
        try:
            while True:
                updates = (await subscription.take()).updates
                if generation != self._hub.generation:
                    generation = self._hub.generation
                    self._write_status()
                for update in filter(lambda update: self._hub.has(update.device), updates):
                    self._write(b"".join(map(_frame, reading_messages(update))))
                    await asyncio.sleep(0)
        finally:
            self._hub.unsubscribe(subscription)

    async def _send_status(self) -> None:
        while True:
            self._write_status()
            await asyncio.sleep(STATUS_INTERVAL)

    def _write_status(self) -> None:
        self._write(_frame(self._status.content().body))

    def _write(self, frames: bytes) -> None:
        for client in list(self._clients):
            if client.is_closing():
                continue
            if client.get_write_buffer_size() > BACKLOG:
                client.abort()
                self._leave(client)
            else:
                client.write(frames)


def _frame(message: bytes) -> bytes:
    return bytes(Frame(Opcode.TEXT, message).serialize(mask=False))
