"""What a logical device offers: candidates and their order, scales, signs, and what is strange about its models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mbmd.sunspec import registers
from mbmd.sunspec.chain import Chain, End, Placement
from mbmd.sunspec.common import Common
from mbmd.sunspec.definitions import Group, definition
from mbmd.sunspec.registers import borders, offer
from tests import sunspec_reference as oracle
from tests.sunspec_memory import Answers, chain_of, common, model, polled, walked

if TYPE_CHECKING:
    from collections.abc import Sequence

SMA = common("SMA")
IDS = [number for number in range(1, 0x10000) if oracle.definition(number)]


def chain(*models: Sequence[int]) -> Chain:
    found = walked(Answers(chain_of(*models)))
    assert found is not None
    return found


def values(*models: Sequence[int], signed: bool = False) -> dict[str, float]:
    answers = Answers(chain_of(*models))
    return polled(answers, chain(*models), 0, signed)


def alone(number: int, length: int, groups: int | None = None) -> Chain:
    placement = Placement(number, 40002, length, 0, groups)
    return Chain(40000, (placement,), (Common(),), End.MARK)


def notes(number: int, length: int, groups: int | None = None) -> tuple[str, ...]:
    return offer(alone(number, length, groups), 0).notes


def test_a_device_that_is_not_there_offers_nothing() -> None:
    assert offer(chain(SMA, model(103)), 1).candidates == {}
    assert offer(Chain(40000, (), (), End.MARK), 0).registers == ()


def test_a_model_that_is_not_measured_offers_nothing() -> None:
    assert offer(chain(SMA, model(120), [64999, 3, 1, 2, 3]), 0).candidates == {}


def test_addresses_are_those_of_the_device() -> None:
    """The power of model 103 is its 15th register, counted with the header, and the next its scale factor."""
    placed = offer(chain(SMA, model(103)), 0).candidates["Power"]
    assert [(r.function, r.address, r.scale and r.scale.address) for r in placed] == [(3, 40084, 40085)]


def test_of_models_that_measure_the_same_the_last_comes_first() -> None:
    """As in the original, whose last value stays."""
    found = offer(chain(SMA, model(101), model(103), model(113)), 0).candidates["Power"]
    assert [r.address for r in found] == [40070 + 52 + 52 + 22, 40070 + 52 + 14, 40070 + 14]
    both = (model(103, W=100, W_SF=0), model(113, W=0x43480000))
    assert values(SMA, *both)["Power"] == 200.0
    assert values(SMA, *both[::-1])["Power"] == 100.0


def test_where_the_last_has_no_value_the_one_before_has() -> None:
    assert values(SMA, model(103, W=100, W_SF=0), model(113, VA=0x43480000)) == {"Power": 100.0, "ApparentPower": 200.0}


@pytest.mark.parametrize("turned", [False, True])
def test_a_newer_model_only_fills_in_what_an_older_one_has_no_value_for(turned: bool) -> None:
    models = [model(103, W=100, W_SF=0), model(701, W=200, W_SF=0, Var=5, Var_SF=0, LNV=2300, V_SF=-1)]
    assert values(SMA, *models[:: -1 if turned else 1]) == {"Power": 100.0, "ReactivePower": 5.0}


def test_a_newer_model_alone_has_all_its_values() -> None:
    found = values(
        SMA, model(701, W=200, W_SF=0, LNV=2300, V_SF=-1, TotWhInj=12345, TotWh_SF=1, VL1=2290, AL1=3, A_SF=0)
    )
    assert found == {"Power": 200.0, "Voltage": 230.0, "Export": 123.45, "VoltageL1": 229.0, "CurrentL1": 3.0}


def test_what_a_generator_takes_in_is_import_and_negative_power() -> None:
    found = values(SMA, model(701, W=-200, W_SF=0, TotWhAbs=1000, TotWh_SF=0))
    assert found == {"Power": -200.0, "Import": 1.0}


def test_batteries() -> None:
    storage, battery = model(124, ChaState=655, ChaState_SF=-1), model(802, SoC=70, SoC_SF=0, V=512, V_SF=-1)
    capacity = model(713, SoC=80, Pct_SF=0)
    assert values(SMA, storage) == {"ChargeState": 65.5}
    assert values(SMA, capacity) == {"ChargeState": 80.0}
    assert values(SMA, capacity, battery) == {"ChargeState": 70.0, "BatteryVoltage": 51.2}
    assert values(SMA, storage, capacity, battery) == {"ChargeState": 65.5, "BatteryVoltage": 51.2}
    assert values(SMA, model(124), capacity) == {"ChargeState": 80.0}


def test_all_newer_models_side_by_side() -> None:
    found = values(
        SMA,
        model(701, W=200, W_SF=0),
        model(713, SoC=80, Pct_SF=0),
        model(714, DCA=31, DCA_SF=-1, NPrt=0),
        model(802, V=512, V_SF=-1),
    )
    assert found == {"Power": 200.0, "ChargeState": 80.0, "DCCurrent": 3.1, "BatteryVoltage": 51.2}


def test_an_accumulator_of_0_is_0_and_one_of_all_ones_is_not_implemented() -> None:
    assert values(SMA, model(103, WH=0, WH_SF=0)) == {"Export": 0.0}
    assert values(SMA, model(103, WH=0xFFFFFFFF, WH_SF=0)) == {}
    assert values(SMA, model(103, WH=0xFFFFFFFE, WH_SF=0)) == {"Export": 4294967.294}


def test_a_value_without_its_scale_factor_is_none() -> None:
    assert values(SMA, model(103, W=100)) == {}
    assert values(SMA, model(103, W=100, W_SF=11)) == {}
    assert values(SMA, model(103, W=100, W_SF=10)) == {"Power": 1e12}
    assert values(SMA, model(103, length=13, W=100, W_SF=0)) == {}
    assert values(SMA, model(103, length=14, W=100, W_SF=0)) == {"Power": 100.0}


def test_a_power_factor_stays_in_percent() -> None:
    assert values(SMA, model(103, PF=-9971, PF_SF=-2)) == {"Cosphi": -99.71}


def test_accumulators_may_be_negative() -> None:
    energy = model(103, WH=0x1_0000_0000 - 1500, WH_SF=0)
    assert values(SMA, energy, signed=True) == {"Export": -1.5}
    assert values(SMA, energy) == {"Export": 4294965.796}
    assert values(SMA, model(103, WH=0xFFFFFFFF, WH_SF=0), signed=True) == {}


@pytest.mark.parametrize("number", [103, 113, 204, 214, 701])
def test_other_numbers_than_accumulators_are_as_they_are_where_these_may_be_negative(number: int) -> None:
    models = alone(number, 155)
    signed, other = (offer(models, 0, may_be_negative).registers for may_be_negative in (True, False))
    differ = {two.measurement for one, two in zip(signed, other, strict=True) if one != two}
    assert differ == {r.measurement for r in other if r.type == "uint32" and r.divisor == 1000}


@pytest.mark.parametrize(("point", "number", "divisor"), [("TmpAmb", 307, 10.0), ("RH", 307, 1.0)])
def test_a_power_that_is_always_the_same_is_in_the_divisor(
    monkeypatch: pytest.MonkeyPatch, point: str, number: int, divisor: float
) -> None:
    monkeypatch.setattr(registers, "MEASURED", {number: {point: "HeatSinkTemp"}})
    (found,) = offer(alone(number, 11), 0).registers
    assert (found.divisor, found.scale) == (divisor, None)


def test_a_power_above_0_that_is_always_the_same_multiplies(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the third from last number of the test model 63001 has it, here of an energy."""
    monkeypatch.setattr(registers, "MEASURED", {63001: {"uint32_4": "Export"}})
    (found,) = offer(alone(63001, 200), 0).registers
    assert (found.divisor, found.scale) == (100.0, None)


