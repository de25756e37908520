"""A serial line at its own pace, between a pseudo terminal and a slave's protocol; it knows no Modbus."""

import asyncio
import contextlib
import os
import time
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

    Characters arrive on an absolute schedule: never early, and late ones delay no others. Each answer begins when its
    time has come and the line is free, and is sent in one piece: collisions are not simulated. Who closes the wire
    closes `master`.
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
        self._echo = faults.echo
        self._spoiler = Spoiler(faults)
        self._heard = bytearray()
        self._heard_until = 0.0
        self._waiting: list[_Burst] = []
        self._spoken: _Burst | None = None
        self._spoken_until = 0.0
        self._hearing = Alarm(loop, self._hear)
        self._speaking = Alarm(loop, self._speak)
        self._closed = False
        loop.add_reader(master, self._receive)
        protocol.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send an answer: its time is the turnaround after the silence, or when it is written if that is later."""
        answer = self._spoiler.spoil(bytes(data))
        if answer and not self._closed:
            ready = self._heard_until + self._pace.silence + self._pace.turnaround
            self._say(_Burst(answer, max(ready, time.monotonic()) + self._spoiler.delay()))

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
        start = max(self._heard_until, time.monotonic())
        self._heard_until = start + len(data) * self._pace.character
        self._heard += data
        self._hearing.set(self._heard_until + self._pace.silence)
        if self._echo:
            self._say(_Burst(data, start, is_echo=True))

    def _hear(self) -> None:
        burst = bytes(self._heard)
        self._heard.clear()
        self._protocol.data_received(burst)

    def _say(self, burst: "_Burst") -> None:
        self._waiting.append(burst)
        if self._spoken is None:
            self._wait_for_next()

    def _wait_for_next(self) -> None:
        if self._waiting:
            self._speaking.set(min(map(self._start, self._waiting)))

    def _start(self, burst: "_Burst") -> float:
        """When a burst can begin; only an echo sounds while the client itself is sending."""
        return max(burst.start, self._spoken_until, 0.0 if burst.is_echo else self._heard_until)

    def _speak(self) -> None:
        now = time.monotonic()
        if self._spoken is None:
            self._begin(now)
        if self._spoken is not None:
            self._go_on(self._spoken, now)
        if self._spoken is None:
            self._wait_for_next()

    def _begin(self, now: float) -> None:
        burst = min(self._waiting, key=lambda burst: (self._start(burst), burst.start))
        start = self._start(burst)
        if start <= now:
            self._waiting.remove(burst)
            burst.start = start
            self._spoken = burst
            self._spoken_until = start + len(burst.data) * self._pace.character

    def _go_on(self, burst: "_Burst", now: float) -> None:
        due = int((now - burst.start) / self._pace.character)
        self._put(burst.data[burst.sent : due])
        burst.sent = min(due, len(burst.data))
        if burst.sent == len(burst.data):
            self._spoken = None
            return
        first = burst.start + (burst.sent + 1) * self._pace.character
        self._speaking.set(min(self._spoken_until, max(first, now + _STRIDE) if burst.sent else first))

    def _put(self, data: bytes) -> None:
        with contextlib.suppress(BlockingIOError):  # nobody reads: the receiver's buffer runs over
            os.write(self._master, data)


@dataclass(eq=False, slots=True)
class _Burst:
    """Characters that go out one by one from `start` on, or later if the line is busy then."""

    data: bytes
    start: float
    is_echo: bool = False
    sent: int = 0
