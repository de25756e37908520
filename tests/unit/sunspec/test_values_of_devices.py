"""What becomes of the registers of SunSpec devices: images with the values of the original, and the oracle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.sunspec.chain import MOST_MODELS
from mbmd.sunspec.device_type import has_signed_counters
from mbmd.sunspec.measured import MEASURED
from tests import sunspec_reference as oracle
from tests.sunspec_memory import Answers, Part, image, made_up, polled, walked

if TYPE_CHECKING:
    from fractions import Fraction

EXPECTED = sorted(path.stem.removeprefix("expected_") for path in oracle.CASES.glob("expected_*.json"))
LAST_OF_TRUNCATED = {
    "ApparentPower": 2850.0,
    "ApparentPowerL1": 950.0,
    "ApparentPowerL2": 935.0,
    "ApparentPowerL3": 965.0,
    "Current": -12.3,
    "CurrentL1": -4.1,
    "CurrentL2": -4.0,
    "CurrentL3": -4.2,
    "Frequency": 50.01,
    "Power": -2841.0,
    "PowerL1": -947.0,
    "PowerL2": -930.0,
    "PowerL3": -964.0,
    "Voltage": 231.0,
    "VoltageL1": 230.9,
    "VoltageL2": 231.8,
    "VoltageL3": 230.3,
}
"""What can be read of the meter that ends in the middle of its model."""


def of_image(name: str, unit: int, device: int) -> dict[str, float]:
    answers = Answers(image(name)[unit])
    chain = walked(answers)
    assert chain is not None
    return polled(answers, chain, device)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_image_has_the_values_of_the_original(name: str) -> None:
    """But for DCEnergyS4, which the original forgets to divide."""
    for id_, values in json.loads((oracle.CASES / f"expected_{name}.json").read_bytes())["last"].items():
        _, unit, *device = id_.split(".")
        if "DCEnergyS4" in values:
            values["DCEnergyS4"] /= 1000
        assert of_image(name.split("_")[0], int(unit), int(*device)) == values


def test_of_a_meter_that_ends_in_the_middle_of_its_model_all_is_used_that_can_be_read() -> None:
    assert of_image("truncated", 126, 1) == LAST_OF_TRUNCATED


@pytest.mark.parametrize("name", sorted(path.stem.removeprefix("image_") for path in oracle.CASES.glob("image_*")))
def test_each_image_has_the_values_of_the_oracle(name: str) -> None:
    for memory in image(name).values():
        check(memory, (40000, 0, 50000))


parts = st.builds(
    Part,
    id=st.sampled_from([1, *MEASURED, 120, 64999, 302]),
    groups=st.integers(0, 6),
    counted=st.sampled_from([0, 1, 2, 3, 4, 5, 6, 9, 0xFFFE, 0xFFFF]),
    excess=st.sampled_from([0, 0, 0, -1, 1, -3, 7, 19, -20, -60, 40]),
)


@given(
    models=st.lists(parts, max_size=9),
    base=st.sampled_from([0, 40000, 50000, 65000]),
    end=st.sampled_from([(0xFFFF, 0), (), (0, 50), (103, 0), (0xFFFF, 0xFFFF)]),
    cut=st.sampled_from([0, 0, 1, 2, 30, 200]),
    seed=st.integers(0, 2**32),
    signed=st.booleans(),
)
def test_whatever_a_device_is_made_of_has_the_values_of_the_oracle(
    models: list[Part], base: int, end: tuple[int, ...], cut: int, seed: int, signed: bool
) -> None:
    memory = made_up(models, base, end, cut, seed)
    check(memory, (base, 0), signed)


def check(memory: dict[int, int], bases: tuple[int, ...], signed: bool = False) -> None:
    """Models, texts and values are those of the oracle, no more and no fewer, in as many reads as there may be."""
    answers = Answers(memory)
    chain = walked(answers, bases)
    devices = oracle.devices(memory, bases)
    if chain is None or not chain.models:
        assert devices == []
        return
    assert len(devices) == len(chain.commons)
    assert len(chain.models) <= MOST_MODELS
    for number, device in enumerate(devices):
        common = chain.commons[number]
        assert [(model.id, model.address, model.length) for model in chain.of(number)] == device.models
        assert [common.manufacturer, common.model, common.options, common.version, common.serial] == device.texts
        may_be_negative = has_signed_counters("KOSTAL" if signed else "", common.manufacturer)
        compare(polled(answers, chain, number, may_be_negative), oracle.measured(memory, device, signed))
    assert max(size for _, size in answers.asks) <= 125


def compare(found: dict[str, float], expected: dict[str, Fraction]) -> None:
    """The nearest double, but where the number in the registers is too long for one."""
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == float(value) or found[name] == pytest.approx(float(value), rel=4e-16, abs=0), name
