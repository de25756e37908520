"""Polling SunSpec units with subdevices, at many places, and on buses with others."""

import logging
from pathlib import Path

import pytest

from mbmd.config.adapter import Framing
from mbmd.errors import UsageError
from tests import virtual_time
from tests.scripted import ScriptedLine, good
from tests.sunspec_images import chain, common, filled, model
from tests.sunspec_run import is_right, polling, site_of, values
from tests.sunspec_site import Site, Unit
from tests.sunspec_truth import truth

INVERTER = filled(103, 5)


@pytest.mark.parametrize("devices", [2, 3, 5])
def test_subdevices_share_one_walk_and_its_reads(devices: int) -> None:
    async def run(subdevices: range) -> tuple[int, list[tuple[int, int]]]:
        models = [words for n in range(devices) for words in (common(n + 1), filled(103, n))]
        registers = chain(*models)
        site = Site({3: Unit(registers)})
        names = [f"KACO1.3.{n}" if n else "KACO1.3" for n in subdevices]
        async with polling(site, *(f"KACO:3.{n}" for n in subdevices)) as polled:
            await polled.until(lambda: all(polled[name].online for name in names))
            asked = len([read for read in site.reads if read.size == 2])
            await polled.wait(10)
            for number, name in zip(subdevices, names, strict=True):
                assert is_right(polled[name], registers, number)
                assert polled[name].descriptor.serial == f"SN{number + 1:04d}"
            return asked, await polled.refresh(3)

    one, _ = virtual_time.run(run(range(1)))
    headers, plan = virtual_time.run(run(range(devices)))
    # The marker, a header for each model, and the end mark.
    assert headers == one == 1 + 2 * devices + 1
    assert len(plan) <= devices


def test_short_subdevices_fit_into_one_read() -> None:
    async def run() -> None:
        small = model(1, length=4, Mn="A")
        registers = chain(common(), filled(713, 1), small, filled(713, 2), small, filled(713, 3))
        site = Site({1: Unit(registers)})
        async with polling(site, "SMA:1", "SMA:1.1", "SMA:1.2") as polled:
            await polled.online("SMA1.1", "SMA1.1.1", "SMA1.1.2")
            assert len(await polled.refresh(1)) == 1
            for number, name in enumerate(("SMA1.1", "SMA1.1.1", "SMA1.1.2")):
                assert is_right(polled[name], registers, number)

    virtual_time.run(run())


def test_a_missing_subdevice_is_told_of_and_costs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def run(*specs: str) -> list[tuple[int, int]]:
        site = site_of("main")
        async with polling(site, *specs) as polled:
            await polled.online("SMA1.126", "SMA1.126.1")
            if "SMA:126.7" in specs:
                missing = polled["SMA1.126.7"]
                assert not missing.online
                assert "no subdevice 7" in missing.health.trouble
                assert not missing.is_found
                assert missing.offered == ()
            await polled.wait(30)
            return [read[1:3] for read in site.reads]

    caplog.set_level(logging.INFO)
    with_it = virtual_time.run(run("SMA:126", "SMA:126.1", "SMA:126.7"))
    told = [record.getMessage() for record in caplog.records if "no subdevice 7" in record.getMessage()]
    assert len(told) == 1
    assert told[0].startswith("SMA1.126.7: ")
    online = [record.getMessage() for record in caplog.records if record.getMessage().endswith(": online")]
    assert online == ["SMA1.126: online", "SMA1.126.1: online"]
    assert with_it == virtual_time.run(run("SMA:126", "SMA:126.1"))


