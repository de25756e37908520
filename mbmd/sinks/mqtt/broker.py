"""The one connection to an MQTT broker, which comes again whenever it went."""

import asyncio
import contextlib
import random
import ssl
from collections import Counter
from collections.abc import Iterable, Sequence

from mbmd.backoff import FIRST_PAUSE, pause_after
from mbmd.config.broker import parse_broker
from mbmd.config.outputs import Mqtt
from mbmd.readings.health import SinkHealth
from mbmd.sinks.mqtt.dial import Setup
from mbmd.sinks.mqtt.ears import Hear
from mbmd.sinks.mqtt.inflight import Receipt, Said, said
from mbmd.sinks.mqtt.link import Link
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.outage import Outage
from mbmd.sinks.mqtt.words import CLOSED, explain_short
from mbmd.sinks.outbox.errors import AwayError, RefusedError
from mbmd.within import within

STEADY = 60.0
"""Seconds for which a connection must stand before a new attempt is no further failure of the same kind."""
LAST_WORDS = 1.0
"""Seconds to say the last messages."""


class Broker:
    """Publishes to a broker; `session` counts the connections that there were, `name` is what to call it in public.

    `run` keeps it connected. A new connection has no subscriptions, and nothing of an earlier one is sent on it.
    Not for threads.
    """

    def __init__(
        self,
        config: Mqtt,
        health: SinkHealth,
        context: ssl.SSLContext | None,
        will: Message | None = None,
        *,
        quiet: bool = False,
    ) -> None:
        """`context` is that of `tls_context`: it takes long to make, and many may share it.

        A `quiet` one tells its coming and going only to who looks for faults.
        """
        self.session = 0
        self._setup = Setup(config, parse_broker(config.broker), context, will, set())
        self._health = health
        self._quiet = quiet
        self._link: Link | None = None
        self._standing: Link | None = None
        self._delivered: Counter[Said] = Counter()
        self._turned = asyncio.Event()
        self._closed = asyncio.Event()

    @property
    def connected(self) -> bool:
        """Whether the broker has greeted, and the connection was not lost since."""
        return self._standing is not None and self._standing.connected

    async def run(self) -> None:
        """Connect, again and again, until `close` or cancelled; a connection stays open for `close` then."""
        clock = asyncio.get_running_loop().time
        outage = Outage(self._setup.name, self._health, clock, quiet=self._quiet)
        failures = short = 0
        while not self._closed.is_set():
            link = self._link = Link(self._setup, self._health)
            greeted = await self._open(link)
            since = clock()
            if greeted:
                self.session += 1
                self._standing = link
                outage.end()
                self._turn()
                await link.stand()
                self._turn()
            if self._closed.is_set():
                return
            is_steady = greeted and clock() - since > STEADY
            failures = 1 if is_steady else failures + 1
            if greeted:
                short = short + 1 if link.trouble == CLOSED and not is_steady else 0
            outage.begin(explain_short(self._setup.config) if greeted and short > 1 else link.trouble)
            await self._pause(failures)

    async def changed(self, session: int) -> None:
        """Return when there is another connection than `session`; 0 for none."""
        while (self.session if self.connected else 0) == session:
            await self._turned.wait()

    def publish(self, message: Message) -> None:
        """Send a message; it counts as dropped when there is no connection, or it goes before the broker has it."""
        link = self._standing
        if link is None or not link.connected:
            self._health.dropped += 1
        else:
            link.publish(message)

    async def drained(self) -> None:
        """Return when what was published is on its way, few enough messages are unacknowledged, or nobody is there.

        To be called after some hundred messages at the latest: it bounds memory, and gives others their turn.
        """
        if self._standing is not None and self._standing.connected:
            await self._standing.drained()

    async def deliver(self, messages: Sequence[Message]) -> None:
        """Return when the broker has acknowledged all; they do not count in the health of the sink.

        Raises AwayError when that may come later, and RefusedError when it will not. What was acknowledged of them
        all the same is not sent once more by the next call.
        """
        link = self._standing
        if link is None or not link.connected:
            raise AwayError(self._health.trouble or "there is no connection yet")
        wanted = self._not_delivered(messages)
        if not wanted:
            self._settle(messages)
            return
        receipt = Receipt(wanted)
        try:
            await link.deliver(wanted, receipt)
            if error := _error(receipt):
                raise error
        except BaseException:
            self._delivered += receipt.acknowledged
            raise
        self._settle(messages)

    def listen(self, filters: Sequence[str], hear: Hear) -> None:
        """Tell `hear` of messages with such topics, until `unlisten` or the connection goes."""
        if self._standing is not None and self._standing.connected:
            self._standing.listen(filters, hear)

    def unlisten(self, filters: Sequence[str]) -> None:
        """Do not hear of these any more."""
        if self._standing is not None and self._standing.connected:
            self._standing.unlisten(filters)

    async def close(self, last: Iterable[Message] = ()) -> None:
        """Say the last messages and goodbye, within LAST_WORDS; whether `run` still runs does not matter."""
        self._closed.set()
        link = self._link
        if link is not None:
            try:
                if link.connected:
                    with contextlib.suppress(TimeoutError):
                        async with within(LAST_WORDS):
                            await link.say_goodbye(last)
            finally:
                link.hang_up("")
        self._health.connected = False
        self._turn()

    async def _open(self, link: Link) -> bool:
        try:
            return await link.open()
        except asyncio.CancelledError:
            link.hang_up("")
            raise

    async def _pause(self, failures: int) -> None:
        with contextlib.suppress(TimeoutError):
            async with within(pause_after(failures, random.random())):  # noqa: S311
                await self._closed.wait()

    def _not_delivered(self, messages: Sequence[Message]) -> list[Message]:
        """Those that were not acknowledged in calls that failed, as long as calls go on with the same messages."""
        if not self._delivered:
            return list(messages)
        known, wanted = self._delivered.copy(), []
        for message in messages:
            if known[said(message)] > 0:
                known[said(message)] -= 1
            else:
                wanted.append(message)
        if len(wanted) == len(messages):
            self._delivered.clear()
        return wanted

    def _settle(self, messages: Sequence[Message]) -> None:
        """All of these were delivered, in however many calls."""
        if self._delivered:
            self._delivered -= Counter(map(said, messages))

    def _turn(self) -> None:
        self._turned.set()
        self._turned.clear()


def _error(receipt: Receipt) -> Exception | None:
    """What is to be raised for messages that were not all acknowledged."""
    if receipt.lost:
        return AwayError(receipt.lost)
    for reason in receipt.failed:
        if not reason.is_final:
            return AwayError(f"it does not take messages now: {reason.name}", FIRST_PAUSE)
    if receipt.failed:
        return RefusedError(f"it refuses messages: {receipt.failed[0].name}")
    return None
