"""Readings that wait in the outbox until the broker has acknowledged them."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from math import inf

import msgspec

from mbmd.config.outputs import Mqtt
from mbmd.config.outputs import Outbox as OutboxKeys
from mbmd.readings.hub import Update, Wants
from mbmd.sinks.mqtt.broker import Broker
from mbmd.sinks.mqtt.changes import Gate, Moved
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.speech import Speech
from mbmd.sinks.mqtt.tasks import first_of
from mbmd.sinks.outbox.outbox import Outbox
from mbmd.sinks.sink import Feed
from mbmd.turns import in_turns

QUEUE = 10_000
"""Updates that may wait to be put into the outbox."""
WANTS = Wants(states=False, queue=QUEUE)
FILE = "mqtt.db"
LONGEST_TOPIC = 65_535
"""Bytes, MQTT Version 3.1.1, section 4.7.3."""

log = logging.getLogger(__name__)

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Message]).decode


class Stored:
    """From the polls to the outbox, and from there to the broker."""

    def __init__(self, config: Mqtt, keys: OutboxKeys, broker: Broker, feed: Feed, speech: Speech) -> None:
        self._broker = broker
        self._feed = feed
        self._devices = feed.devices
        self._health = feed.health
        self._speech = speech
        self._gate = Gate(config)
        self._queue = feed.subscribe(WANTS)
        self._lost = 0
        self._updates: deque[Update] = deque()
        self._outbox = Outbox(keys.folder / FILE if keys.folder else None, keys, self._send, feed.health)
        self._clock = asyncio.get_running_loop().time

    async def run(self) -> None:
        """Store and deliver until cancelled; what was read by then is stored."""
        await first_of(self._outbox.run(self._store()), self._hurry())

    async def _hurry(self) -> None:
        """Let the outbox know of each new connection."""
        session = 0
        while True:
            await self._broker.changed(session)
            session = self._broker.session if self._broker.connected else 0
            if session:
                self._outbox.retry()

    async def _store(self) -> None:
        try:
            while True:
                await self._take()
                while self._updates:
                    self._store_one(self._updates.popleft())
                    await asyncio.sleep(0)
                self._look_around()
                self._put(self._gate.due(self._clock()))
        finally:
            if self._queue.waiting:
                self._updates += (await self._queue.take()).updates
            for update in self._updates:
                self._store_one(update)
            self._look_around()
            self._put(self._gate.due(inf))

    async def _take(self) -> None:
        try:
            async with asyncio.timeout_at(self._gate.next):
                self._updates += (await self._queue.take()).updates
        except TimeoutError:
            return
        self._health.dropped += self._queue.lost - self._lost
        self._lost = self._queue.lost

    def _look_around(self) -> None:
        """Forget devices that went."""
        if self._devices is not self._feed.devices:
            self._devices = self._feed.devices
            self._gate.keep(self._feed.has)
            self._speech.names.keep(self._devices)

    def _store_one(self, update: Update) -> None:
        """Store an update when it is time; not of a device that went, whose topics may be those of another now."""
        if self._feed.has(update.device):
            self._put(self._gate.put(update, self._clock()))

    def _put(self, all_moved: Iterable[Moved]) -> None:
        for moved in all_moved:
            messages = [message._replace(qos=max(message.qos, 1)) for message in self._speech.values(moved)]
            if messages:
                self._outbox.put(_encode(messages), len(messages))

    async def _send(self, items: Sequence[bytes]) -> None:
        """Deliver what was stored, but for what is damaged: the disk may do that."""
        entries = await in_turns(items, _entry)
        messages = await in_turns((message for entry in entries for message in entry), self._as_of_now)
        await self._broker.deliver(messages)
        if damaged := entries.count([]):
            self._health.refused += damaged
            log.error("mqtt: damaged entries of the outbox are left out: %d", damaged)

    def _as_of_now(self, message: Message) -> Message:
        """A message that the broker does not keep if no device has its topic any more."""
        return message._replace(retain=message.retain and self._speech.names.has(message.topic))


def _entry(item: bytes) -> list[Message]:
    """The messages of an entry; none if it is damaged."""
    try:
        messages = _decode(item)
    except msgspec.DecodeError:
        return []
    return messages if all(map(_can_be_sent, messages)) else []


def _can_be_sent(message: Message) -> bool:
    size = len(message.topic.encode(errors="replace"))
    return 0 < size <= LONGEST_TOPIC and not set(message.topic) & set("+#\0") and message.qos in (1, 2)
