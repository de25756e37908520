"""Connections that do nothing but to break when mbmd dies: a connection has one will only."""

import asyncio
import logging
import re
import ssl
from collections.abc import Iterable
from typing import NamedTuple

from msgspec import structs

from mbmd.config.outputs import Mqtt
from mbmd.readings.health import SinkHealth
from mbmd.sinks.mqtt.broker import Broker
from mbmd.sinks.mqtt.message import Message
from mbmd.within import within

PATIENCE = 60.0
"""Seconds after which it is told that a connection does not come."""

log = logging.getLogger(__name__)


class _Silent(NamedTuple):
    """A connection, and the tasks that keep and watch it."""

    broker: Broker
    tasks: "tuple[asyncio.Task[None], ...]"


class Wills:
    """A connection for each will, by its topic; they have accounts of their own, which nobody sees.

    `said` is set whenever one comes: the broker may have said the will of the one before it.
    """

    def __init__(self, config: Mqtt, context: ssl.SSLContext | None, said: asyncio.Event) -> None:
        self._config = config
        self._context = context
        self._said = said
        self._running: dict[Message, _Silent] = {}
        self._told: set[str] = set()

    async def change(self, wills: Iterable[Message]) -> None:
        """There are to be connections for these wills, and for no others."""
        wanted = dict.fromkeys(wills)
        await self._end([will for will in self._running if will not in wanted])
        for will in wanted:
            if will not in self._running:
                self._running[will] = self._start(will)

    async def close(self) -> None:
        """End all, without what they would have said."""
        await self._end(list(self._running))

    def _start(self, will: Message) -> _Silent:
        clientid = f"{self._config.clientid}-{re.sub('[^0-9A-Za-z]+', '-', will.topic)}"
        health = SinkHealth(clientid)
        broker = Broker(structs.replace(self._config, clientid=clientid), health, self._context, will, quiet=True)
        works = broker.run(), self._watch(broker, health)
        return _Silent(broker, tuple(map(asyncio.create_task, works)))

    async def _watch(self, broker: Broker, health: SinkHealth) -> None:
        """Notice when it connects, and tell of what keeps it from that, each trouble once for all of them."""
        session = 0
        while True:
            try:
                async with within(None if session else PATIENCE):
                    await broker.changed(session)
            except TimeoutError:
                self._complain(health)
                continue
            session = broker.session if broker.connected else 0
            if session:
                self._said.set()

    def _complain(self, health: SinkHealth) -> None:
        if health.trouble and health.trouble not in self._told:
            self._told.add(health.trouble)
            log.warning("mqtt: no connection %r, which is to have a last will: %s", health.name, health.trouble)

    async def _end(self, wills: list[Message]) -> None:
        ended = [self._running.pop(will) for will in wills]
        await asyncio.gather(*(silent.broker.close(()) for silent in ended), return_exceptions=True)
        tasks = [task for silent in ended for task in silent.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
