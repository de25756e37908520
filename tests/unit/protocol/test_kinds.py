"""The kinds of data, and their requests and answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.protocol.kinds import KINDS, Span, cells, read_request, write_request
from mbmd.protocol.pdu import Request, read, write_coils, write_registers


def test_the_kinds_are_those_of_the_specification() -> None:
    assert {name: (kind.read, kind.write_one, kind.write_many) for name, kind in KINDS.items()} == {
        "holding": (3, 6, 16),
        "input": (4, 0, 0),
        "coil": (1, 5, 15),
        "discrete": (2, 0, 0),
    }
    assert [(kind.is_bits, kind.most_read) for kind in KINDS.values()] == [(False, 125)] * 2 + [(True, 2000)] * 2
    assert (KINDS["holding"].most_written, KINDS["coil"].most_written) == (123, 1968)


def test_a_span_in_words() -> None:
    assert str(Span(KINDS["coil"], 7, 1)) == "coil 7"
    assert str(Span(KINDS["input"], 100, 4)) == "input registers 100 to 103"


@pytest.mark.parametrize(("name", "function"), [("holding", 3), ("input", 4), ("coil", 1), ("discrete", 2)])
def test_reads(name: str, function: int) -> None:
    assert read_request(Span(KINDS[name], 5, 3)) == read(function, 5, 3)


@given(st.lists(st.integers(0, 1), min_size=1, max_size=100))
def test_bits_of_an_answer_are_those_that_a_write_packs(bits: list[int]) -> None:
    packed = write_request(15, 9, bits).pdu[6:]
    assert cells(Span(KINDS["coil"], 9, len(bits)), packed) == bits


@given(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=123))
def test_words_of_an_answer_are_those_that_a_write_packs(words: list[int]) -> None:
    packed = write_request(16, 9, words).pdu[6:]
    assert cells(Span(KINDS["input"], 9, len(words)), packed) == words


def test_writes_by_each_function() -> None:
    # The examples of MODBUS Application Protocol V1.1b3, sections 6.5 and 6.6.
    assert write_request(5, 172, [1]) == Request(bytes.fromhex("0500acff00"), bytes.fromhex("0500acff00"), 0)
    assert write_request(5, 172, [0]).pdu == bytes.fromhex("0500ac0000")
    assert write_request(6, 1, [3]) == Request(bytes.fromhex("0600010003"), bytes.fromhex("0600010003"), 0)
    assert write_request(15, 19, [1, 0]) == write_coils(19, [True, False])
    assert write_request(16, 19, [1, 2]) == write_registers(19, [1, 2])
    assert [write_request(code, 1, [1]).is_its_own_answer for code in (5, 6, 15, 16)] == [True, True, False, False]


@pytest.mark.parametrize(("function", "size"), [(5, 2), (6, 0), (3, 1), (0, 1)])
def test_writes_that_no_function_does_are_errors_of_the_program(function: int, size: int) -> None:
    with pytest.raises(ValueError, match=f"^cannot write {size} cells with function {function}$"):
        write_request(function, 0, [0] * size)


def test_a_single_write_beyond_the_last_address_is_an_error_of_the_program() -> None:
    with pytest.raises(ValueError, match=r"^cannot write at 65536$"):
        write_request(6, 0x10000, [0])
