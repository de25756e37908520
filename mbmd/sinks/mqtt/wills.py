"""Connections that do nothing but to break when mbmd dies: a connection has one will only."""

import asyncio
import re
import ssl
from collections.abc import Iterable

from msgspec import structs

from mbmd.config.outputs import Mqtt
from mbmd.readings.health import SinkHealth
from mbmd.sinks.mqtt.broker import Broker
from mbmd.sinks.mqtt.message import Message


class Wills:
    """A connection for each will, by its topic; they have accounts of their own, which nobody sees."""

    def __init__(self, config: Mqtt, context: ssl.SSLContext | None) -> None:
        self._config = config
        self._context = context
        self._running: dict[Message, tuple[Broker, asyncio.Task[None]]] = {}

    async def change(self, wills: Iterable[Message]) -> None:
        """There are to be connections for these wills, and for no others."""
        wanted = dict.fromkeys(wills)
        await self._end([will for will in self._running if will not in wanted])
        for will in wanted:
            if will not in self._running:
                broker = self._make(will)
                self._running[will] = broker, asyncio.create_task(broker.run())

    async def close(self) -> None:
        """End all, without what they would have said."""
        await self._end(list(self._running))

    def _make(self, will: Message) -> Broker:
        clientid = f"{self._config.clientid}-{re.sub('[^0-9A-Za-z]+', '-', will.topic)}"
        return Broker(structs.replace(self._config, clientid=clientid), SinkHealth(clientid), self._context, will)

    async def _end(self, wills: list[Message]) -> None:
        ended = [self._running.pop(will) for will in wills]
        await asyncio.gather(*(broker.close(()) for broker, _ in ended), return_exceptions=True)
        for _, task in ended:
            task.cancel()
        await asyncio.gather(*(task for _, task in ended), return_exceptions=True)
