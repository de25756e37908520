"""The logical devices of a SunSpec unit."""

import pytest

from mbmd.scan.subdevices import Subdevice, subdevices, type_name
from mbmd.sunspec.chain import Chain, End, Placement
from mbmd.sunspec.common import Common
from tests.unit.scan.inverters import INVERTER, METER, chain


def test_each_has_its_models() -> None:
    one, two = subdevices(chain(INVERTER, METER, models=(203, 64001)))
    assert one == (0, INVERTER, (1, 203, 64001))
    assert two == (1, METER, (1, 203, 64001))


def test_the_marker_alone_is_one_without_models() -> None:
    (only,) = subdevices(Chain(0, (), (), End.ZERO))
    assert (only.number, only.common, only.models) == (0, Common(), ())
    assert not only.is_measured
    assert not only.has_common


def test_model_1_may_be_missing() -> None:
    (only,) = subdevices(Chain(0, (Placement(103, 2, 50, 0),), (Common(),), End.MARK))
    assert not only.has_common
    assert only.is_measured


@pytest.mark.parametrize(("model", "measured"), [(103, True), (203, True), (802, True), (120, False), (64001, False)])
def test_only_some_models_are_measured(model: int, measured: bool) -> None:
    assert Subdevice(0, INVERTER, (1, model)).is_measured is measured


def test_the_type_is_that_of_the_first_manufacturer_named() -> None:
    assert type_name(chain(Common(), Common("KOSTAL"), Common("SMA"))) == "KOSTAL"
    assert type_name(chain(Common("ACME"), Common("SMA"))) == "SUNSPEC"
    assert type_name(chain(Common())) == "SUNSPEC"
    assert type_name(Chain(0, (), (), End.ZERO)) == "SUNSPEC"
