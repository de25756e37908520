"""Tells all clients of the stream what there is to tell, without holding up the buses or each other."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from functools import partial
from itertools import count
from time import monotonic
from typing import TypeVar

from mbmd.readings.hub import Hub, Subscription, Update
from mbmd.web.status import Status
from mbmd.web.steady import steady
from mbmd.web.stream.channel import Channel
from mbmd.web.stream.client import PATIENCE, Client
from mbmd.web.stream.framing import Framing
from mbmd.web.stream.journal import Journal
from mbmd.web.stream.messages import current
from mbmd.web.stream.wishes import Wishes
from mbmd.within import within

STATUS_INTERVAL = 1.0
STATUS_AT_SOONEST = 0.2
"""Seconds from one status to the next, be it that devices come online or go offline all the time."""
WATCH_INTERVAL = 1.0
HEARTBEAT = 15
"""So often clients are watched from one heartbeat to the next."""
BREATH, LONG_BREATH = 40, 1 << 19
"""Clients that are written to, and bytes that are written, before others may use the event loop."""

T = TypeVar("T")

log = logging.getLogger(__name__)


class Stream:
    """The clients, by what they are told, and the tasks that tell them while there are any."""

    def __init__(self, hub: Hub, status: Status) -> None:
        self.hub = hub
        self._status = status
        self._channels: dict[tuple[Wishes, Framing], Channel] = {}
        self._journal = Journal()
        self._subscription: Subscription | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._turned = asyncio.Event()
        self._drained = asyncio.Event()

    @contextlib.contextmanager
    def joined(self, transport: asyncio.Transport, address: str, wishes: Wishes, framing: Framing) -> Iterator[Client]:
        """A client that is told what it wishes; who listens to its transport must `pause` and `resume` it."""
        if not self._channels:
            self._start()
        channel = self._channels.get((wishes, framing))
        if channel is None:
            channel = self._channels[wishes, framing] = Channel(wishes, framing, self.hub)
        number = 0 if channel.tells_all_first else self._journal.head
        client = Client(transport, address, number, wishes.status, self._drained.set)
        client.tell(framing.greeting)
        channel.clients[client] = None
        self._drained.set()
        try:
            yield client
        finally:
            self._leave(channel, client)

    def close(self) -> None:
        """Bid farewell to all clients and end their connections."""
        for channel, client in self._all():
            client.tell(channel.framing.farewell)
            client.transport.close()
        self._stop()

    def _all(self) -> list[tuple[Channel, Client]]:
        return [(channel, client) for channel in self._channels.values() for client in channel.clients]

    def _start(self) -> None:
        self._journal = Journal(device for device in self.hub.devices.values() if device.online)
        self._subscription = self.hub.subscribe()
        updates = partial(self._tell_updates, self._subscription, self.hub.generation)
        work = (updates, self._tell_status, self._tell_who_is_behind, self._watch)
        self._tasks = [steady("the stream", each) for each in work]

    def _stop(self) -> None:
        if self._subscription is not None:
            self.hub.unsubscribe(self._subscription)
            self._subscription = None
        for task in self._tasks:
            task.cancel()
        self._tasks = []
        self._channels = {}

    def _leave(self, channel: Channel, client: Client) -> None:
        channel.clients.pop(client, None)
        key = channel.wishes, channel.framing
        if not channel.clients and self._channels.get(key) is channel:
            del self._channels[key]
            if not self._channels:
                self._stop()

    async def _tell_updates(self, subscription: Subscription, generation: int) -> None:
        while True:
            updates, turned = await subscription.take()
            # At once: who is behind shall not get newer values first.
            news = [(self._journal.note(update.device), update) for update in updates]
            head = self._journal.head
            if generation != self.hub.generation:
                generation = self.hub.generation
                await self._renew()
            elif turned:
                self._turned.set()
            await self._tell(news, head)

    async def _renew(self) -> None:
        """Devices have come and gone."""
        self._journal.keep(frozenset(self.hub.devices.values()))
        for channel in self._channels.values():
            channel.find_devices()
        await self._offer_status()

    async def _tell(self, news: list[tuple[int, Update]], head: int) -> None:
        for channel in list(self._channels.values()):
            for data, number in channel.parts(news, head):
                async for client in _in_breaths(channel.clients, data):
                    client.offer(data, number)

    async def _tell_status(self) -> None:
        while True:
            soonest = min(STATUS_AT_SOONEST, STATUS_INTERVAL)
            await asyncio.sleep(soonest)
            with contextlib.suppress(TimeoutError):
                async with within(STATUS_INTERVAL - soonest):
                    await self._turned.wait()
            self._turned.clear()
            await self._offer_status()

    async def _offer_status(self) -> None:
        content = await self._status.content()
        for channel in [channel for channel in self._channels.values() if channel.wishes.status]:
            data = channel.framing.status(content.body)
            async for client in _in_breaths(channel.clients, data):
                client.offer_status(data)

    async def _tell_who_is_behind(self) -> None:
        while True:
            await self._drained.wait()
            self._drained.clear()
            while any([await self._bring_on(channel) for channel in list(self._channels.values())]):
                pass

    async def _bring_on(self, channel: Channel) -> bool:
        """Tell the clients that are furthest behind a part of what they lack; returns whether there were any."""
        if not (ready := [client for client in channel.clients if client.is_ready]):
            return False
        await self._make_up_status(channel, [client for client in ready if client.status_due])
        start = min(client.number for client in ready)
        until = min((client.number for client in ready if client.number > start), default=self._journal.head)
        news = ((number, current(device)) for number, device in self._journal.after(start, until) if device.online)
        data, number = next(channel.parts(news, until))
        async for client in _in_breaths([client for client in ready if client.number == start], data):
            client.make_up(data, number, self._journal.head)
        return True

    async def _make_up_status(self, channel: Channel, clients: list[Client]) -> None:
        if clients:
            content = await self._status.content()
            data = channel.framing.status(content.body)
            async for client in _in_breaths(clients, data):
                client.make_up_status(data)

    async def _watch(self) -> None:
        for number in count(1):
            await asyncio.sleep(WATCH_INTERVAL)
            now = monotonic()
            async for channel, client in _in_breaths(self._all()):
                if client.is_stuck(now):
                    log.info("%s has taken nothing of the stream for %g s: dropped", client.address, PATIENCE)
                    client.transport.abort()
                elif number % HEARTBEAT == 0:
                    client.tell(channel.framing.heartbeat)


async def _in_breaths(things: Iterable[T], data: bytes = b"") -> AsyncIterator[T]:
    """All to whom data are written, with pauses in which others may use the event loop, and it is sent."""
    most = max(min(BREATH, LONG_BREATH // (len(data) + 1)), 1)
    for number, thing in enumerate(list(things), 1):
        yield thing
        if number % most == 0:
            await asyncio.sleep(0)
    await asyncio.sleep(0)
