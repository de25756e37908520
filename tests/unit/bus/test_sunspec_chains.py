"""Polling SunSpec units whose chains are of many kinds, and the models in them."""

import pytest

from mbmd.config.adapter import Framing
from tests import virtual_time
from tests.sunspec_images import chain, common, filled, model, span
from tests.sunspec_run import is_right, polling, values
from tests.sunspec_site import Site, Unit
from tests.sunspec_truth import truth

INVERTER = filled(103, 5)
METER = filled(203, 11)


@pytest.mark.parametrize("framing", Framing)
@pytest.mark.parametrize(
    "number", [101, 102, 103, 111, 112, 113, 201, 202, 203, 204, 211, 212, 213, 214, 713, 802, 701]
)
def test_every_model_brings_all_that_it_measures(number: int, framing: Framing) -> None:
    async def run() -> None:
        registers = chain(common(), filled(number, 3))
        site = Site({7: Unit(registers)})
        async with polling(site, "SUNSPEC:7", framing=framing) as polled:
            await polled.online("SUNSPEC1.7")
            assert is_right(polled["SUNSPEC1.7"], registers)
            assert {m.name for m in polled["SUNSPEC1.7"].offered} == truth(registers, 0).keys()

    virtual_time.run(run())


@pytest.mark.parametrize("number", [160, 714])
@pytest.mark.parametrize("strings", [1, 2, 3, 4, 5, 8])
def test_of_many_strings_the_first_four_are_measured(number: int, strings: int) -> None:
    async def run() -> None:
        registers = chain(common(), filled(101, 4), filled(number, 2, groups=strings), common(2), METER)
        site = Site({1: Unit(registers)})
        async with polling(site, "SMA:1", "SMA:1.1") as polled:
            await polled.online("SMA1.1", "SMA1.1.1")
            found = values(polled["SMA1.1"])
            assert [f"DCPowerS{n}" in found for n in (1, 2, 3, 4, 5)] == [n <= min(strings, 4) for n in (1, 2, 3, 4, 5)]
            assert is_right(polled["SMA1.1.1"], registers, 1)

    virtual_time.run(run())


def test_the_older_battery_model_is_read_with_its_scale_factors() -> None:
    async def run() -> None:
        registers = chain(common(), model(124, ChaState=955, ChaState_SF=-1, InBatV=5120, InBatV_SF=-2))
        async with polling(Site({1: Unit(registers)}), "SUNS:1") as polled:
            await polled.online("SUNS1.1")
            assert values(polled["SUNS1.1"]) == {"ChargeState": 95.5, "BatteryVoltage": 51.2}

    virtual_time.run(run())


def test_without_model_1_there_is_a_device_without_a_name() -> None:
    async def run() -> None:
        registers = chain(INVERTER, METER)
        async with polling(Site({1: Unit(registers)}), "SMA:1") as polled:
            await polled.online("SMA1.1")
            assert polled["SMA1.1"].descriptor.manufacturer == ""
            assert "Power" in values(polled["SMA1.1"])

    virtual_time.run(run())


def test_texts_are_shown_as_latin_1_and_as_long_as_they_may_be() -> None:
    async def run() -> None:
        registers = chain(common(Mn="Müller & Söhne", Md="x" * 32, Opt="Ä" * 16, Vr="1" * 16, SN="9" * 32), INVERTER)
        async with polling(Site({1: Unit(registers)}), "SMA:1") as polled:
            await polled.online("SMA1.1")
            assert tuple(polled["SMA1.1"].descriptor) == ("Müller & Söhne", "x" * 32, "Ä" * 16, "1" * 16, "9" * 32)

    virtual_time.run(run())


@pytest.mark.parametrize("cut", [1, 2, 3, 20, 40, 52, 53, 60])
def test_a_chain_that_ends_early_is_used_as_far_as_it_goes(cut: int) -> None:
    async def run() -> None:
        whole = chain(common(), INVERTER, common(2), METER)
        last = max(whole)
        registers = {at: word for at, word in whole.items() if at <= last - cut}
        async with polling(Site({1: Unit(registers)}), "SMA:1", "SMA:1.1") as polled:
            await polled.online("SMA1.1")
            await polled.wait(30)
            assert is_right(polled["SMA1.1"], registers)
            assert is_right(polled["SMA1.1.1"], registers, 1)

    virtual_time.run(run())


@pytest.mark.parametrize("end", [(0, 0), (0, 5), (9999, 0), (), (65000, 60000)])
def test_a_chain_without_a_good_end_is_good(end: tuple[int, ...]) -> None:
    async def run() -> None:
        registers = chain(common(), INVERTER, end=end)
        async with polling(Site({1: Unit(registers)}), "SMA:1") as polled:
            await polled.online("SMA1.1")
            assert is_right(polled["SMA1.1"], registers)

    virtual_time.run(run())


