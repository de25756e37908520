"""The three framings behind one face."""

import pytest

from mbmd._native import framing
from mbmd.config.adapter import Framing
from mbmd.errors import FrameError, LinkError, MbmdError, ModbusException
from mbmd.protocol.framer import ANSWER, DAMAGED, LOST_SYNC, WAITING, Framer, make_framer
from mbmd.protocol.pdu import read_registers
from tests.scripted import Asked, unwrap, wrap

REQUEST = read_registers(3, 107, 3)


def ask(framer: Framer, kind: Framing, unit: int = 17) -> Asked:
    return unwrap(kind, framer.request(unit, REQUEST), 0.0)


@pytest.mark.parametrize("kind", Framing)
def test_a_request_and_its_answer(kind: Framing) -> None:
    framer = make_framer(kind)
    asked = ask(framer, kind)
    assert (asked.unit, asked.function, asked.place) == (17, 3, (107, 3))
    assert framer.feed(asked.good()) == ANSWER
    assert framer.reader.payload == asked.words()


@pytest.mark.parametrize("kind", Framing)
def test_an_answer_of_bytes(kind: Framing) -> None:
    framer = make_framer(kind)
    frame = ask(framer, kind).good()
    codes = [framer.feed(bytes((byte,))) for byte in frame]
    assert codes[-1] == ANSWER
    assert set(codes[:-1]) == {WAITING}


@pytest.mark.parametrize("kind", Framing)
@pytest.mark.parametrize(
    ("code", "silence", "replan"),
    [
        (1, False, False),
        (2, False, True),
        (3, False, True),
        (4, False, False),
        (6, False, False),
        (10, True, False),
        (11, True, False),
        (99, False, False),
    ],
)
def test_an_exception(kind: Framing, code: int, silence: bool, replan: bool) -> None:
    framer = make_framer(kind)
    error = framer.error(framer.feed(ask(framer, kind).frame(bytes((0x83, code)))))
    assert isinstance(error, ModbusException)
    assert (error.code, error.means_silence, error.asks_for_other_plan) == (code, silence, replan)
    assert str(error).startswith(f"exception {code} (")


@pytest.mark.parametrize("kind", [Framing.RTU, Framing.ASCII])
def test_a_damaged_answer_is_told_and_a_good_one_still_taken(kind: Framing) -> None:
    framer = make_framer(kind)
    good = ask(framer, kind).good()
    bad = bytearray(good)
    bad[-4] ^= 1
    assert framer.feed(bytes(bad)) == DAMAGED
    error = framer.error(DAMAGED)
    assert isinstance(error, FrameError)
    assert error.means_silence
    assert framer.feed(good) == ANSWER


def test_what_is_not_modbus_tcp_ends_the_connection() -> None:
    framer = make_framer(Framing.MBAP)
    ask(framer, Framing.MBAP)
    assert framer.feed(b"SSH-2.0-OpenSSH\r\n") == LOST_SYNC
    error: MbmdError = framer.error(LOST_SYNC)
    assert isinstance(error, LinkError)
    framer.discard()
    assert framer.feed(ask(framer, Framing.MBAP).good()) == ANSWER


def test_the_answer_to_another_question_is_an_error_on_modbus_tcp() -> None:
    framer = make_framer(Framing.MBAP)
    asked = ask(framer, Framing.MBAP)
    code = framer.feed(wrap(Framing.MBAP, 17, b"\x03\x02\x00\x01", asked.transaction))
    assert code == framing.MISMATCH
    assert str(framer.error(code)) == "the answer does not belong to the request"


def test_transaction_ids_count_and_wrap() -> None:
    framer = make_framer(Framing.MBAP)
    seen = [ask(framer, Framing.MBAP).transaction for _ in range(0x10001)]
    assert len(set(seen[:0x10000])) == 0x10000
    assert seen[0x10000] == seen[0]


def test_only_modbus_tcp_says_whose_answer_it_is() -> None:
    assert [make_framer(kind).identifies_answers for kind in (Framing.RTU, Framing.ASCII, Framing.MBAP)] == [0, 0, 1]


@pytest.mark.parametrize("kind", [Framing.RTU, Framing.ASCII])
def test_characters_of_an_answer(kind: Framing) -> None:
    framer = make_framer(kind)
    assert framer.answer_characters(REQUEST) == len(ask(framer, kind).good())


def test_a_network_takes_no_time_by_length() -> None:
    assert make_framer(Framing.MBAP).answer_characters(REQUEST) == 0


@pytest.mark.parametrize("kind", Framing)
def test_what_was_discarded_is_not_answered(kind: Framing) -> None:
    framer = make_framer(kind)
    first = ask(framer, kind)
    framer.feed(first.good()[:5])
    framer.discard()
    assert framer.feed(ask(framer, kind).good()) == ANSWER
