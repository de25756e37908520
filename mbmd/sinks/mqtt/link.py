"""One connection to a broker, from the first attempt to its end."""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode

from mbmd.readings.health import SinkHealth
from mbmd.sinks.mqtt.dial import Dial, Setup, make_client
from mbmd.sinks.mqtt.ears import Ears, Hear
from mbmd.sinks.mqtt.inflight import BAD_TOPIC, Inflight, Receipt
from mbmd.sinks.mqtt.limits import Limits, limits_of
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.packet import NO_PROPERTIES, publish_packet
from mbmd.sinks.mqtt.pump import Pump
from mbmd.sinks.mqtt.words import (
    CLOSED,
    KEEP_ALIVE,
    NO_MQTT,
    PROTOCOL_ERROR,
    Reason,
    explain,
    explain_log,
    explain_no_greeting,
)
from mbmd.turns import in_turns
from mbmd.within import within

GREETING_TIMEOUT = 10.0
"""Seconds for the broker to answer the greeting."""
TICK = 1.0
"""Seconds between looks at the keepalive and at what is not acknowledged, at the most."""
PATIENCE = 30.0
"""Seconds without any acknowledgement, after which none is expected any more."""
TAKEN = Reason(0)
TOO_LARGE = Reason(0x95, "Packet too large")


