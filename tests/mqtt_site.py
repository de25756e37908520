"""An MQTT sink beside a broker that is none: what is said there is noted, and it is away or frozen as the test says."""

import asyncio
import contextlib
import ssl
from array import array
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from unittest.mock import patch

from paho.mqtt.client import topic_matches_sub

from mbmd.config.outputs import Mqtt, Outbox
from mbmd.measurements import CATALOGUE
from mbmd.readings.device import NO_TEXTS, DeviceReadings
from mbmd.readings.health import SinkHealth
from mbmd.readings.hub import Hub
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.sink import MqttSink
from mbmd.sinks.mqtt.tasks import first_of
from mbmd.sinks.outbox.errors import AwayError
from mbmd.sinks.sink import Feed, Sink

Hear = Callable[[str, bytes, bool], None]


class FakeBroker:
    """The connection, and the broker at its other end."""

    def __init__(
        self,
        config: Mqtt,
        health: SinkHealth,
        context: ssl.SSLContext | None,
        will: Message | None = None,
        *,
        quiet: bool = False,
    ) -> None:
        self.context = context
        self.quiet = quiet
        self.config = config
        self.health = health
        self.will = will
        self.session = 0
        self.connected = False
        self.said: list[Message] = []
        self.delivered: list[Message] = []
        self.last: list[Message] | None = None
        self.running = False
        self.frozen = False
        self.kept: dict[str, bytes] = {}
        self.ears: dict[tuple[str, ...], Hear] = {}
        self._news = asyncio.Event()
        self._end = asyncio.Event()

    def stop(self) -> None:
        """`run` ends by itself."""
        self._end.set()

    def connect(self) -> None:
        """The broker takes the connection."""
        self.session += 1
        self.connected = True
        self._tell()

    def lose(self) -> None:
        """The connection breaks."""
        self.connected = False
        self.ears.clear()
        self._tell()

    def freeze(self, frozen: bool = True) -> None:
        """The broker does nothing any more, or goes on."""
        self.frozen = frozen
        self._tell()

    def take_said(self) -> list[Message]:
        """What was said since the last time."""
        said, self.said = self.said, []
        return said

    def take_texts(self) -> list[tuple[str, str]]:
        """Topics and payloads of that."""
        return [(message.topic, message.payload.decode()) for message in self.take_said()]

    async def run(self) -> None:
        self.running = True
        try:
            await self._end.wait()
        finally:
            self.running = False

    async def changed(self, session: int) -> None:
        while (self.session if self.connected else 0) == session:
            await self._news.wait()

    def publish(self, message: Message) -> None:
        if self.connected:
            self.said.append(message)
            if message.retain:
                self.kept[message.topic] = message.payload

    async def drained(self) -> None:
        while self.frozen and self.connected:
            await self._news.wait()

    async def deliver(self, messages: Sequence[Message]) -> None:
        if not self.connected:
            raise AwayError("the broker is away")
        self.delivered += messages

    def listen(self, filters: Sequence[str], hear: Hear) -> None:
        self.ears[tuple(filters)] = hear
        for topic, payload in list(self.kept.items()):
            if payload and any(topic_matches_sub(one, topic) for one in filters):
                hear(topic, payload, True)

    def unlisten(self, filters: Sequence[str]) -> None:
        self.ears.pop(tuple(filters), None)

    async def close(self, last: Iterable[Message]) -> None:
        assert self.running or self._end.is_set()
        self.last = list(last)

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class FakeOutbox:
    """One that delivers two at a time, and waits for as long as nobody is there."""

    def __init__(
        self, file: object, keys: Outbox, send: Callable[[Sequence[bytes]], "asyncio.Future[None]"], health: SinkHealth
    ) -> None:
        self.file = file
        self.keys = keys
        self.items: list[bytes] = []
        self.readings = 0
        self._send = send
        self._news = asyncio.Event()

    def put(self, item: bytes, readings: int) -> None:
        self.items.append(item)
        self.readings += readings
        self._news.set()

    def retry(self) -> None:
        self._news.set()

    async def run(self, filling: Coroutine[object, object, None]) -> None:
        await first_of(filling, self._deliver())

    async def _deliver(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            with contextlib.suppress(AwayError):
                while self.items:
                    await self._send(self.items[:2])
                    del self.items[:2]


class Site:
    """The devices, and what the sink has made."""

    def __init__(self, devices: Iterable[DeviceReadings]) -> None:
        self.hub = Hub(devices)
        self.health = SinkHealth("mqtt")
        self.brokers: list[FakeBroker] = []
        self.outboxes: list[FakeOutbox] = []
        self._polls = 0

    @property
    def broker(self) -> FakeBroker:
        """The connection that was made last with readings on it."""
        return [broker for broker in self.brokers if broker.health is self.health][-1]

    async def connected(self) -> FakeBroker:
        """That connection, which stands now."""
        await settled()
        self.broker.connect()
        await settled()
        return self.broker

    def poll(self, device: DeviceReadings, texts: Mapping[str, str] = NO_TEXTS, **values: float) -> None:
        """A device answers with these values; others were not asked for."""
        self._polls += 1
        column = device.blank()
        for name, value in values.items():
            column[device.slots[name]] = value
        keep = [slot for name, slot in device.slots.items() if name not in values]
        came = not device.online
        device.commit(array("d", column), keep, self._polls, self._polls, texts)
        if came:
            self.hub.turn(device)
        self.hub.publish(device, column, texts)

    def lose(self, device: DeviceReadings) -> None:
        """A device answers no more."""
        device.go_offline()
        device.health.gone("no answer")
        self.hub.turn(device)


def meter(device_id: str = "SDM1.1", *measurements: str, name: str = "") -> DeviceReadings:
    """A device, by default with Import and Power."""
    return DeviceReadings(device_id, "SDM", [CATALOGUE[m] for m in measurements or ("Import", "Power")], name)


async def settled() -> None:
    """All is done that can be done now; in virtual time only."""
    await asyncio.sleep(0.001)


@contextmanager
def _patched(site: Site) -> Iterator[None]:
    def broker(
        config: Mqtt,
        health: SinkHealth,
        context: ssl.SSLContext | None,
        will: Message | None = None,
        *,
        quiet: bool = False,
    ) -> FakeBroker:
        site.brokers.append(FakeBroker(config, health, context, will, quiet=quiet))
        return site.brokers[-1]

    def outbox(*given: object) -> FakeOutbox:
        site.outboxes.append(FakeOutbox(*given))  # type: ignore[arg-type]
        return site.outboxes[-1]

    with (
        patch("mbmd.sinks.mqtt.sink.Broker", broker),
        patch("mbmd.sinks.mqtt.wills.Broker", broker),
        patch("mbmd.sinks.mqtt.stored.Outbox", outbox),
    ):
        yield


@asynccontextmanager
async def site(
    config: Mqtt, *devices: DeviceReadings, outbox: Outbox | None = None, fails: str = ""
) -> AsyncIterator[Site]:
    """A sink that runs, and is told to end at the end; unless it fails before that, and says so."""
    here = Site(devices)
    with _patched(here):
        sink: Sink = MqttSink(config, outbox)
        feed = Feed(here.hub, here.health, sink.wants)
        running = asyncio.create_task(sink.run(feed))
        try:
            yield here
        finally:
            running.cancel()
            (ended,) = await asyncio.gather(running, return_exceptions=True)
            feed.close()
        assert isinstance(ended, RuntimeError if fails else asyncio.CancelledError), ended
        assert str(ended) == fails