def test_only_missing_subdevices_are_told_of_and_asked_for_ever_more_seldom(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        site = site_of("main")
        async with polling(site, "SMA:126.7") as polled:
            await polled.wait(1000)
            assert "no subdevice 7" in polled["SMA1.126.7"].health.trouble
            begin = len(site.reads)
            await polled.wait(600)
            assert len(site.reads) - begin <= 12 * 20

    virtual_time.run(run())
    told = [record.getMessage() for record in caplog.records]
    assert told == ["SMA1.126.7: offline, unit 126 has no subdevice 7: it has 0, 1"]


@pytest.mark.parametrize("base", [0, 40000, 50000])
@pytest.mark.parametrize("unit", [0, 255])
def test_units_0_and_255_and_all_places_of_the_marker_work(unit: int, base: int) -> None:
    async def run() -> None:
        registers = chain(common(), INVERTER, base=base)
        async with polling(Site({unit: Unit(registers)}), f"FRONIUS:{unit}") as polled:
            await polled.online(f"FRONIUS1.{unit}")
            assert is_right(polled[f"FRONIUS1.{unit}"], registers)

    virtual_time.run(run())


def test_the_option_bases_says_where_the_marker_is_and_in_which_order() -> None:
    async def run() -> None:
        registers = chain(common(), INVERTER, base=30000)
        site = Site({1: Unit(registers, bases=(30000,))})
        async with polling(site, "SMA:1?bases=200+30000") as polled:
            await polled.online("SMA1.1")
        assert site.read_of(1)[:2] == [(200, 2), (30000, 2)]
        assert not {(40000, 2), (0, 2), (50000, 2)} & {*site.read_of(1)}

    virtual_time.run(run())


def test_of_two_markers_the_first_that_leads_to_models_counts() -> None:
    async def run() -> None:
        empty, whole = chain(base=40000), chain(common(), INVERTER, base=0)
        site = Site({1: Unit(empty | whole, bases=(0,))})
        async with polling(site, "SMA:1?bases=40000+0") as polled:
            await polled.until(lambda: polled["SMA1.1"].online)
            assert polled["SMA1.1"].descriptor.model == "Model 1"
            polled.hub.wrong.clear()  # the truth looks at the first marker alone
            assert is_right(polled["SMA1.1"], whole)

    virtual_time.run(run())


@pytest.mark.parametrize("framing", [Framing.RTU, Framing.ASCII])
def test_a_unit_and_a_meter_of_another_kind_share_a_bus(framing: Framing) -> None:
    async def run() -> None:
        site = site_of("main")
        line = ScriptedLine(framing)
        line.by_unit = {126: site, 1: good}
        async with polling(site, "SMA:126", "SMA:126.1", "SDM:1", framing=framing, line=line) as polled:
            await polled.online("SMA1.126", "SMA1.126.1", "SDM1.1")
            requests = polled["SDM1.1"].requests
            assert len(await polled.refresh(126)) == 2
            assert polled["SDM1.1"].requests > requests

    virtual_time.run(run())


@pytest.mark.parametrize("most", [20, 30, 60, 125])
def test_no_read_is_longer_than_max_registers(most: int) -> None:
    async def run() -> None:
        site = site_of("main")
        registers = site.units[126].registers
        async with polling(site, f"SMA:126?max_registers={most}", f"SMA:126.1?max_registers={most}") as polled:
            await polled.online("SMA1.126", "SMA1.126.1")
            assert is_right(polled["SMA1.126"], registers)
            assert is_right(polled["SMA1.126.1"], registers, 1)
        assert max(read.size for read in site.reads) <= most

    virtual_time.run(run())


def test_each_subdevice_has_its_rate_and_its_measurements() -> None:
    async def run() -> None:
        site = site_of("main")
        specs = ("SMA:126?rate=5s&include=Power+DC*", "SMA:126.1?exclude=*L?")
        async with polling(site, *specs) as polled:
            await polled.online("SMA1.126", "SMA1.126.1")
            assert {name[:2] for name in values(polled["SMA1.126"])} == {"DC", "Po"}
            assert not [name for name in values(polled["SMA1.126.1"]) if name[-2] == "L"]
            before = polled["SMA1.126"].version, polled["SMA1.126.1"].version
            await polled.wait(50)
            after = polled["SMA1.126"].version, polled["SMA1.126.1"].version
            assert 9 <= after[0] - before[0] <= 11
            assert 48 <= after[1] - before[1] <= 51

    virtual_time.run(run())


def test_bases_must_be_those_of_the_whole_unit() -> None:
    async def run() -> None:
        async with polling(site_of("main"), "SMA:126?bases=0", "SMA:126.1?bases=40000"):
            pass

    with pytest.raises(UsageError, match="bases"):
        virtual_time.run(run())


def test_what_was_learned_is_remembered_for_the_next_start(tmp_path: Path) -> None:
    async def run() -> list[str]:
        site = site_of("main", "nocross")
        async with polling(site, "SMA:126", "SMA:126.1", state=tmp_path / "state.json") as polled:
            await polled.online("SMA1.126", "SMA1.126.1")
            await polled.wait(10)
        return [read.result for read in site.reads]

    assert "exc2" in virtual_time.run(run())
    assert {*virtual_time.run(run())} == {"ok"}


def test_units_beside_each_other_are_told_apart() -> None:
    async def run() -> None:
        site = site_of("unit1_2")
        names = ("SMA1.1", "SMA1.1.1", "SMA1.2", "SMA1.3")
        async with polling(site, "SMA:1", "SMA:1.1", "SMA:2", "SMA:3") as polled:
            await polled.until(lambda: all(polled[name].online or polled[name].health.trouble for name in names))
            await polled.wait(10)
            for name in names:
                unit, number = (*map(int, name.split(".")[1:]), 0)[:2]
                right = truth(site.units[unit].registers, number)
                assert polled[name].online is bool(right)
                assert is_right(polled[name], site.units[unit].registers, number)

    virtual_time.run(run())


def test_the_hourly_walk_changes_nothing_where_nothing_has_changed(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        site = site_of("main")
        async with polling(site, "SMA:126", "SMA:126.1", rate=30.0) as polled:
            await polled.online("SMA1.126", "SMA1.126.1")
            caplog.clear()
            caplog.set_level(logging.INFO)
            version, walks = polled["SMA1.126.1"].version, site.read_of(126).count((40000, 2))
            await polled.wait(3 * 3600)
            assert polled["SMA1.126.1"].version - version == pytest.approx(360, abs=1)
            assert site.read_of(126).count((40000, 2)) - walks == 3
            assert caplog.records == []

    virtual_time.run(run())


def test_a_subdevice_that_is_added_by_a_reload_does_not_disturb_the_others() -> None:
    async def run() -> None:
        site = site_of("main")
        async with polling(site, "SMA:126") as polled:
            await polled.online("SMA1.126")
            first_one, version = polled["SMA1.126"], polled["SMA1.126"].version
            for specs in (("SMA:126", "SMA:126.1"), ("SMA:126.1", "SMA:126"), ("SMA:126", "SMA:126.7")):
                site.faults = iter([None])  # a lost answer is no reason to take who stays for gone
                await polled.poll(specs)
                assert polled["SMA1.126"] is first_one
                for _ in range(50):
                    assert first_one.online
                    await polled.wait(0.1)
            assert 14 <= first_one.version - version <= 18
            assert is_right(polled["SMA1.126"], site.units[126].registers)
            assert not polled["SMA1.126.7"].online

    virtual_time.run(run())
