"""A serial line at its own pace, between a pseudo terminal and a slave's protocol; it knows no Modbus."""

import asyncio
import contextlib
import os
import time
from collections import deque
from dataclasses import dataclass

from mbmd.simulator.alarm import Alarm
from mbmd.simulator.faults import NO_FAULTS, Faults, Spoiler

_SILENCE = 3.5
"""Characters of silence that end a frame, MODBUS over Serial Line V1.02, section 2.5.1.1."""
_FAST_CHARACTER = 10 / 19200
_FAST_SILENCE = 0.00175
"""Seconds of silence on lines faster than 19200 baud, same section."""

_STRIDE = 0.002
"""Seconds between two deliveries of a long answer; its last character comes at its own time."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a character takes, and a slave to think after the silence; in seconds."""

    character: float
    turnaround: float = 0.005

    @property
    def silence(self) -> float:
        """After so long without a character a frame is complete."""
        return _FAST_SILENCE if self.character < _FAST_CHARACTER else _SILENCE * self.character


class Wire(asyncio.Transport):
    """The line as `protocol` sees it: a transport that brings each burst in one piece and sends slowly.

    Characters arrive on an absolute schedule: never early, and late ones delay no others. Answers that overlap
    are sent one after the other; collisions are not simulated. Who closes the wire closes `master`.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        master: int,
        protocol: asyncio.Protocol,
        pace: Pace,
        faults: Faults = NO_FAULTS,
    ) -> None:
        super().__init__()
        self._loop = loop
        self._master = master
        self._protocol = protocol
        self._pace = pace
        self._spoiler = Spoiler(faults)
        self._heard = bytearray()
        self._heard_until = 0.0
        self._answers: deque[_Answer] = deque()
        self._spoken_until = 0.0
        self._hearing = Alarm(loop, self._hear)
        self._speaking = Alarm(loop, self._speak)
        self._closed = False
        loop.add_reader(master, self._receive)
        protocol.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send an answer: it begins after the silence and the turnaround, when the line is free."""
        answer = self._spoiler.spoil(bytes(data))
        if not answer or self._closed:
            return
        ready = self._heard_until + self._pace.silence + self._pace.turnaround
        start = max(ready, time.monotonic()) + self._spoiler.delay
        self._answers.append(_Answer(answer, max(start, self._spoken_until)))
        self._spoken_until = self._answers[-1].start + len(answer) * self._pace.character
        if len(self._answers) == 1:
            self._speaking.set(self._answers[0].start + self._pace.character)

    def close(self) -> None:
        """Cut the line; characters still on it are lost."""
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._master)
            self._hearing.close()
            self._speaking.close()
            self._protocol.connection_lost(None)

    def abort(self) -> None:
        """The same as close."""
        self.close()

    def is_closing(self) -> bool:
        """Whether the line was cut."""
        return self._closed

    def _receive(self) -> None:
        data = os.read(self._master, 4096)
        # The client wrote its characters at once; on a line they come one by one.
        self._heard_until = max(self._heard_until, time.monotonic()) + len(data) * self._pace.character
        self._heard += data
        self._hearing.set(self._heard_until + self._pace.silence)

    def _hear(self) -> None:
        burst = bytes(self._heard)
        self._heard.clear()
        self._protocol.data_received(burst)

    def _speak(self) -> None:
        answer, now = self._answers[0], time.monotonic()
        due = int((now - answer.start) / self._pace.character)
        self._put(answer.data[answer.sent : due])
        answer.sent = min(due, len(answer.data))
        if answer.sent == len(answer.data):
            self._answers.popleft()
        self._speak_on(now)

    def _speak_on(self, now: float) -> None:
        if self._answers:
            answer = self._answers[0]
            end = answer.start + len(answer.data) * self._pace.character
            first = answer.start + (answer.sent + 1) * self._pace.character
            self._speaking.set(min(end, max(first, now + _STRIDE)))

    def _put(self, data: bytes) -> None:
        with contextlib.suppress(BlockingIOError):  # nobody reads: the receiver's buffer runs over
            os.write(self._master, data)


@dataclass(slots=True)
class _Answer:
    """Characters that go out one by one from `start` on."""

    data: bytes
    start: float
    sent: int = 0
