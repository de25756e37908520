"""The sun of simulated inverters, and counters of powers that change their sign."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.simulator.sun import ROOFS, SUNRISE, SUNSET, Balance, Curve, Day, Panels, daily_wave

DAY = Day(1000.0, 0.0)
PANELS = [Panels(DAY, 4000, *roof) for roof in ROOFS.values()]


def area(function: Callable[[float], float], start: float, end: float, pieces: int = 4000) -> float:
    """The integral by the rule of the midpoint, which knows nothing of cosines."""
    width = (end - start) / pieces
    return width * sum(function(start + (n + 0.5) * width) for n in range(pieces))


@pytest.mark.parametrize("panels", PANELS)
def test_panels_bring_power_between_rise_and_fall_alone(panels: Panels) -> None:
    powers = {part: panels.at(part * DAY.length) for part in (n / 200 for n in range(200))}
    assert all((power > 0) is (panels.rise < part < panels.fall) for part, power in powers.items())
    assert 0.6 * panels.peak < max(powers.values()) <= panels.peak
    assert panels.at(0.3 * DAY.length) == pytest.approx(panels.at(3.3 * DAY.length))


def test_the_sun_is_up_when_some_panels_have_it() -> None:
    for time in range(1000):
        assert DAY.is_light(time) is any(panels.at(time) > 0 for panels in PANELS)
    assert (min(p.rise for p in PANELS), max(p.fall for p in PANELS)) == (SUNRISE, SUNSET)


@pytest.mark.parametrize("panels", PANELS)
@given(start=st.floats(0, 5000), length=st.floats(0, 3000))
def test_the_energy_of_panels_is_the_area_under_their_power(panels: Panels, start: float, length: float) -> None:
    energy = panels.integral(start + length) - panels.integral(start)
    expected = area(panels.at, start, start + length, 600)
    assert energy == pytest.approx(expected, rel=5e-3, abs=50)


def test_a_wave_of_the_day_is_the_same_every_day() -> None:
    wave = daily_wave(DAY, 500, 200, "seed")
    values = [wave.at(time) for time in range(1000)]
    assert values == pytest.approx([wave.at(time + 7000) for time in range(1000)])
    assert 300 <= min(values) < 400 < 600 < max(values) <= 700


def test_counters_of_a_power_of_both_signs_are_the_areas_above_and_below() -> None:
    wave = daily_wave(DAY, 40, 200, "seed")
    balance = Balance(Curve(wave.at, wave.integral), DAY)
    for start, end in ((0, 333), (100, 1000), (250, 2750), (999, 1001)):
        before, after = balance.after(start), balance.after(end)
        assert after[0] - before[0] == pytest.approx(area(lambda time: max(wave.at(time), 0), start, end), abs=5)
        assert after[1] - before[1] == pytest.approx(area(lambda time: max(-wave.at(time), 0), start, end), abs=5)


@given(st.floats(0, 1e6))
def test_what_comes_in_less_what_goes_out_is_the_integral(time: float) -> None:
    above, below = _BALANCE.after(time)
    assert above - below == pytest.approx(_WAVE.integral(time), rel=1e-9, abs=1e-3)


_WAVE = daily_wave(DAY, 40, 200, "other")
_BALANCE = Balance(Curve(_WAVE.at, _WAVE.integral), DAY)


@pytest.mark.parametrize("mean", [500.0, -500.0, 0.0])
def test_a_power_that_never_changes_its_sign_moves_one_counter(mean: float) -> None:
    balance = Balance(Curve(lambda _: mean, lambda time: mean * time), DAY)
    assert balance.after(2500) == (max(mean, 0) * 2500, max(-mean, 0) * 2500)
