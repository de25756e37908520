"""The house behind simulated inverters: its values agree with each other, and its counters with its powers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.simulator.house import EFFICIENCY, House, Moment
from mbmd.simulator.sun import Day

HOUSE = House("SMA:126", Day(600, 0.0))
MOMENTS = [HOUSE.at(second) for second in range(0, 1200, 5)]


def test_what_the_panels_bring_comes_out_of_the_inverter() -> None:
    for moment in MOMENTS:
        direct = sum(string.power for string in moment.strings)
        assert sum(phase.active for phase in moment.phases) == pytest.approx(EFFICIENCY * direct)
        assert moment.energy == pytest.approx(EFFICIENCY * sum(string.energy for string in moment.strings))
        assert all(string.power == pytest.approx(string.voltage * string.current) for string in moment.strings)


def test_amperes_volts_and_power_factors_make_the_power_of_each_phase() -> None:
    for moment in MOMENTS:
        for flow in (*moment.phases, *moment.grid):
            assert flow.active == pytest.approx(flow.voltage * flow.current * flow.cosphi, abs=1e-6)
            assert 225 < flow.voltage < 236


def test_the_grid_gives_what_the_house_needs_beside_the_sun() -> None:
    loads = [
        [grid.active + sun.active for grid, sun in zip(moment.grid, moment.phases, strict=True)] for moment in MOMENTS
    ]
    assert all(50 < load < 1300 for phases in loads for load in phases)
    totals = [moment.total.active for moment in MOMENTS]
    assert totals == pytest.approx([sum(flow.active for flow in moment.grid) for moment in MOMENTS])
    assert min(totals) < -2000
    assert max(totals) > 500


def test_day_and_night_take_turns_and_the_roofs_do_too() -> None:
    light = [moment.is_light for moment in MOMENTS]
    assert light == [150 < second % 600 < 450 for second in range(0, 1200, 5)]
    assert [HOUSE.is_dark(second) for second in range(0, 1200, 5)] == [not lit for lit in light]
    assert all(not string.power and not string.is_working for m in MOMENTS if not m.is_light for string in m.strings)
    east, west = ([moment.strings[side].power for moment in MOMENTS[:120]] for side in (0, 1))
    assert east.index(max(east)) < 60 < west.index(max(west))
    assert 3000 < max(map(sum, zip(east, west, strict=True))) < 8000


def test_it_begins_at_the_time_of_day_that_is_asked_for() -> None:
    late = House("SMA:126", Day(600, 0.5))
    assert [s.power for s in late.at(30).strings] == pytest.approx([s.power for s in HOUSE.at(330).strings])
    assert late.at(200).is_light is HOUSE.at(500).is_light is False


def grown(before: Moment, after: Moment) -> list[tuple[float, float]]:
    """What came in and went out between two moments, in Wh: of each phase, and of all together."""
    return [
        (new.imported - old.imported, new.exported - old.exported)
        for old, new in zip((*before.grid, before.total), (*after.grid, after.total), strict=True)
    ]


def test_counters_are_the_integral_of_the_powers_that_were_seen() -> None:
    step, pieces = 1.0, 1800
    before, after = HOUSE.at(0), HOUSE.at(step * pieces)
    seen = [HOUSE.at((n + 0.5) * step) for n in range(pieces)]
    hours = step / 3600
    for n, string in enumerate(after.strings):
        expected = hours * sum(moment.strings[n].power for moment in seen)
        assert string.energy - before.strings[n].energy == pytest.approx(expected, rel=1e-3)
    flows = [(*moment.grid, moment.total) for moment in seen]
    for n, (imported, exported) in enumerate(grown(before, after)):
        assert imported == pytest.approx(hours * sum(max(flow[n].active, 0) for flow in flows), rel=1e-2)
        assert exported == pytest.approx(hours * sum(max(-flow[n].active, 0) for flow in flows), rel=1e-2)


@given(st.floats(0, 1e5), st.floats(0, 1e4))
def test_counters_only_grow_and_those_of_the_phases_add_up(start: float, length: float) -> None:
    before, after = HOUSE.at(start), HOUSE.at(start + length)
    assert after.energy >= before.energy
    growth = grown(before, after)
    assert all(value >= -1e-6 for pair in growth for value in pair)
    *phases, total = [imported - exported for imported, exported in growth]
    assert total == pytest.approx(sum(phases), abs=1e-3)
    assert growth[-1][0] <= sum(imported for imported, _ in growth[:-1]) + 1e-3


def test_counters_of_the_sun_stand_still_at_night() -> None:
    dusk, dawn = HOUSE.at(450), HOUSE.at(750)
    assert [s.energy for s in dusk.strings] == pytest.approx([s.energy for s in dawn.strings], abs=1e-6)
    assert dusk.total.exported == pytest.approx(dawn.total.exported, abs=1e-6)
    assert dawn.total.imported > dusk.total.imported + 50


def test_the_inverter_is_warm_when_it_works() -> None:
    warmth = {lit: [m.temperature for m in MOMENTS if m.is_light is lit] for lit in (True, False)}
    assert max(warmth[False]) < 26 < 35 < max(warmth[True]) < 60


def test_every_house_is_another() -> None:
    assert House("SMA:126", Day()).at(0) == House("SMA:126", Day()).at(0)
    assert House("SMA:125", Day()).at(0) != House("SMA:126", Day()).at(0)
