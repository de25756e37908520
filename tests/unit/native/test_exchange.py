"""Requests that follow each other by themselves."""

from array import array

import pytest

from mbmd._native import framing
from mbmd._native.decode import Program
from mbmd._native.exchange import Exchange, RoundTrips
from mbmd._native.query import Query
from mbmd.protocol.pdu import Request, read, write_register

ONE_WORD = Program([("uint16", 0, 1.0, None, 0)])


class Asking:
    """An exchange of Modbus TCP whose clock goes on by a second with each look at it."""

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.sent: list[bytes] = []
        self.trips = RoundTrips()
        self._time = 0.0
        self.reader = framing.MbapReader()
        self.exchange = Exchange(self.reader, self.codes.append, self._now, self.trips)
        self.column = array("d", [0.0])

    def _now(self) -> float:
        self._time += 1.0
        return self._time

    def begin(self, *addresses: int) -> None:
        """Ask for a register at each address."""
        self.exchange.begin(tuple(query(read(3, at, 1), ONE_WORD) for at in addresses), self.column)
        self.next()

    def next(self) -> None:
        """Send the next request."""
        self.sent.append(self.exchange.next(self.sent.append))

    def answer(self, value: int, of: int = -1) -> bytes:
        """The answer to a request that was sent."""
        return self.sent[of][:2] + bytes((0, 0, 0, 5, 1, 3, 2)) + value.to_bytes(2)


def query(request: Request, program: Program | None = None) -> Query:
    return Query(framing.mbap_request(0, 1, request.pdu), 1, request, program)


def test_the_next_goes_out_as_soon_as_an_answer_is_whole() -> None:
    asking = Asking()
    asking.begin(10, 20)
    whole = asking.answer(7)
    asking.exchange.data_received(whole[:5])
    assert (len(asking.sent), asking.exchange.answered) == (1, 0)
    asking.exchange.data_received(whole[5:])
    assert (len(asking.sent), asking.exchange.answered, asking.column[0]) == (2, 1, 7.0)
    assert asking.codes == []
    asking.exchange.data_received(asking.answer(8))
    assert asking.codes == [framing.ANSWER]
    assert (asking.exchange.is_done, asking.column[0]) == (True, 8.0)
    assert (asking.trips.kept, asking.exchange.take_waited()) == ([1.0, 1.0], 2.0)


def test_transaction_ids_go_on_and_start_again() -> None:
    asking = Asking()
    for _ in range(0x10001):
        asking.begin(10)
        asking.exchange.data_received(asking.answer(1))
    assert [int.from_bytes(frame[:2]) for frame in asking.sent[:2]] == [1, 2]
    assert [int.from_bytes(frame[:2]) for frame in asking.sent[0xFFFE:]] == [0xFFFF, 0, 1]


def test_an_answer_to_an_earlier_request_does_not_bring_the_next() -> None:
    asking = Asking()
    asking.begin(10, 20, 30)
    asking.exchange.data_received(asking.answer(7))
    asking.exchange.data_received(asking.answer(9, of=0))
    assert (asking.exchange.answered, len(asking.sent), asking.codes) == (1, 2, [])


def test_what_came_beside_the_answer_is_told_before_anything_follows() -> None:
    asking = Asking()
    asking.begin(10, 20)
    stray = bytes((9, 9)) + asking.answer(1)[2:]
    asking.exchange.data_received(stray + asking.answer(7))
    assert (asking.codes, asking.exchange.answered, len(asking.sent)) == ([framing.ANSWER], 1, 1)
    assert asking.reader.stale == 1
    asking.next()
    asking.exchange.data_received(asking.answer(8))
    assert asking.exchange.is_done


def test_who_hears_each_chunk_sends_each_request() -> None:
    asking = Asking()
    heard: list[bytes] = []
    asking.exchange.heard = heard.append
    asking.begin(10, 20)
    asking.exchange.data_received(asking.answer(7))
    assert (heard, asking.codes, len(asking.sent)) == ([asking.answer(7)], [framing.ANSWER], 1)


def test_an_exception_ends_it() -> None:
    asking = Asking()
    asking.begin(10, 20)
    asking.exchange.data_received(asking.sent[0][:2] + bytes((0, 0, 0, 3, 1, 0x83, 2)))
    assert (asking.codes, asking.exchange.answered, len(asking.sent)) == ([framing.EXCEPTION], 0, 1)


def test_nothing_follows_after_the_wait_was_given_up() -> None:
    asking = Asking()
    asking.begin(10, 20)
    asking.reader.forget()
    asking.exchange.data_received(asking.answer(7))
    assert (asking.codes, len(asking.sent)) == ([], 1)


def test_no_more_can_be_asked_than_there_is() -> None:
    asking = Asking()
    with pytest.raises(IndexError):
        asking.next()
    asking.begin(10)
    asking.exchange.data_received(asking.answer(7))
    with pytest.raises(IndexError):
        asking.next()


def test_a_program_must_fit_answer_and_column() -> None:
    longer = Program([("uint32", 0, 1.0, None, 1)])
    with pytest.raises(ValueError, match="answer"):
        query(read(3, 0, 1), longer)
    with pytest.raises(ValueError, match="column"):
        Asking().exchange.begin((query(read(3, 0, 2), longer),), array("d", [0.0]))
    with pytest.raises(ValueError, match="column"):
        framing.MbapReader().ask(query(read(3, 0, 2), longer), array("d", [0.0]))


def test_a_frame_that_is_none_of_modbus_tcp_cannot_be_numbered() -> None:
    short = Query(b"abc", 1, read(3, 0, 1))
    with pytest.raises(ValueError, match="short"):
        framing.MbapReader().ask(short)


@pytest.mark.parametrize("reader", [framing.RtuReader, framing.AsciiReader])
def test_a_request_that_is_its_own_answer_is_no_echo_until_one_came(reader: type[framing.Reader]) -> None:
    encode = framing.rtu_request if reader is framing.RtuReader else framing.ascii_request
    written = write_register(5, 9)
    asked = read(3, 0, 1)
    hears = reader()
    frame = hears.ask(Query(encode(1, written.pdu), 1, written))
    assert hears.feed(frame) == framing.ANSWER
    frame = hears.ask(Query(encode(1, asked.pdu), 1, asked))
    assert hears.feed(frame + encode(1, bytes((3, 2, 0, 7)))) == framing.ANSWER
    frame = hears.ask(Query(encode(1, written.pdu), 1, written))
    assert hears.feed(frame) == framing.WAITING
    assert hears.feed(frame) == framing.ANSWER
