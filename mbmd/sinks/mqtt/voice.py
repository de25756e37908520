"""How fast is spoken."""

import asyncio
from collections.abc import Iterable

from mbmd.sinks.mqtt.broker import Broker
from mbmd.sinks.mqtt.message import Message

BREATH = 128
"""Messages after which the buses have their turn: about a millisecond."""


class Voice:
    """Publishes as fast as the broker takes it, and no faster; everyone else has a turn now and then."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._spoken = 0

    async def say(self, messages: Iterable[Message]) -> None:
        """Publish messages; who says few at a time may not have to wait."""
        for message in messages:
            self._broker.publish(message)
            self._spoken += 1
            if self._spoken >= BREATH:
                await self.pause()

    async def pause(self) -> None:
        """Wait until what was said is on its way."""
        self._spoken = 0
        if self._broker.connected:
            await self._broker.drained()
        else:
            await asyncio.sleep(0)
