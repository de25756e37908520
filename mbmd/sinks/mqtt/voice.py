"""How fast is spoken."""

import asyncio

from mbmd.sinks.mqtt.broker import Broker
from mbmd.sinks.mqtt.dialect import Words
from mbmd.turns import rest

BREATH = 128
"""Messages after which what was said is waited for until it is on its way."""
LOOK = 4
"""Messages after which it is looked whether the buses should have their turn: some take long to make."""


class Voice:
    """Publishes as fast as the broker takes it, and no faster; everyone else has a turn now and then."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._spoken = 0

    async def say(self, messages: Words) -> None:
        """Publish messages; who says few at a time may not have to wait."""
        for message in messages:
            if message is None:
                await rest()
                continue
            self._broker.publish(message)
            self._spoken += 1
            if self._spoken >= BREATH:
                await self.pause()
            elif self._spoken % LOOK == 0:
                await rest()

    async def pause(self) -> None:
        """Wait until what was said is on its way."""
        self._spoken = 0
        if self._broker.connected:
            await self._broker.drained()
            await rest()
        else:
            await asyncio.sleep(0)
