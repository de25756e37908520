"""RS485 buses on pseudo terminals, paced exactly, in a process of their own.

A request's characters take their time from the moment when they come, then there are silence and the turnaround, then
the answer comes as `Pace.pieces` has it, on an absolute schedule. The process wakes early and watches the clock for
what has to be exact: the last character of an answer. It runs at real-time priority where it may. Every exchange is
written down as an `Exchange`, by its own clock.
"""

import json
import os
import select
import subprocess
import sys
import tty
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import inf
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple

from benchmarks.play.pace import REQUEST, Pace
from benchmarks.play.process import cpu_seconds

_CLEAR, _TELL = b"clear\n", b"tell\n"
EARLY = 0.0002
"""Seconds before an answer's end from which the clock is watched: no sleep ends as exactly."""

PATIENCE = 30.0
"""Seconds within which somebody must poll."""


class Exchange(NamedTuple):
    """A request and its answer, in seconds of the monotonic clock.

    `began` is when the request's first character came, `silence` how long after the answer before was written, None
    of the first one. `due` is when the answer's last character was to be written, `written` when it was.
    """

    bus: int
    began: float
    silence: float | None
    unit: int
    function: int
    address: int
    registers: int
    due: float
    written: float


@dataclass
class Account:
    """What was on the wires, in the order in which it ended; `damaged` are pieces that were no request to read."""

    exchanges: list[Exchange] = field(default_factory=list)
    damaged: int = 0

    def of_bus(self, bus: int) -> "Account":
        """The exchanges of one bus."""
        return Account([exchange for exchange in self.exchanges if exchange.bus == bus])


Registers = Mapping[int, Mapping[int, Mapping[int, int]]]
"""The words of each unit by function and address; what is not there is 0."""


def crc16(data: bytes) -> int:
    """CRC of the Modbus serial line protocol, V1.02, section 6.2.2."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def sealed(frame: bytes) -> bytes:
    """A frame with its CRC."""
    return frame + crc16(frame).to_bytes(2, "little")


class _Units:
    """Meters whose values stand still: each answer is made once."""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers
        self._answers: dict[bytes, bytes | None] = {}

    def answer(self, request: bytes) -> bytes | None:
        """The answer to a read; None for what is none, or is not for these units."""
        if request not in self._answers:
            self._answers[request] = self._make(request)
        return self._answers[request]

    def _make(self, request: bytes) -> bytes | None:
        if len(request) != REQUEST or sealed(request[:-2]) != request:
            return None
        unit, function, count = request[0], request[1], int.from_bytes(request[4:6])
        first = int.from_bytes(request[2:4])
        if function not in (3, 4) or unit not in self._registers:
            return None
        words = self._registers[unit].get(function, {})
        data = b"".join(words.get(at, 0).to_bytes(2) for at in range(first, first + count))
        return sealed(bytes((unit, function, len(data))) + data)


class _Bus:
    """One line; `due` is when it has something to say next, `exact` whether that is the end of an answer."""

    due = inf
    exact = False

    def __init__(self, number: int, pace: Pace, units: _Units, account: Account) -> None:
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self.master, False)
        self.path = os.ttyname(self._slave)
        self._number, self._pace, self._units, self._account = number, pace, units, account
        self._schedule: dict[int, list[tuple[float, int]]] = {}
        self._pieces: list[tuple[float, int]] = []
        self._answer = self._request = b""
        self._began = self._first = self._free = 0.0
        self._sent = self._next = 0

    def hear(self) -> bool:
        """Take what has come; returns whether it is a request. On top of an answer it takes the place of that."""
        now = monotonic()
        self._request = request = os.read(self.master, 4096)
        answer = self._units.answer(request)
        if answer is None:
            self._account.damaged += 1
            return False
        if self.due < inf:  # the two collide, and the silence is less than none
            self._free = self._first + self._pieces[-1][0]
        length = len(answer)
        if length not in self._schedule:
            self._schedule[length] = self._pace.pieces(length)
        self._pieces, self._answer, self._sent, self._next = self._schedule[length], answer, 0, 0
        self._silence = now - self._free if self._free else None
        self._began = now
        self._first = now + self._pace.until_answered(0)
        self._plan()
        return True

    def speak(self) -> None:
        """Write what is due."""
        _, end = self._pieces[self._next]
        now = monotonic()
        with suppress(BlockingIOError):  # nobody reads, so it is lost
            os.write(self.master, self._answer[self._sent : end])
        self._sent = end
        self._next += 1
        if self._next < len(self._pieces):
            self._plan()
        else:
            self._note(now)

    def _plan(self) -> None:
        self.due = self._first + self._pieces[self._next][0]
        self.exact = self._next == len(self._pieces) - 1

    def _note(self, written: float) -> None:
        due, self.due, self.exact, self._free = self.due, inf, False, written
        unit, function = self._request[:2]
        address, count = int.from_bytes(self._request[2:4]), int.from_bytes(self._request[4:6])
        self._account.exchanges.append(
            Exchange(self._number, self._began, self._silence, unit, function, address, count, due, written)
        )


class _Clockwork:
    """Wakes each bus when it has something to say, and listens to all meanwhile."""

    def __init__(self, buses: Sequence[_Bus]) -> None:
        self._buses = {bus.master: bus for bus in buses}
        self._alarms: list[tuple[float, float, int]] = []
        self._watched: list[tuple[float, _Bus]] = []

    def turn(self, other: int) -> bool:
        """Do what comes next; returns whether the `other` file can be read."""
        fds, _, _ = select.select([other, *self._buses], (), (), self._patience())
        for fd in fds:
            if fd != other:
                bus = self._buses[fd]
                if bus.hear():
                    self._set(bus)
        self._ring()
        for due, bus in self._watched:
            if due == bus.due <= monotonic():
                bus.speak()
        self._watched = [(due, bus) for due, bus in self._watched if due == bus.due]
        return other in fds

    def _patience(self) -> float | None:
        if self._watched:
            return 0.0
        return max(0.0, self._alarms[0][0] - monotonic()) if self._alarms else None

    def _set(self, bus: _Bus) -> None:
        heappush(self._alarms, (bus.due - EARLY if bus.exact else bus.due, bus.due, bus.master))

    def _ring(self) -> None:
        now = monotonic()
        while self._alarms and self._alarms[0][0] <= now:
            _, due, fd = heappop(self._alarms)
            bus = self._buses[fd]
            if bus.due != due:  # another answer has taken its place
                continue
            if bus.exact:
                self._watched.append((due, bus))
            else:
                bus.speak()
                self._set(bus)


def _play(count: int, pace: Pace, units: _Units) -> None:
    """Tell the paths, then begin a new account for each line that comes, and tell of the last one if it says so."""
    account = Account()
    buses = [_Bus(number, pace, units, account) for number in range(count)]
    clockwork = _Clockwork(buses)
    print(json.dumps([bus.path for bus in buses]), flush=True)
    stdin = sys.stdin.fileno()
    while True:
        if not clockwork.turn(stdin):
            continue
        command = os.read(stdin, 4096)
        if not command:
            return
        if command == _TELL:
            print(json.dumps([account.exchanges, account.damaged]), flush=True)
        account.exchanges.clear()
        account.damaged = 0


def _registers(types: Sequence[str]) -> Registers:
    """What meters of device types have, as mbmd's simulator makes it; the first is unit 1."""
    from mbmd.devices.registry import BUILT_IN
    from mbmd.simulator.registers import image, meter_of

    devices = [(unit, BUILT_IN.get(name)) for unit, name in enumerate(types, 1)]
    return {unit: image(device, meter_of(device, unit).at(0.0)) for unit, device in devices}