def test_models_begin_and_end_at_their_borders() -> None:
    assert borders(chain(SMA, model(103), model(203))) == (40002, 40070, 40122, 40229)


def registers_in(group: Group) -> int:
    """Registers of a group with all groups in it once."""
    return group.size + sum(registers_in(inner) for inner in group.groups if inner.count == 1)


@pytest.mark.parametrize("number", IDS)
def test_a_model_of_its_length_is_not_strange(number: int) -> None:
    known = definition(number)
    assert known is not None
    repeated = [group for group in known.group.groups if group.count != 1]
    for groups in (0, 1, 5):
        length = registers_in(known.group) - 2 + groups * sum(group.size for group in repeated)
        assert notes(number, length, groups if number in (160, 714) else None) == ()


@pytest.mark.parametrize("number", IDS)
def test_a_model_that_is_too_short_is_strange(number: int) -> None:
    known = definition(number)
    assert known is not None
    length = registers_in(known.group) - 2
    short = 2 if number == 1 else 1
    if length > short:
        (note,) = notes(number, length - short)
        assert note == (
            f"model {number} at 40002 has {length - short} registers in place of {length}: "
            "what is there is used as announced"
        )


@pytest.mark.parametrize("length", [51, 60, 100])
def test_a_model_that_is_too_long_is_strange(length: int) -> None:
    (note,) = notes(103, length)
    assert f"has {length} registers in place of 50" in note


def test_model_1_may_have_65_registers() -> None:
    assert notes(1, 66) == notes(1, 65) == ()
    assert "model 1 at 40002 has 67 registers in place of 66" in notes(1, 67)[0]
    assert "model 1 at 40002 has 64 registers in place of 66" in notes(1, 64)[0]


def test_models_that_are_unknown_are_not_strange() -> None:
    assert notes(64999, 7) == ()


@pytest.mark.parametrize(
    ("number", "length", "groups", "expected"),
    [
        (160, 48, 3, 68),
        (160, 48, 1, 28),
        (160, 49, 2, 48),
        (160, 47, 2, 48),
        (160, 49, None, 48),
        (160, 27, None, 8),
        (160, 7, 2, 8),
        (714, 68, 1, 43),
        (714, 68, 0, 18),
        (714, 68, 3, 93),
    ],
)
def test_groups_that_are_not_those_that_it_says_are_strange(
    number: int, length: int, groups: int | None, expected: int
) -> None:
    (note,) = notes(number, length, groups)
    assert f"has {length} registers in place of {expected}:" in note


@pytest.mark.parametrize("groups", [0, None])
def test_modules_that_are_not_counted_are_not_strange(groups: int | None) -> None:
    assert notes(160, 48, groups) == ()


def test_what_is_strange_is_said_of_the_device_that_has_it() -> None:
    found = chain(SMA, model(103, length=52), SMA, model(203))
    assert len(offer(found, 0).notes) == 1
    assert offer(found, 1).notes == ()
