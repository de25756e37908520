"""Publishes readings at one MQTT broker."""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mbmd.config.broker import parse_broker
from mbmd.config.outputs import Mqtt
from mbmd.config.outputs import Outbox as OutboxKeys
from mbmd.readings.hub import Update, Wants, merged, readings_in
from mbmd.sinks.mqtt.broker import Broker
from mbmd.sinks.mqtt.dialect import Devices
from mbmd.sinks.mqtt.leftovers import clear_leftovers
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.reporter import Diagnosing, report
from mbmd.sinks.mqtt.session import Session
from mbmd.sinks.mqtt.speech import make_speeches
from mbmd.sinks.mqtt.stored import FILE, Stored
from mbmd.sinks.mqtt.tasks import first_of
from mbmd.sinks.mqtt.tls import tls_context
from mbmd.sinks.mqtt.voice import Voice
from mbmd.sinks.mqtt.wills import Wills
from mbmd.sinks.sink import Feed
from mbmd.turns import in_turns

if TYPE_CHECKING:
    from mbmd.readings.device import DeviceReadings

NO_UPDATES = Wants(updates=False, states=False)
SETTLING = 1.0
"""Seconds for which further connections with wills are waited for."""


class MqttSink:
    """One connection, on which all conventions are spoken that the configuration asks for.

    What is live is lost while the broker is away, but for the latest of each device; what is to be stored waits.
    The constructor raises UsageError for what cannot work.
    """

    name = "mqtt"
    wants = Wants()

    def __init__(self, config: Mqtt, outbox: OutboxKeys | None) -> None:
        self._config = config
        self._outbox = outbox or OutboxKeys()
        self._live, self._stored = make_speeches(config)
        self._present: dict[str, DeviceReadings] = {}
        self._will_said = asyncio.Event()
        self._context = tls_context(config)

    @property
    def place(self) -> str:
        """Where readings go, in words."""
        config, folder = self._config, self._outbox.folder
        roots = ", ".join(filter(None, (config.topic, config.homie, config.homeassistant))) or "nothing"
        stores = self._stored.moved or self._stored.whole
        outbox = f"; outbox {folder / FILE}" if folder and stores else ""
        return f"readings go to {parse_broker(config.broker).name}, below {roots}{outbox}"

    async def run(self, feed: Feed) -> None:
        """Publish until cancelled, then say goodbye."""
        turnover = _Turnover(feed)
        while True:
            await self._run(feed, turnover)

    async def _run(self, feed: Feed, turnover: "_Turnover") -> None:
        """Use one connection, however often it breaks, as long as its will is the right one."""
        will = self._will(feed.devices)
        broker = Broker(self._config, feed.health, self._context, will)
        connecting = asyncio.create_task(broker.run())
        works = [_watched(connecting), turnover.watch(), self._speak(broker, feed, turnover)]
        if self._stored.moved or self._stored.whole:
            works.append(Stored(self._config, self._outbox, broker, feed, self._stored).run())
        try:
            await first_of(self._keep_wills(will, feed, turnover), *works)
        finally:
            await broker.close(self._last_words(feed.devices))
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)

    async def _speak(self, broker: Broker, feed: Feed, turnover: "_Turnover") -> None:
        """Say what there is to say whenever there is a connection."""
        while True:
            session = broker.session if broker.connected else 0
            work = self._on_connection(broker, feed, turnover) if session else self._drop(feed)
            await first_of(work, broker.changed(session))

    async def _on_connection(self, broker: Broker, feed: Feed, turnover: "_Turnover") -> None:
        session = Session(self._config, broker, feed, self._live, self._present)
        reports = [report(d, feed, Voice(broker).say) for d in self._live.dialects if isinstance(d, Diagnosing)]
        asked = asyncio.Event()
        leftovers = self._clear_leftovers(broker, feed, turnover, asked)
        await first_of(leftovers, session.run(asked), self._correct(broker, feed), *reports)

    async def _clear_leftovers(self, broker: Broker, feed: Feed, turnover: "_Turnover", asked: asyncio.Event) -> None:
        while True:
            devices = feed.devices
            await clear_leftovers(broker, feed, self._live.dialects, asked)
            await turnover.of(devices)

    async def _correct(self, broker: Broker, feed: Feed) -> None:
        """Say how it really is when the broker may have said a will; connections often come many at once."""
        while True:
            await self._will_said.wait()
            await asyncio.sleep(SETTLING)
            self._will_said.clear()
            await Voice(broker).say(self._live.corrects(feed.devices))

    async def _drop(self, feed: Feed) -> None:
        """What is read while there is no connection is lost, but for the latest of each device that still answers."""
        latest: dict[DeviceReadings, Update] = {}
        devices = feed.devices

        def keep(update: Update) -> None:
            older = latest.get(update.device)
            latest[update.device] = newest = update if older is None else merged(older, update)
            if older is not None:
                feed.health.dropped += sum(map(self._messages_in, (older, update))) - self._messages_in(newest)

        while True:
            updates, turned = await feed.take()
            await in_turns(updates, keep)
            before, devices = devices, feed.devices
            suspects = turned if devices is before else list(latest)
            for device in suspects:
                if device in latest and not (device.online and feed.has(device)):
                    feed.health.dropped += self._messages_in(latest.pop(device))

    def _messages_in(self, update: Update) -> int:
        return readings_in(update) if self._live.moved else len(self._live.whole)

    async def _keep_wills(self, will: Message | None, feed: Feed, turnover: "_Turnover") -> None:
        """Keep connections for all wills but the first; ends when the first is another.

        Homie 5 has one for all devices, which it needs; those of Homie 4, one for each, are for who asks for them.
        """
        others = Wills(self._config, self._context, self._will_said)
        try:
            while self._will(devices := feed.devices) == will:
                if self._config.homie_wills or self._config.homie_version == "5":
                    await others.change(self._live.wills(devices)[1:])
                await turnover.of(devices)
        finally:
            await others.close()

    def _will(self, devices: Devices) -> Message | None:
        return next(iter(self._live.wills(devices)), None)

    def _last_words(self, devices: Devices) -> Iterator[Message]:
        for name, device in self._present.items():
            if name not in devices:
                for dialect in self._live.dialects:
                    yield from dialect.gone(device)
        yield from self._live.farewell(devices)


class _Turnover:
    """Tells when devices came or went."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._queue = feed.subscribe(NO_UPDATES)
        self._happened = asyncio.Event()

    async def watch(self) -> None:
        """Look out for it, until cancelled."""
        while True:
            await self._queue.take()
            self._happened.set()
            self._happened = asyncio.Event()

    async def of(self, devices: Devices) -> None:
        """Wait until the devices are others than these."""
        while self._feed.devices is devices:
            await self._happened.wait()


async def _watched(connecting: "asyncio.Task[None]") -> None:
    """Raise what ended a task that is never to end."""
    await asyncio.wait([connecting])
    connecting.result()
    raise RuntimeError("the connection is not kept any more")