def sleep_exactly() -> None:
    """Let no sleep of this thread last longer than it must; by default they may, by 50 µs."""
    with suppress(OSError):
        Path("/proc/self/timerslack_ns").write_text("1")


def _hurry() -> None:
    """Come before all others, if we may."""
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


class Lines:
    """Buses that are there; `paths` has the device of each."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.pid = process.pid
        assert process.stdout is not None
        self.paths: list[str] = json.loads(process.stdout.readline())

    @property
    def cpu_seconds(self) -> float:
        """CPU time that pacing has taken so far."""
        return cpu_seconds(self.pid)

    def clear(self) -> None:
        """Begin a new account."""
        self._command(_CLEAR)

    def account(self) -> Account:
        """What was on the wires since `clear`; it is told once."""
        self._command(_TELL)
        assert self._process.stdout is not None
        exchanges, damaged = json.loads(self._process.stdout.readline())
        return Account([Exchange(*exchange) for exchange in exchanges], damaged)

    def wait_until_polled(self) -> None:
        """Wait until there was an exchange on every bus. Raises RuntimeError if there is none."""
        until, silent = monotonic() + PATIENCE, set(range(len(self.paths)))
        while silent:
            if monotonic() > until:
                raise RuntimeError(f"nobody polls {', '.join(self.paths[bus] for bus in silent)}")
            sleep(0.05)
            silent -= {exchange.bus for exchange in self.account().exchanges}

    def _command(self, command: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(command.decode())
        self._process.stdin.flush()


@contextmanager
def playing(buses: int, pace: Pace, types: Sequence[str]) -> Iterator[Lines]:
    """So many buses, each with a meter of each of the device types, units 1 and on."""
    command = [sys.executable, "-m", __name__, str(buses), str(pace.baudrate), str(pace.turnaround), *types]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Lines(process)
        finally:
            process.terminate()


def _main(buses: str, baudrate: str, turnaround: str, *types: str) -> None:
    units = _Units(_registers(types))
    sleep_exactly()
    _hurry()
    _play(int(buses), Pace(int(baudrate), float(turnaround)), units)


if __name__ == "__main__":
    _main(*sys.argv[1:])
