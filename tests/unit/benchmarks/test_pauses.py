"""What meters note of how regularly they are asked, and what they answer."""

import struct

import pytest

from benchmarks.play.player import Pauses, answer_to


@pytest.mark.parametrize(
    ("pauses", "missed"),
    [
        ([], 0),
        ([1.0, 1.01, 0.3], 0),
        ([1.49], 0),
        ([2.0], 1),
        ([1.0, 2.1, 4.9], 5),
    ],
)
def test_a_pause_misses_the_rounds_that_would_have_been_in_it(pauses: list[float], missed: int) -> None:
    noted = Pauses()
    for pause in pauses:
        noted.note(pause)
    assert noted.missed == missed
    assert noted.longest == max(pauses, default=0.0)


@pytest.mark.parametrize("count", [1, 2, 80, 125])
def test_an_answer_has_the_clock_in_each_pair_of_registers(count: int) -> None:
    answer = answer_to(struct.pack(">BBHH", 7, 4, 342, count), 12_345.5)
    assert answer[:5] == struct.pack(">HBBB", 3 + 2 * count, 7, 4, 2 * count)
    assert len(answer) == 5 + 2 * count
    for place in range(0, count - 1, 2):
        assert struct.unpack(">f", answer[5 + 2 * place :][:4]) == (345.5,)
