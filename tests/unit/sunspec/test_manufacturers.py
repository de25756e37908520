"""The type that a manufacturer's devices are given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.devices.registry import SUNSPEC
from mbmd.sunspec.manufacturers import type_of


@pytest.mark.parametrize(
    ("manufacturer", "name"),
    [
        ("Fronius", "FRONIUS"),
        ("FRONIUS International GmbH", "FRONIUS"),
        ("KACO new energy", "KACO"),
        ("KOSTAL", "KOSTAL"),
        (" Kostal Solar Electric", "KOSTAL"),
        ("SMA", "SMA"),
        ("SMA-Solar Technology AG", "SMA"),
        ("SolarEdge ", "SE"),
        ("Steca Elektronik GmbH", "STECA"),
        ("StecaGrid", "SUNSPEC"),
        ("Smappee", "SUNSPEC"),
        ("Small Sun", "SUNSPEC"),
        ("ACME SMA", "SUNSPEC"),
        ("4711", "SUNSPEC"),
        ("", "SUNSPEC"),
    ],
)
def test_the_first_word_counts(manufacturer: str, name: str) -> None:
    assert type_of(manufacturer) == name


@given(st.text())
def test_every_name_gives_a_type(manufacturer: str) -> None:
    assert type_of(manufacturer) in SUNSPEC
