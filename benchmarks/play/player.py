"""Plays Modbus/TCP meters, a port each, in as little time as Python can: `python -m benchmarks.play.player PORTS`.

Reads of registers are answered, of any unit, function and address. Each pair of registers is a float of 32 bits: the
seconds of the monotonic clock, modulo CLOCK, when the request was found. There is no event loop between the sockets
and the answers, since its time would be missing to who is measured: what is ready is answered in turn, and the clock
is read and the answers are made once a turn.
"""

import json
import os
import socket
import struct
import sys
import time
from select import EPOLLIN, epoll

from benchmarks.play.ports import HOST

CLOCK = 1000.0
"""Values begin anew after so many seconds."""
PERIOD = 1.0
"""Seconds from round to round of who asks once a second."""
REQUEST = 12
"""Bytes of a read."""
MOST_BYTES = 4096
MOST_READY = 256


class Meter:
    """A meter on a port. A round begins whenever it is asked what it was asked `first`; `begun` is when it last did."""

    __slots__ = ("begun", "first", "listener")

    def __init__(self) -> None:
        self.listener = socket.create_server((HOST, 0))
        self.first = b""
        self.begun = 0.0


class Connection:
    """Somebody who asks a meter; `rest` is what has come of the next request."""

    __slots__ = ("meter", "rest", "socket")

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.rest = b""
        self.socket, _ = meter.listener.accept()
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Pauses:
    """From the begin of a round to the begin of the next: the longest, and how many rounds were missed in them."""

    def __init__(self) -> None:
        self.longest = 0.0
        self.missed = 0

    def note(self, pause: float) -> None:
        """One more, in seconds."""
        if pause > self.longest:
            self.longest = pause
        if pause > 1.5 * PERIOD:
            self.missed += round(pause / PERIOD) - 1


class Player:
    """Answers until its input ends, and tells what it was asked for each line that comes."""

    def __init__(self, ports: int) -> None:
        self._answered = 0
        self._rounds = 0
        self._pauses = Pauses()
        self._epoll = epoll()
        self._connections: dict[int, Connection] = {}
        self._answers: dict[bytes, bytes] = {}
        self._meters: dict[int, Meter] = {}
        for _ in range(ports):
            meter = Meter()
            self._meters[meter.listener.fileno()] = meter
            self._epoll.register(meter.listener, EPOLLIN)
        self.ports = [meter.listener.getsockname()[1] for meter in self._meters.values()]

    def play(self) -> None:
        """Answer until the input ends."""
        commands = sys.stdin.fileno()
        self._epoll.register(commands, EPOLLIN)
        while True:
            ready = self._epoll.poll(maxevents=MOST_READY)
            now = time.monotonic()
            self._answers.clear()
            for file, _ in ready:
                if connection := self._connections.get(file):
                    self._serve(file, connection, now)
                elif file != commands:
                    self._accept(self._meters[file])
                elif not (command := sys.stdin.readline().strip()):
                    return
                else:
                    print(json.dumps(self.tell(command, now)), flush=True)

    def tell(self, command: str, now: float) -> list[float]:
        """What was counted: `asked` requests and rounds, or the `pauses` between rounds, which are forgotten then."""
        if command == "asked":
            return [self._answered, self._rounds]
        pauses, self._pauses = self._pauses, Pauses()
        for meter in self._meters.values():
            if meter.first:
                pauses.note(now - meter.begun)
        return [pauses.longest, pauses.missed]

    def _accept(self, meter: Meter) -> None:
        connection = Connection(meter)
        self._connections[connection.socket.fileno()] = connection
        self._epoll.register(connection.socket, EPOLLIN)

    def _serve(self, file: int, connection: Connection, now: float) -> None:
        try:
            data = os.read(file, MOST_BYTES)
        except OSError:
            data = b""
        if not data:
            self._epoll.unregister(file)
            self._connections.pop(file).socket.close()
            return
        data = connection.rest + data
        if any(data[2:4]):
            data = b""  # a daemon without an answer tries another framing
        while len(data) >= REQUEST:
            self._answer(file, connection.meter, data, now)
            data = data[REQUEST:]
        connection.rest = data

    def _answer(self, file: int, meter: Meter, request: bytes, now: float) -> None:
        asked = request[6:REQUEST]
        answer = self._answers.get(asked)
        if answer is None:
            answer = self._answers[asked] = answer_to(asked, now)
        try:
            os.write(file, request[:4] + answer)
        except OSError:
            return
        self._answered += 1
        if asked == meter.first:
            self._rounds += 1
            self._pauses.note(now - meter.begun)
            meter.begun = now
        elif not meter.first:
            meter.first = asked
            meter.begun = now


def answer_to(asked: bytes, now: float) -> bytes:
    """What follows the transaction and the protocol in the answer to a unit, function, address and count."""
    size = 2 * int.from_bytes(asked[4:6])
    values = struct.pack(">f", now % CLOCK) * (size // 4 + 1)
    return struct.pack(">HBBB", size + 3, asked[0], asked[1], size) + values[:size]


def main(ports: int) -> None:
    """Tell the ports, and play."""
    player = Player(ports)
    print(json.dumps(player.ports), flush=True)
    player.play()


if __name__ == "__main__":
    main(int(sys.argv[1]))
