"""Polling SunSpec units that sleep, wake as others, and change while they are polled."""

import pytest

from tests import virtual_time
from tests.sunspec_images import Registers, chain, common, filled, model
from tests.sunspec_run import Run, is_right, polling, site_of, values
from tests.sunspec_site import Site, Unit
from tests.sunspec_truth import truth
from tests.virtual_time import now

BOTH = ("SMA:126", "SMA:126.1")
IDS = ("SMA1.126", "SMA1.126.1")
HOUR = 3600.0
SLOW = 20.0
"""A rate at which hours pass quickly."""
SMALL = chain(common(), filled(103, 5), common(2), filled(203, 11))


def are_right(polled: Run, registers: Registers) -> bool:
    return all(is_right(polled[name], registers, device) for device, name in enumerate(IDS))


@pytest.mark.parametrize("name", ["main", "base0", "base50000"])
def test_a_unit_that_sleeps_at_the_start_is_found_when_it_wakes(name: str) -> None:
    async def run() -> None:
        site = site_of(name)
        site.units[126].is_asleep = True
        async with polling(site, *BOTH) as polled:
            await polled.wait(3 * HOUR)
            assert polled["SMA1.126"].offered == ()
            site.units[126].is_asleep = False
            woken = now()
            await polled.until(lambda: all(polled[name].online for name in IDS))
            assert now() - woken <= 3 * 61
            await polled.wait(5)
            assert are_right(polled, site.units[126].registers)

    virtual_time.run(run())


def test_a_unit_that_comes_back_with_another_chain_is_walked_anew() -> None:
    async def run() -> None:
        site = site_of("main")
        unit = site.units[126]
        async with polling(site, *BOTH) as polled:
            await polled.online(*IDS)
            unit.is_asleep = True
            await polled.until(lambda: not any(polled[name].online for name in IDS))
            assert values(polled["SMA1.126"]) == {}
            other = chain(common(5), filled(160, 3, groups=2), filled(101, 4), common(6), filled(201, 9), base=50000)
            unit.load(other)
            await polled.wait(8 * HOUR)
            unit.is_asleep = False
            await polled.online(*IDS, seconds=3 * 61)
            assert are_right(polled, other)
            assert polled["SMA1.126"].descriptor.serial == "SN0005"
            assert {m.name for m in polled["SMA1.126.1"].offered} == truth(other, 1).keys()

    virtual_time.run(run())


def test_a_unit_that_comes_back_with_another_chain_is_not_taken_for_the_old_one_when_its_walk_is_cut() -> None:
    async def run() -> None:
        site = Site({126: Unit(SMALL)})
        unit = site.units[126]
        async with polling(site, *BOTH) as polled:
            await polled.online(*IDS)
            unit.is_asleep = True
            await polled.until(lambda: not any(polled[name].online for name in IDS))
            other = chain(common(), filled(113, 3), common(2), filled(213, 4))
            unit.load(other)
            unit.is_asleep = False
            site.faults = iter([0.0, 0.0, 0.0, None, None, None])
            await polled.wait(130)
            assert are_right(polled, other)

    virtual_time.run(run())


def test_a_walk_that_is_cut_in_the_morning_takes_nothing_away_that_a_device_has_told_of() -> None:
    async def run() -> None:
        site = Site({126: Unit(SMALL)})
        unit = site.units[126]
        async with polling(site, *BOTH) as polled:
            await polled.online(*IDS)
            before = [(polled[name].offered, polled[name].descriptor) for name in IDS]
            unit.is_asleep = True
            await polled.until(lambda: not any(polled[name].online for name in IDS))
            site.faults = iter([0.0] * 4 + [None] * 3)
            unit.is_asleep = False
            await polled.until(lambda: polled[IDS[0]].online)
            assert not polled[IDS[1]].online
            assert polled[IDS[1]].is_found
            assert (
                polled[IDS[1]].health.trouble == "unit 126 did not tell of subdevice 1 yet: its answers ended too early"
            )
            assert [(polled[name].offered, polled[name].descriptor) for name in IDS] == before
            await polled.wait(61)
            assert are_right(polled, SMALL)

    virtual_time.run(run())


def test_a_short_sleep_changes_nothing() -> None:
    async def run() -> None:
        site = site_of("main")
        async with polling(site, *BOTH) as polled:
            await polled.online(*IDS)
            for _ in range(5):
                site.units[126].is_asleep = True
                await polled.wait(0.2)
                site.units[126].is_asleep = False
                await polled.wait(10)
                assert are_right(polled, site.units[126].registers)

    virtual_time.run(run())


def test_a_subdevice_that_comes_while_the_unit_is_online_is_found_within_an_hour() -> None:
    async def run() -> None:
        site = Site({126: Unit(chain(common(), filled(103, 5)))})
        async with polling(site, *BOTH, rate=SLOW) as polled:
            await polled.online("SMA1.126")
            await polled.wait(100)
            assert "no subdevice 1" in polled["SMA1.126.1"].health.trouble
            site.units[126].load(SMALL)
            await polled.until(lambda: polled[IDS[1]].online, HOUR + 60, step=1.0)
            assert are_right(polled, SMALL)
            assert polled["SMA1.126.1"].is_found

    virtual_time.run(run())


def test_a_subdevice_that_goes_while_the_unit_is_online_does_not_take_the_others_along() -> None:
    async def run() -> None:
        site = Site({126: Unit(SMALL)})
        async with polling(site, *BOTH, rate=SLOW) as polled:
            await polled.online(*IDS)
            alone = chain(common(), filled(103, 5))
            site.units[126].load(alone)
            await polled.until(lambda: not polled["SMA1.126.1"].online, 60)
            assert is_right(polled["SMA1.126"], alone)
            await polled.until(lambda: "no subdevice 1" in polled["SMA1.126.1"].health.trouble, HOUR + 60)
            assert polled["SMA1.126"].online

    virtual_time.run(run())


