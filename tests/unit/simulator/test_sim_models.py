"""SunSpec models as registers, read with this file's own eyes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.errors import MbmdError
from mbmd.simulator.models import write_model

SCALES = {"A_SF": -2, "V_SF": -1, "W_SF": 1, "WH_SF": 0}
W, WH, A, PF, ST, EVT1 = 14, 24, 2, 22, 38, 40
"""Places in model 103, from its header on."""


def test_a_model_without_values_says_so_by_type() -> None:
    words = write_model(103, {})
    assert words[:2] == [103, 50]
    assert len(words) == 52
    assert (words[A], words[W], words[PF + 1], words[ST]) == (0xFFFF, 0x8000, 0x8000, 0xFFFF)
    assert words[WH : WH + 2] == [0, 0]
    assert words[EVT1 : EVT1 + 2] == [0xFFFF, 0xFFFF]


def test_values_are_written_by_their_scale_factors() -> None:
    words = write_model(103, {**SCALES, "A": 12.34, "W": -6543.0, "WH": 70000.4, "St": 4})
    assert (words[A], words[A + 4]) == (1234, 0xFFFE)
    assert (words[W], words[W + 1]) == (0x10000 - 654, 1)
    assert words[WH : WH + 2] == [1, 70000 - 65536]
    assert words[ST] == 4


@given(st.floats(-1e9, 1e9))
def test_no_value_is_taken_for_one_that_is_not_implemented(value: float) -> None:
    words = write_model(103, {**SCALES, "A": value, "W": value})
    assert 0 <= words[A] < 0xFFFF
    assert words[W] != 0x8000
    signed = words[W] - 0x10000 if words[W] > 0x8000 else words[W]
    assert signed == round(min(max(value / 10, -0x7FFF), 0x7FFF))


def test_accumulators_roll_over() -> None:
    assert write_model(103, {**SCALES, "WH": 2**32 + 5})[WH : WH + 2] == [0, 5]


def test_texts_end_with_their_registers() -> None:
    words = write_model(1, {"Mn": "A" * 40, "Md": "ö"})
    assert words[:2] == [1, 66]
    data = b"".join(word.to_bytes(2) for word in words)
    assert data[4:36] == b"A" * 32
    assert data[36:40] == "ö".encode() + b"\0\0"
    assert words[-1] == 0x8000


def test_groups_follow_the_fixed_block_and_are_scaled_by_it() -> None:
    words = write_model(160, {"DCA_SF": -2, "DCV_SF": -1, "N": 2}, [{"ID": 1, "DCA": 1.5}, {"ID": 2, "DCV": 600}])
    assert words[:2] == [160, 48]
    assert words[8] == 2
    assert (words[10], words[19]) == (1, 150)
    assert (words[30], words[40]) == (2, 6000)


def test_a_definition_that_is_missing_is_named() -> None:
    with pytest.raises(MbmdError, match="definition of the SunSpec model 64999 is missing"):
        write_model(64999, {})
