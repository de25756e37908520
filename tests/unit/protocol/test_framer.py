"""The three framings behind one face."""

from dataclasses import replace

import pytest

from mbmd._native import framing
from mbmd.config.adapter import Framing
from mbmd.errors import FrameError, LinkError, MbmdError, ModbusException
from mbmd.protocol.framer import ANSWER, DAMAGED, LOST_SYNC, WAITING, Framer, make_framer
from mbmd.protocol.pdu import read, write_register
from tests.scripted import Asked, unwrap, wrap

REQUEST = read(3, 107, 3)


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
    ("code", "silence", "replan", "time"),
    [
        (1, False, True, False),
        (2, False, True, False),
        (3, False, True, False),
        (4, False, False, False),
        (5, False, False, True),
        (6, False, False, True),
        (10, True, False, False),
        (11, True, False, False),
        (99, False, False, False),
    ],
)
def test_an_exception(kind: Framing, code: int, silence: bool, replan: bool, time: bool) -> None:
    framer = make_framer(kind)
    error = framer.error(framer.feed(ask(framer, kind).frame(bytes((0x83, code)))))
    assert isinstance(error, ModbusException)
    assert (error.code, error.means_silence, error.asks_for_other_plan) == (code, silence, replan)
    assert error.asks_for_time is time
    assert error.kind == f"exception {code}"
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
    assert error.kind == "damaged"
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
    error = framer.error(code)
    assert isinstance(error, FrameError)
    assert (str(error), error.kind) == ("the answer does not belong to the request", "foreign")


@pytest.mark.parametrize("offset", [0, 1, 0xFFFF])
def test_without_transaction_ids_an_answer_needs_only_to_fit(offset: int) -> None:
    framer = make_framer(Framing.MBAP, transaction_ids=False)
    asked = ask(framer, Framing.MBAP)
    number = asked.transaction + offset & 0xFFFF
    assert framer.feed(replace(asked, transaction=number, unit=18).good()) == WAITING
    assert framer.feed(replace(asked, transaction=number).good()) == ANSWER
    assert framer.reader.payload == asked.words()
    assert not framer.identifies_answers


def test_with_transaction_ids_a_likely_answer_under_another_is_counted_and_not_taken() -> None:
    framer = make_framer(Framing.MBAP)
    asked = ask(framer, Framing.MBAP)
    assert framer.feed(replace(asked, transaction=asked.transaction + 1).good()) == WAITING
    assert framer.reader.unnumbered == 1
    assert framer.feed(asked.good()) == ANSWER


@pytest.mark.parametrize("kind", [Framing.RTU, Framing.ASCII])
def test_what_a_serial_adapter_sends_back_is_not_the_answer(kind: Framing) -> None:
    framer = make_framer(kind)
    asked = ask(framer, kind)
    assert framer.feed(asked.request()) == WAITING
    assert framer.reader.echoes == 1
    assert framer.feed(asked.good()) == ANSWER


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


WRITE = write_register(1, 3)


@pytest.mark.parametrize("kind", [Framing.RTU, Framing.ASCII])
@pytest.mark.parametrize("echoing", [False, True])
def test_an_answer_that_is_its_request_is_told_from_an_echo_by_what_the_line_did_before(
    kind: Framing, echoing: bool
) -> None:
    framer = make_framer(kind)
    asked = ask(framer, kind)
    assert framer.feed((asked.request() if echoing else b"") + asked.good()) == ANSWER
    for _ in range(2):
        frame = framer.request(17, WRITE)
        assert framer.feed(frame) == (WAITING if echoing else ANSWER)
        if echoing:
            assert framer.feed(frame) == ANSWER
    framer.request(17, WRITE)
    if echoing:
        framer.feed(frame)
    assert framer.feed(wrap(kind, 17, bytes((0x86, 2)))) == framing.EXCEPTION


def test_of_an_answer_that_is_its_request_modbus_tcp_has_no_doubt() -> None:
    framer = make_framer(Framing.MBAP)
    assert framer.feed(framer.request(17, WRITE)) == ANSWER
