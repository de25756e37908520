"""Requests that a late answer could be taken for."""

import pytest

from mbmd.bus.late import LateAnswers
from mbmd.protocol.pdu import read

HERE = read(3, 0, 4)
THERE = read(3, 100, 4)
LONGER = read(3, 0, 5)
INPUT = read(4, 100, 4)


def test_nothing_is_held_without_a_missed_answer() -> None:
    late = LateAnswers(1)
    assert late.hold(1, HERE, 0) == 0
    assert not late.doubtful(1, HERE, 0)


def test_a_like_request_waits_until_the_late_answer_cannot_come() -> None:
    late = LateAnswers(1)
    late.missed(1, HERE, 10)
    assert late.hold(1, THERE, 10.25) == pytest.approx(0.75)
    assert late.hold(1, THERE, 11) == 0


@pytest.mark.parametrize(("unit", "request_"), [(2, THERE), (1, LONGER), (1, INPUT)])
def test_what_the_late_answer_does_not_fit_goes_on(unit: int, request_: object) -> None:
    late = LateAnswers(1)
    late.missed(1, HERE, 10)
    assert late.hold(unit, request_, 10) == 0  # type: ignore[arg-type]


def test_the_same_request_may_take_it_and_then_another_answer_is_on_its_way() -> None:
    late = LateAnswers(1)
    late.missed(1, HERE, 10)
    assert late.hold(1, HERE, 10.5) == 0
    assert late.hold(1, THERE, 11.5) == pytest.approx(1.0)
    assert late.hold(1, THERE, 12.5) == 0


def test_asking_again_and_again_is_remembered_from_the_last() -> None:
    late = LateAnswers(1)
    for moment in (10, 11, 12):
        late.missed(1, HERE, moment)
        assert late.hold(1, HERE, moment) == 0
    assert late.hold(1, THERE, 12) == pytest.approx(2)


def test_a_late_exception_could_be_that_of_any_request_of_the_function() -> None:
    late = LateAnswers(1)
    late.missed(1, HERE, 10)
    assert late.doubtful(1, LONGER, 10.9)
    assert not late.doubtful(1, LONGER, 11.1)
    assert not late.doubtful(1, HERE, 10.9)
    assert not late.doubtful(1, INPUT, 10.9)
    assert not late.doubtful(2, LONGER, 10.9)
