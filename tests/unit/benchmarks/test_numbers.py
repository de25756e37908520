"""Numbers as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.numbers import percent, readable


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0, "0"),
        (1, "1.00"),
        (3.14159, "3.14"),
        (9.999, "10.0"),
        (99.96, "100"),
        (999.6, "1,000"),
        (52134, "52,100"),
        (1234567, "1,230,000"),
        (0.002714, "0.00271"),
        (-12.345, "-12.3"),
        (float("inf"), "inf"),
    ],
)
def test_three_digits_count(value: float, text: str) -> None:
    assert readable(value) == text


@given(st.floats(1e-12, 1e15))
def test_what_is_read_is_near_what_was_measured(value: float) -> None:
    assert float(readable(value).replace(",", "")) == pytest.approx(value, rel=0.0051)


def test_a_change_has_its_sign() -> None:
    assert [percent(0.123), percent(-0.05), percent(0.0)] == ["+12.3 %", "-5.0 %", "+0.0 %"]
