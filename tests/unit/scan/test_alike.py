"""Whether two units are one device."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mbmd.devices.identify import Match, Read
from mbmd.devices.registry import BUILT_IN
from mbmd.scan.alike import are_alike, strangers
from mbmd.scan.unit import Portrait
from mbmd.sunspec.chain import Chain, End
from mbmd.sunspec.common import Common
from tests.unit.scan.inverters import INVERTER, METER, chain

if TYPE_CHECKING:
    from mbmd.devices.evidence import Answer

SDM, ABB = BUILT_IN.get("SDM"), BUILT_IN.get("ABB")
HERE = Read(4, 0, 2)


def match(kind: object = SDM, **values: float) -> Match:
    return Match((kind,), 10.0, values)  # type: ignore[arg-type]


PORTRAIT = Portrait(1, {HERE: bytes(4)}, (match(VoltageL1=230.0, Sum=1000.0),))


def test_voltages_move_and_counters_hardly_do() -> None:
    other = replace(PORTRAIT, unit=2, matches=(match(VoltageL1=225.0, Sum=1000.2),))
    assert are_alike(PORTRAIT, other)


def test_another_count_is_another_meter() -> None:
    assert not are_alike(PORTRAIT, replace(PORTRAIT, unit=2, matches=(match(Sum=1003.0),)))
    assert not are_alike(PORTRAIT, replace(PORTRAIT, unit=2, matches=(match(Sum=math.nan),)))


def test_another_type_or_another_refusal_is_another_meter() -> None:
    assert not are_alike(PORTRAIT, replace(PORTRAIT, unit=2, matches=(match(ABB, Sum=1000.0),)))
    assert not are_alike(PORTRAIT, replace(PORTRAIT, unit=2, answers={HERE: 2}))


def inverter(chain: Chain, unit: int = 1) -> Portrait:
    return Portrait(unit, {}, sunspec=chain)


def test_inverters_are_told_by_their_names() -> None:
    one = inverter(chain(INVERTER, METER))
    assert are_alike(one, replace(one, unit=2))
    for other in (replace(INVERTER, serial="2"), replace(INVERTER, model="STP 10"), Common()):
        assert not are_alike(one, inverter(chain(other, METER), 2))
    assert not are_alike(one, inverter(chain(INVERTER, replace(METER, serial="2")), 2))


def test_inverters_are_told_by_their_models() -> None:
    one = inverter(chain(INVERTER))
    assert not are_alike(one, inverter(chain(INVERTER, models=(101,)), 2))
    assert not are_alike(one, inverter(chain(INVERTER, models=(103, 160)), 2))
    assert not are_alike(one, inverter(chain(INVERTER, METER), 2))
    assert not are_alike(one, inverter(chain(INVERTER, base=0), 2))


def test_what_an_inverter_refused_on_the_way_tells_nothing() -> None:
    one = inverter(chain(INVERTER))
    assert are_alike(one, replace(one, unit=2, answers={HERE: 2}))


@pytest.mark.parametrize(("end", "alike"), [(End.SILENT, True), (End.REFUSED, False), (End.MARK, False)])
def test_where_answers_were_lost_the_beginning_counts(end: End, alike: bool) -> None:
    whole, short = inverter(chain(INVERTER, METER)), inverter(chain(INVERTER, end=end), 2)
    assert are_alike(whole, short) is are_alike(short, whole) is alike


def test_the_marker_alone_is_like_the_marker_alone() -> None:
    bare = Chain(40000, (), (), End.SILENT)
    assert are_alike(inverter(bare), inverter(bare, 2))
    assert not are_alike(inverter(bare), inverter(chain(INVERTER), 2))


def test_an_inverter_is_no_meter() -> None:
    assert not are_alike(PORTRAIT, inverter(chain(INVERTER), 2))
    assert not are_alike(inverter(chain(INVERTER)), replace(PORTRAIT, unit=2))
    assert not are_alike(inverter(chain(INVERTER)), Portrait(2))


def test_who_is_of_no_type_is_like_nobody() -> None:
    assert not are_alike(Portrait(1), Portrait(2))
    assert not are_alike(PORTRAIT, Portrait(2))


def test_strangers_that_say_the_same_are_grouped() -> None:
    said: list[Answer] = [2, bytes(4), 2, b"\0\0\0\1", bytes(4)]
    groups = strangers(Portrait(unit, {HERE: answer}) for unit, answer in enumerate(said))
    assert [[portrait.unit for portrait in group] for group in groups] == [[0, 2], [1, 4], [3]]