def test_a_chain_up_to_the_last_address_is_read_to_its_end() -> None:
    async def run() -> None:
        base = 0x10000 - 2 - 68 - 52
        registers = chain(common(), INVERTER, base=base, end=())
        assert max(registers) == 0xFFFF
        site = Site({1: Unit(registers, bases=(base,))})
        async with polling(site, f"SMA:1?bases={base}") as polled:
            await polled.online("SMA1.1")
            assert is_right(polled["SMA1.1"], registers, bases=(base,))
        assert all(read.address + read.size <= 0x10000 for read in site.reads)

    virtual_time.run(run())


@pytest.mark.parametrize("length", [30, 49, 51, 60])
def test_a_model_of_another_length_is_used_as_announced_and_that_is_told_once(
    length: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        registers = chain(common(), filled(103, 5, length=length), common(2), METER)
        async with polling(Site({1: Unit(registers)}), "SMA:1", "SMA:1.1", rate=60.0) as polled:
            await polled.online("SMA1.1", "SMA1.1.1")
            await polled.wait(2 * 3600)
            assert is_right(polled["SMA1.1"], registers)
            assert is_right(polled["SMA1.1.1"], registers, 1)

    virtual_time.run(run())
    told = [record.getMessage() for record in caplog.records if f"{length} registers" in record.getMessage()]
    assert len(told) == 1


def test_a_chain_of_200_models_is_followed_and_no_further() -> None:
    async def run() -> None:
        short = [64000, 1, 7]
        site = Site({1: Unit(chain(common(), INVERTER, *[short] * 300))})
        async with polling(site, "SMA:1") as polled:
            await polled.online("SMA1.1")
        assert len([read for read in site.reads if read.size == 2]) <= 1 + 201

    virtual_time.run(run())


def test_of_models_that_say_the_same_the_last_one_with_a_value_is_read() -> None:
    async def run() -> None:
        last = model(101, W=1234, W_SF=0)
        registers = chain(common(), filled(113, 1), model(103, Hz=5001, Hz_SF=-2), last, model(103))
        async with polling(Site({1: Unit(registers)}), "SMA:1") as polled:
            await polled.online("SMA1.1")
            found, told = values(polled["SMA1.1"]), truth(registers, 0)
            assert found["Power"] == 1234.0
            assert found["Frequency"] == 50.01
            assert found == {name: pytest.approx(candidates[-1]) for name, candidates in told.items()}

    virtual_time.run(run())


def test_kostal_s_accumulators_may_be_negative() -> None:
    async def run() -> None:
        registers = chain(common(), model(203, TotWhExp=-5000, TotWhImp=7000, TotWh_SF=0))
        async with polling(Site({1: Unit(registers)}), "KOSTAL:1") as polled:
            await polled.online("KOSTAL1.1")
            assert values(polled["KOSTAL1.1"]) == {"Export": -5.0, "Import": 7.0} | {
                name: 0.0 for name in truth(registers, 0) if name[-2] == "L"
            }

    virtual_time.run(run())


@pytest.mark.parametrize(("mode", "maxcount"), [("normal", 30), ("normal", 4), ("aligned", 60), ("nocross", 125)])
def test_models_that_say_the_same_are_told_apart_by_a_device_that_refuses_long_reads(mode: str, maxcount: int) -> None:
    async def run() -> None:
        registers = chain(common(), filled(103, 1), filled(113, 2), model(202), filled(201, 3))
        async with polling(Site({1: Unit(registers, mode, maxcount=maxcount)}), "SMA:1") as polled:
            await polled.online("SMA1.1")
            await polled.wait(5)
            told = truth(registers, 0)
            assert values(polled["SMA1.1"]) == {name: pytest.approx(found[-1]) for name, found in told.items()}

    virtual_time.run(run())


def test_of_a_model_that_is_cut_off_the_values_that_are_there_count() -> None:
    async def run() -> None:
        registers = chain(common(), filled(103, 1), filled(203, 2))
        cut = {at: word for at, word in registers.items() if at <= span(registers, 203).start + 30}
        async with polling(Site({1: Unit(cut)}), "SMA:1") as polled:
            await polled.online("SMA1.1")
            await polled.wait(5)
            told = truth(cut, 0)
            assert len(told["Power"]) == 2
            assert values(polled["SMA1.1"]) == {name: pytest.approx(found[-1]) for name, found in told.items()}

    virtual_time.run(run())


@pytest.mark.parametrize("most", [8, 30])
def test_models_that_say_the_same_far_from_their_scales_are_read_in_short_reads(most: int) -> None:
    async def run() -> None:
        registers = chain(common(), filled(160, 1, groups=4), filled(714, 2, groups=4))
        async with polling(Site({1: Unit(registers)}), f"SMA:1?max_registers={most}") as polled:
            await polled.online("SMA1.1")
            await polled.wait(5)
            found = values(polled["SMA1.1"])
            strings = {name: told[0] for name, told in truth(registers, 0).items() if name[:-1] == "DCVoltageS"}
            assert {name: found[name] for name in strings} == {name: pytest.approx(v) for name, v in strings.items()}

    virtual_time.run(run())