class Link:
    """A connection that comes once and goes once; `trouble` says why it went."""

    def __init__(self, setup: Setup, health: SinkHealth) -> None:
        loop = asyncio.get_running_loop()
        self.connected = False
        self.trouble = ""
        self._setup = setup
        self._health = health
        self._client = make_client(setup)
        self._properties = NO_PROPERTIES if setup.config.version == "5" else b""
        self._pump = Pump(self._client, self._written, self.hang_up)
        self._dial = Dial(self._client, setup)
        self._inflight = Inflight(self._send, health, loop.time)
        self._ears = Ears(self._client, setup.name, setup.refused)
        self._limits = Limits()
        self._strict = False
        self._queued = 0
        self._moved = asyncio.Event()
        self._over = asyncio.Event()
        self._client.on_connect = self._greeted
        self._client.on_disconnect = self._ended
        self._client.on_log = self._logged

    async def open(self) -> bool:
        """Connect; returns whether there is a connection."""
        trouble = await self._dial.connect()
        if trouble or self._over.is_set():
            self.hang_up(trouble)
            return False
        self._pump.start()
        try:
            async with within(GREETING_TIMEOUT):
                while not (self.connected or self._over.is_set()):
                    await self._moved.wait()
        except TimeoutError:
            self.hang_up(f"no answer to the greeting within {GREETING_TIMEOUT:g} s")
        return self.connected

    async def stand(self) -> None:
        """Watch over the keepalive until the connection is gone; a broker that acknowledges nothing is gone."""
        tick = min(TICK, self._setup.keepalive / 4)
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                async with within(tick):
                    await self._over.wait()
            self._client.loop_misc()
            if self._inflight.silence > PATIENCE:
                self.hang_up(f"it has acknowledged nothing for {PATIENCE:g} s")

    def hang_up(self, trouble: str) -> None:
        """End it at once, without a word to the broker; it may have ended already."""
        self._pump.stop()
        self._dial.give_up()
        self._lose(trouble)

    def publish(self, message: Message, receipt: Receipt | None = None) -> None:
        """Send a message, or put it behind those that are to be acknowledged first."""
        if self._strict:
            fitting = self._limits.fit(message)
            if fitting is None:
                self._refuse(message, receipt, TOO_LARGE)
                return
            message = fitting
        if message.qos:
            if self._inflight.empty:
                self._client.on_publish = self._acknowledged
            self._inflight.put(message, receipt)
            return
        try:
            self._send_unacknowledged(message)
        except ValueError:
            self._refuse(message, receipt, BAD_TOPIC)
            return
        if receipt is None:
            self._queued += 1
        else:
            receipt.answered(message, TAKEN)

    async def drained(self) -> None:
        """Until there is room for more, or it is over."""
        while (self._pump.is_busy or self._inflight.full) and not self._over.is_set():
            await self._moved.wait()

    async def deliver(self, messages: Sequence[Message], receipt: Receipt) -> None:
        """Send messages and wait until they are acknowledged or lost."""

        def publish(message: Message) -> None:
            if not self._over.is_set():
                self.publish(message, receipt)

        try:
            await in_turns(messages, publish)
            if self._over.is_set():  # while others had their turn
                receipt.lose(self.trouble)
            await receipt.over.wait()
            await self.drained()
        finally:
            self._inflight.withdraw(receipt)

    def listen(self, filters: Sequence[str], hear: Hear) -> None:
        """Tell `hear` of messages that come, from now on and those that the broker keeps."""
        self._ears.listen(filters, hear)

    def unlisten(self, filters: Sequence[str]) -> None:
        """Tell nobody of these any more."""
        self._ears.unlisten(filters)

    async def say_goodbye(self, last: Iterable[Message]) -> None:
        """Say the last messages and that it was all, as far as the broker takes them."""
        for message in last:
            self.publish(message)
            await self.drained()
        while (self._pump.is_busy or not self._inflight.empty) and not self._over.is_set():
            await self._moved.wait()
        async with self._pump.heard_out():
            self._client.disconnect()
            await self._over.wait()

    def _send_unacknowledged(self, message: Message) -> None:
        """Send a message of QoS 0. Raises ValueError for one that cannot be sent."""
        if self._pump.takes_packets:
            self._pump.send(publish_packet(message, self._properties))
        else:
            self._send(message)

    def _send(self, message: Message) -> int:
        """Give a message to the library; returns its id."""
        while True:
            info = self._client.publish(message.topic, message.payload, message.qos, message.retain)
            if info.rc != MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:  # ids begin anew after 65535, and this one is in use
                return info.mid

    def _refuse(self, message: Message, receipt: Receipt | None, reason: Reason) -> None:
        if receipt is None:
            self._health.refused += 1
        else:
            receipt.answered(message, reason)

    def _written(self) -> None:
        """All that was published with QoS 0 is on its way."""
        self._health.sent += self._queued
        self._queued = 0
        self._move()

    def _acknowledged(self, _client: paho.Client, _data: object, mid: int, reason: Any, _properties: object) -> None:
        if self._pump.writing:
            return
        self._inflight.answered(mid, Reason(reason.value, reason.getName()) if reason.value else TAKEN)
        if self._inflight.empty:
            self._client.on_publish = None  # the library makes two objects for each call, also for QoS 0
        self._move()

    def _greeted(self, _client: paho.Client, _data: object, _flags: object, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self._refuse_connection(reason, properties)
            return
        self._client.on_log = None
        self._limits = limits_of(properties, self._setup.config.qos)
        self._strict = self._limits.is_strict
        self._inflight.window = self._limits.window
        self.connected = True
        self._move()

    def _ended(self, _client: paho.Client, _data: object, flags: Any, reason: Any, properties: Any) -> None:
        if flags.is_disconnect_packet_from_server or reason.value == KEEP_ALIVE:
            self._refuse_connection(reason, properties)
        if not self.connected:
            self._lose(explain_no_greeting(self._setup.config, spoke=reason.value == PROTOCOL_ERROR))
        else:
            self._lose(NO_MQTT if reason.value == PROTOCOL_ERROR else CLOSED)

    def _refuse_connection(self, reason: Any, properties: Any) -> None:
        server = str(getattr(properties, "ServerReference", ""))[:100]
        self.trouble = self.trouble or explain(Reason(reason.value, reason.getName(), server), self._setup.config)

    def _logged(self, _client: paho.Client, _data: object, _level: object, text: str) -> None:
        self.trouble = self.trouble or explain_log(text)

    def _lose(self, trouble: str) -> None:
        if self._over.is_set():
            return
        self.trouble = self.trouble or trouble
        self.connected = False
        self._over.set()
        self._health.dropped += self._queued
        self._queued = 0
        self._inflight.lose(self.trouble)
        self._move()

    def _move(self) -> None:
        """Wake who waits for something to happen."""
        self._moved.set()
        self._moved.clear()
