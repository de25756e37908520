"""The serial line in the end, here or behind a gateway: how long it is busy, and what it brings."""

from mbmd.bus.silence import Silence
from mbmd.config.adapter import Adapter, Medium
from mbmd.protocol.timing import silent_interval
from mbmd.readings.health import BusHealth

PATIENCE = 1.0
"""Seconds, at the least, for which others may talk on a serial line before a request."""
LONGEST_FRAME = 256
"""Characters of an RTU frame, MODBUS over Serial Line V1.02, section 2.5.1."""


class Wire:
    """Keeps the account of the characters on a serial line, and the silence between frames where we can.

    `answer_seconds` is the time that the answer takes which is waited for.
    """

    def __init__(self, adapter: Adapter, health: BusHealth) -> None:
        self._health = health
        self._character = adapter.character_seconds
        self._sent = 0
        self._heard = 0
        self._unasked = False
        self.answer_seconds = 0.0
        interval = silent_interval(adapter) if adapter.medium is Medium.SERIAL else 0.0
        self.silence = Silence(interval, max(PATIENCE, LONGEST_FRAME * self._character)) if interval else None

    def occupy(self, frame: bytes, answer: int) -> float:
        """A request goes out now; returns the seconds that it and an answer of so many characters take."""
        sending = len(frame) * self._character
        if self.silence is not None:
            self.silence.sending(sending)
        self._health.busy += sending
        self._sent = len(frame)
        self._heard = 0
        self._unasked = False
        self.answer_seconds = answer * self._character
        return sending + self.answer_seconds

    def heard(self, data: bytes, awaited: bool) -> None:
        """Characters have come; those that nobody waits for are a stale answer."""
        if self.silence is not None:
            self.silence.heard()
        self._heard += len(data)
        self._health.busy += len(data) * self._character
        if not awaited and not self._unasked:
            self._unasked = True
            self._health.stale += 1

    def has_brought_anything(self, echoes: int) -> bool:
        """Whether anything came since the last request, beside so many echoes of it."""
        return self._heard > self._sent * echoes

    def close(self) -> None:
        """Give back the timer."""
        if self.silence is not None:
            self.silence.close()
