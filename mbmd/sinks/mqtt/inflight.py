"""Messages that a broker acknowledges (QoS 1 and 2): not too many at once, and none forgotten."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from mbmd.readings.health import SinkHealth
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.words import Reason

BAD_TOPIC = Reason(0x90, "Topic name invalid")


Said = tuple[str, bytes]
"""Topic and payload of a message, which stay when a broker takes it only with another quality of service."""


class Receipt:
    """What becomes of messages whose sender waits; `lost` says why those without an answer will never have one."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.acknowledged: Counter[Said] = Counter()
        self.failed: list[Reason] = []
        self.lost = ""
        self.over = asyncio.Event()
        self._left = len(messages)

    def answered(self, message: Message, reason: Reason) -> None:
        """The broker has said yes or no to one."""
        if reason.is_failure:
            self.failed.append(reason)
        else:
            self.acknowledged[said(message)] += 1
        self._left -= 1
        if not self._left:
            self.over.set()

    def lose(self, trouble: str) -> None:
        """No more answers will come."""
        self.lost = trouble
        self.over.set()


def said(message: Message) -> Said:
    """What is in a message."""
    return message.topic, message.payload


class _Entry(NamedTuple):
    message: Message
    receipt: Receipt | None


class Inflight:
    """At most `window` messages are on their way at once; `send` sends one and returns its id.

    It raises ValueError for a message that cannot be sent. Messages without a receipt are counted in the health of
    the sink.
    """

    def __init__(self, send: Callable[[Message], int], health: SinkHealth, clock: Callable[[], float]) -> None:
        self.window = 1
        self._since = clock()
        self._send = send
        self._health = health
        self._clock = clock
        self._sent: dict[int, _Entry] = {}
        self._waiting: deque[_Entry] = deque()

    @property
    def full(self) -> bool:
        """Whether no more can be sent before something is acknowledged."""
        return len(self._sent) >= self.window

    @property
    def empty(self) -> bool:
        """Whether all is acknowledged."""
        return not self._sent and not self._waiting

    @property
    def silence(self) -> float:
        """Seconds without an acknowledgement, 0 if none is missing."""
        return self._clock() - self._since if self._sent else 0.0

    @property
    def count(self) -> int:
        """How many are kept."""
        return len(self._sent) + len(self._waiting)

    def put(self, message: Message, receipt: Receipt | None = None) -> None:
        """Send it, at once or when there is room."""
        self._waiting.append(_Entry(message, receipt))
        self._go_on()

    def answered(self, mid: int, reason: Reason) -> None:
        """An acknowledgement has come, also of something that nobody waits for."""
        entry = self._sent.pop(mid, None)
        if entry is not None:
            self._since = self._clock()
            self._account(entry, reason)
            self._go_on()

    def withdraw(self, receipt: Receipt) -> None:
        """Do not send what was not sent yet."""
        self._waiting = deque(entry for entry in self._waiting if entry.receipt is not receipt)

    def lose(self, trouble: str) -> None:
        """The connection is gone: nothing is acknowledged any more."""
        entries = [*self._sent.values(), *self._waiting]
        self._sent.clear()
        self._waiting.clear()
        for entry in entries:
            if entry.receipt is None:
                self._health.dropped += 1
            else:
                entry.receipt.lose(trouble)

    def _go_on(self) -> None:
        while self._waiting and not self.full:
            entry = self._waiting.popleft()
            if not self._sent:
                self._since = self._clock()
            try:
                mid = self._send(entry.message)
            except ValueError:
                self._account(entry, BAD_TOPIC)
            else:
                self._sent[mid] = entry

    def _account(self, entry: _Entry, reason: Reason) -> None:
        if entry.receipt is not None:
            entry.receipt.answered(entry.message, reason)
        elif reason.is_failure:
            self._health.refused += 1
        else:
            self._health.sent += 1
