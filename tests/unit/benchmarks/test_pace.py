from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.play.pace import LATENCY, Pace
from mbmd.config.adapter import parse_adapter
from mbmd.protocol.timing import costs

BAUDRATES = st.sampled_from((9600, 19200, 38400, 57600, 115200))


@given(BAUDRATES, st.integers(1, 125))
def test_a_read_costs_what_the_planner_takes_it_for(baudrate: int, registers: int) -> None:
    line = costs(parse_adapter("/dev/ttyS0", baudrate))
    assert Pace(baudrate).cost(registers) == pytest.approx(line.read + registers * line.register)


def test_at_9600_baud_each_character_comes_by_itself() -> None:
    assert [end for _, end in Pace(9600).pieces(7)] == [1, 2, 3, 4, 5, 6, 7]


def test_at_115200_baud_a_piece_comes_each_millisecond() -> None:
    assert [end for _, end in Pace(115200).pieces(30)] == [12, 24, 30]


@given(BAUDRATES, st.integers(1, 260))
def test_pieces_bring_all_characters_and_none_before_it_is_there(baudrate: int, characters: int) -> None:
    pace = Pace(baudrate)
    pieces = pace.pieces(characters)
    assert all(seconds == pytest.approx(end * pace.character) for seconds, end in pieces)
    assert pieces[-1][1] == characters
    whole = [seconds for seconds, _ in pieces[:-1]]
    assert all(later - earlier >= LATENCY - 1e-9 for earlier, later in pairwise(whole))


def test_the_silence_is_fixed_above_19200_baud() -> None:
    assert Pace(19200).silence == pytest.approx(3.5 * 10 / 19200)
    assert Pace(38400).silence == Pace(115200).silence == 0.00175


def test_an_answer_ends_its_characters_after_silence_and_turnaround() -> None:
    assert Pace(9600, turnaround=0.003).until_answered(9) == pytest.approx((8 + 9 + 3.5) / 960 + 0.003)