def test_a_chain_that_moved_while_the_unit_was_online_is_found_soon_as_its_reads_are_refused() -> None:
    async def run() -> None:
        site = Site({126: Unit(SMALL)})
        async with polling(site, *BOTH) as polled:
            await polled.online(*IDS)
            moved = dict(zip(range(50000, 60000), SMALL.values(), strict=False))
            site.units[126].load(moved)
            await polled.wait(120)
            await polled.online(*IDS)
            assert are_right(polled, moved)

    virtual_time.run(run())


@pytest.mark.parametrize("mode", ["normal", "nocross"])
def test_models_that_move_without_any_refusal_bring_no_wrong_value(mode: str) -> None:
    async def run() -> None:
        site = Site({126: Unit(SMALL, mode=mode)})
        async with polling(site, *BOTH) as polled:
            await polled.online(*IDS)
            await polled.wait(3)
            moved = chain(
                common(), filled(124, 8), filled(103, 5), common(2), filled(203, 11), filled(203, 12, length=250)
            )
            site.units[126].load(moved)
            await polled.wait(3)
            assert polled["SMA1.126"].online
            assert is_right(polled["SMA1.126"], moved)
            assert values(polled["SMA1.126"])["ChargeState"]

    virtual_time.run(run())


def test_other_registers_where_a_model_was_are_found_out_whatever_is_asked_for() -> None:
    async def run() -> None:
        site = Site({126: Unit(SMALL)})
        async with polling(
            site, "SMA:126.1?include=Import*", "SMA:126?include=Export&slow=Export&slow_rate=5s"
        ) as polled:
            await polled.online(*IDS)
            moved = chain(common(), filled(103, 5), filled(124, 8), common(2), filled(203, 11), filled(203, 12))
            site.units[126].load(moved)
            await polled.wait(10)
            assert all(polled[name].online for name in IDS)

    virtual_time.run(run())


def test_models_that_move_are_found_at_once_where_some_are_refused() -> None:
    async def run() -> None:
        site = Site({126: Unit(SMALL)})
        async with polling(site, *BOTH) as polled:
            await polled.online(*IDS)
            shorter = chain(common(), filled(103, 5), common(2), filled(201, 11, length=40))
            site.units[126].load(shorter)
            await polled.wait(3)
            assert is_right(polled["SMA1.126"], shorter)
            assert is_right(polled["SMA1.126.1"], shorter, 1)

    virtual_time.run(run())


def test_a_scale_factor_that_changes_between_polls_never_spoils_a_value() -> None:
    async def run() -> None:
        site = Site({126: Unit(chain(common(), model(103, W=1234, W_SF=0)))})
        async with polling(site, "SMA:126") as polled:
            await polled.online("SMA1.126")
            for power in (-2, -1, 1, 3, -3, 10, -10):
                site.units[126].load(chain(common(), model(103, W=1234, W_SF=power)))
                await polled.wait(3)
                assert values(polled["SMA1.126"]) == {"Power": pytest.approx(1234 * 10.0**power)}
            for power in (11, -11, 0x8000, 32767):
                site.units[126].load(chain(common(), model(103, W=1234, W_SF=power, Hz=50, Hz_SF=0)))
                await polled.wait(3)
                assert values(polled["SMA1.126"]) == {"Frequency": 50.0}

    virtual_time.run(run())


def test_at_night_there_are_no_values_where_nothing_is_measured() -> None:
    async def run() -> None:
        day = chain(common(), filled(103, 5), common(2), filled(203, 11))
        night = chain(common(), model(103, WH=4711, WH_SF=1), common(2), filled(203, 12))
        site = Site({126: Unit(day)})
        async with polling(site, *BOTH, plausibility=False) as polled:
            await polled.online(*IDS)
            for registers in (night, day, night, day):
                site.units[126].load(registers)
                await polled.wait(3)
                assert are_right(polled, registers)
            assert all(polled[name].online for name in IDS)

    virtual_time.run(run())


def test_a_night_that_begins_at_the_start_ends_with_all_values() -> None:
    async def run() -> None:
        day, night = chain(common(), filled(103, 5)), chain(common(), model(103))
        site = Site({126: Unit(night)})
        async with polling(site, "SMA:126") as polled:
            await polled.wait(HOUR)
            site.units[126].load(day)
            await polled.wait(61)
            assert is_right(polled["SMA1.126"], day)

    virtual_time.run(run())


def test_a_rival_that_gets_a_value_later_is_noticed_within_an_hour() -> None:
    async def run() -> None:
        night = chain(common(), model(101, W=5, W_SF=0), model(113))
        day = chain(common(), model(101, W=5, W_SF=0), model(113, Hz=50.0))
        noon = chain(common(), model(101), model(113, Hz=50.0, W=7.0))
        site = Site({126: Unit(night)})
        async with polling(site, "SMA:126", rate=SLOW) as polled:
            await polled.online("SMA1.126")
            assert values(polled["SMA1.126"]) == {"Power": 5.0}
            for registers, right in (
                (day, {"Power": 5.0, "Frequency": 50.0}),
                (noon, {"Power": 7.0, "Frequency": 50.0}),
            ):
                site.units[126].load(registers)
                await polled.wait(HOUR + 60)
                assert values(polled["SMA1.126"]) == right

    virtual_time.run(run())
