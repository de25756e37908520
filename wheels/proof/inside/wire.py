"""Checksums, requests in a row, and the alarm clock."""

import select
from contextlib import closing
from dataclasses import dataclass
from random import Random
from time import monotonic

from mbmd._native import framing
from mbmd._native.crc import crc16
from mbmd._native.decode import Program
from mbmd._native.exchange import Exchange, RoundTrips
from mbmd._native.query import Query
from mbmd._native.timer import TimerFd
from tests import reference
from wheels.proof.inside.judge import MismatchError, column_of, must_equal, must_equal_bits

PATIENCE = 20.0
"""Seconds after which an alarm will not come any more."""


@dataclass(frozen=True)
class Request:
    """A read of holding registers, as queries know it."""

    address: int
    count: int
    is_its_own_answer: bool = False

    @property
    def pdu(self) -> bytes:
        """What goes out."""
        return b"\3" + self.address.to_bytes(2) + self.count.to_bytes(2)

    @property
    def prefix(self) -> bytes:
        """What the answer begins with."""
        return bytes([3, 2 * self.count])

    @property
    def length(self) -> int:
        """Bytes of data in the answer."""
        return 2 * self.count


def check_crc(dice: Random) -> None:
    """A checksum; lengths go around the strides in which it is computed."""
    data = dice.randbytes(dice.choice([0, 1, 7, 8, 9, 15, 16, 17, 254, dice.randrange(300)]))
    must_equal(crc16(data), reference.crc16(data), f"CRC of {data.hex()}")


def check_exchange(dice: Random) -> None:
    """Reads over Modbus TCP, each sent as the one before is answered; answers come in pieces."""
    requests = [Request(dice.randrange(0x10000), dice.randint(1, 20)) for _ in range(dice.randint(1, 5))]
    queries = tuple(_query(request, 3) for request in requests)
    sent: list[bytes] = []
    codes: list[int] = []
    trips, column = RoundTrips(), column_of([0.0] * 20)
    exchange = Exchange(framing.MbapReader(), codes.append, monotonic, trips)
    exchange.begin(queries, column)
    sent.append(exchange.next(sent.append))
    for number, request in enumerate(requests):
        wanted = reference.mbap_frame(number + 1, 3, request.pdu)
        must_equal(sent[number:], [wanted], "request")
        data = dice.randbytes(request.length)
        answer = reference.mbap_frame(number + 1, 3, request.prefix + data)
        place = dice.randint(0, len(answer))
        exchange.data_received(answer[:place])
        exchange.data_received(answer[place:])
        values = [reference.decode("uint16", data[2 * i :]) for i in range(request.count)]
        must_equal_bits(column[: request.count], values, "column")
    must_equal((exchange.is_done, exchange.answered, codes), (True, len(requests), [framing.ANSWER]), "the end")
    must_equal((trips.count, len(trips.kept)), (len(requests), len(requests)), "round trips")


def _query(request: Request, unit: int) -> Query:
    program = Program([("uint16", i, 1.0, None, i) for i in range(request.count)])
    return Query(framing.mbap_request(0, unit, request.pdu), unit, request, program)


def check_query(dice: Random) -> None:
    """A request over a serial line that brings its echo, then its answer."""
    request, unit = Request(dice.randrange(0x10000), dice.randint(1, 125)), dice.randrange(1, 248)
    frame = reference.rtu_frame(unit, request.pdu)
    reader, data = framing.RtuReader(), dice.randbytes(request.length)
    must_equal(reader.ask(Query(framing.rtu_request(unit, request.pdu), unit, request)), frame, "request")
    code = reader.feed(frame + reference.rtu_frame(unit, request.prefix + data))
    must_equal((code, reader.payload, reader.echoes), (framing.ANSWER, data, 1), "answer behind an echo")


def check_timer(dice: Random) -> None:
    """An alarm: not early, once, and not at all when it was taken back."""
    with closing(TimerFd()) as timer:
        when = monotonic() + dice.choice([-1.0, 0.0, 0.0005, 0.003, dice.uniform(0, 0.01)])
        timer.arm(when)
        if not select.select([timer], [], [], PATIENCE)[0]:
            raise MismatchError("an alarm did not come")
        if monotonic() < when or not timer.acknowledge() or timer.acknowledge():
            raise MismatchError("an alarm was early, or came twice")
        timer.arm(monotonic() + 0.001)
        timer.disarm()
        if select.select([timer], [], [], 0.003)[0]:
            raise MismatchError("an alarm came that had been taken back")
