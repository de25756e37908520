"""Polling SunSpec units that refuse, fail, fall silent, or close their connections."""

import logging
from itertools import pairwise, repeat

import pytest

from mbmd.config.adapter import Framing
from tests import virtual_time
from tests.scripted import Asked, FarEnd, ScriptedLine
from tests.sunspec_images import Registers, chain, common, filled, image, span
from tests.sunspec_run import TIMEOUT, Run, is_right, polling, site_of
from tests.sunspec_site import HANG_UP, Fault, Site, Unit
from tests.sunspec_truth import truth

BOTH = ("SMA:126", "SMA:126.1")
IDS = ("SMA1.126", "SMA1.126.1")
HOUR = 3600.0
SLOW = 20.0
"""A rate at which hours pass quickly."""
SMALL = chain(common(), filled(103, 5), common(2), filled(203, 11))


def are_right(polled: Run, registers: Registers) -> bool:
    return all(is_right(polled[name], registers, device) for device, name in enumerate(IDS))


def measured(registers: Registers, number: int, device: int = 0) -> set[str]:
    """What only one model of a device measures."""
    without = {at: word for at, word in registers.items() if at not in span(registers, number, device)[2:]}
    return truth(registers, device).keys() - truth(without, device).keys()


def told(caplog: pytest.LogCaptureFixture, text: str) -> int:
    """How many warnings have a text in them."""
    return sum(text in record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING)


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("zeros", "marker"), ("ffff", "marker"), ("exc2", "marker"), ("silent", "no answer")],
)
def test_a_unit_that_is_none_is_told_once_asked_ever_more_seldom_and_found_when_it_turns_normal(
    mode: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        site = Site({126: Unit(SMALL)})
        unit = site.units[126]
        unit.mode = mode
        if mode in ("zeros", "ffff"):
            unit.load({})
        async with polling(site, *BOTH) as polled:
            await polled.wait(600)
            assert told(caplog, "offline") == told(caplog, reason) > 0
            assert reason in polled["SMA1.126"].health.trouble
            begin = len(site.reads)
            await polled.wait(600)
            assert 9 <= len(site.reads) - begin <= 11 * (1 if mode == "silent" else 3)
            unit.mode = "normal"
            unit.load(SMALL)
            await polled.online(*IDS, seconds=61)
            assert are_right(polled, SMALL)

    virtual_time.run(run())


@pytest.mark.parametrize("unknown", [11, 10, None, 2])
def test_a_unit_that_is_not_there_costs_the_others_little(unknown: int | None) -> None:
    async def run() -> None:
        site = Site({126: Unit(SMALL)}, unknown=unknown)
        async with polling(site, *BOTH, "SMA:5", "SMA:5.1") as polled:
            await polled.online(*IDS)
            await polled.wait(120)
            assert not polled["SMA1.5"].online
            assert polled["SMA1.5"].health.trouble == polled["SMA1.5.1"].health.trouble != ""
            begin, version = len(site.reads), polled["SMA1.126"].version
            await polled.wait(100)
            assert polled["SMA1.126"].version - version >= 98
            probes = site.read_of(5, begin)
            assert {size for _, size in probes} == {2}
            assert 1 <= len(probes) <= 3 * 4

    virtual_time.run(run())


def test_a_dead_unit_costs_one_short_probe_at_a_time() -> None:
    async def run() -> None:
        site = site_of("main")
        site.units[126].is_asleep = True
        async with polling(site, *BOTH) as polled:
            await polled.wait(600)
            assert {read.size for read in site.reads} == {2}
            assert {read.address for read in site.reads} == {0, 40000, 50000}
            moments = [read.when for read in site.reads]
            assert all(later - earlier > 10 * TIMEOUT - 0.01 for earlier, later in pairwise(moments))

    virtual_time.run(run())


@pytest.mark.parametrize("code", [1, 2, 3, 4])
@pytest.mark.parametrize("number", [103, 160, 203])
def test_a_model_that_is_refused_leaves_the_others(number: int, code: int) -> None:
    async def run() -> None:
        site = site_of("main")
        unit, registers = site.units[126], image("main")[126]
        device = int(number == 203)
        there = span(registers, number, device)
        unit.refuse(there[2:], code)
        async with polling(site, *BOTH, rate=SLOW) as polled:
            await polled.until(lambda: any(polled[name].online for name in IDS))
            await polled.wait(120)
            begin = len(site.reads)
            await polled.wait(60)
            gone = measured(registers, number, device)
            assert gone
            if number != 203:
                assert is_right(polled[IDS[0]], registers, 0, gone)
                assert is_right(polled[IDS[1]], registers, 1)
            else:
                assert is_right(polled[IDS[0]], registers, 0)
                assert not polled[IDS[1]].online
            refused = sum(read.result != "ok" for read in site.reads[begin:])
            assert refused <= (0 if code < 4 else 120)  # what fails is read in parts, at ever greater intervals
            # It is asked for again, and has its values back when it answers.
            unit.refuse(there, 0)
            await polled.wait(2 * HOUR)
            assert are_right(polled, registers)

    virtual_time.run(run())


@pytest.mark.parametrize("code", [2, 3, 4])
def test_a_model_that_is_refused_later_loses_its_values_and_gets_them_back(code: int) -> None:
    async def run() -> None:
        site = site_of("main")
        unit, registers = site.units[126], image("main")[126]
        there = span(registers, 160)[2:]
        async with polling(site, *BOTH, rate=SLOW) as polled:
            await polled.online(*IDS)
            unit.refuse(there, code)
            await polled.wait(5 * SLOW)
            assert is_right(polled[IDS[0]], registers, 0, measured(registers, 160))
            assert is_right(polled[IDS[1]], registers, 1)
            unit.refuse(there, 0)
            await polled.wait(2 * HOUR)
            assert are_right(polled, registers)
            assert len(await polled.refresh(126)) <= 3

    virtual_time.run(run())


@pytest.mark.parametrize("code", [5, 6])
@pytest.mark.parametrize("times", [1, 2, 7])
def test_a_busy_unit_is_asked_again_and_loses_nothing(code: int, times: int) -> None:
    async def run() -> None:
        site = Site({126: Unit(SMALL)})
        site.faults = repeat(code, times)
        async with polling(site, *BOTH) as polled:
            await polled.online(*IDS, seconds=30)
            site.faults = repeat(code, times)
            await polled.wait(10)
            assert are_right(polled, SMALL)

    virtual_time.run(run())


@pytest.mark.parametrize("options", ["", "close=true"])
@pytest.mark.parametrize("closes", [False, True])
def test_connections_that_end_are_no_trouble(options: str, closes: bool) -> None:
    async def run() -> None:
        site = Site({126: Unit(SMALL)})
        site.closes = closes
        async with polling(site, *BOTH, options=options) as polled:
            await polled.online(*IDS)
            assert are_right(polled, SMALL)
            begin = len(site.reads)
            await polled.wait(10)
            assert are_right(polled, SMALL)
            connections = {read.connection for read in site.reads[begin:]}
            reads = len(site.reads) - begin
            assert len(connections) == (reads if closes else pytest.approx(10, abs=1) if options else 1)

    virtual_time.run(run())


def test_with_close_the_walk_too_leaves_the_line_to_others() -> None:
    async def run() -> None:
        site = Site({126: Unit(SMALL)})
        async with polling(site, *BOTH, options="close=true") as polled:
            await polled.online(*IDS)
            # The walk and the first poll on one connection, each further poll on one of its own.
            assert {read.connection for read in site.reads if read.size == 2} == {1}

    virtual_time.run(run())


@pytest.mark.parametrize("at", range(14))
@pytest.mark.parametrize("fault", [None, HANG_UP, 4, 6, 0.5])
def test_one_fault_anywhere_in_the_walk_spoils_nothing(fault: Fault, at: int) -> None:
    async def run() -> None:
        site = Site({126: Unit(SMALL)})
        faults: list[Fault] = [*repeat(0.0, at), fault]
        site.faults = iter(faults)
        async with polling(site, *BOTH) as polled:
            await polled.online(*IDS, seconds=130)
            await polled.wait(90)
            assert are_right(polled, SMALL)

    virtual_time.run(run())


@pytest.mark.parametrize("number", [1, 103, 160, 203])
def test_a_header_that_is_never_answered_ends_the_chain_there(number: int) -> None:
    async def run() -> None:
        registers = image("main")[126]
        site = Site({126: Unit(registers)})
        header = span(registers, number, int(number == 203)).start
        cut = {at: word for at, word in registers.items() if at < header}
        site.units[126].refuse([header], 4)
        async with polling(site, *BOTH, rate=SLOW) as polled:
            await polled.wait(120)
            if number == 1:
                assert not polled[IDS[0]].online
                assert "no models" in polled[IDS[0]].health.trouble
            elif number != 103:
                assert is_right(polled[IDS[0]], cut)
            site.units[126].refuse([header], 0)
            await polled.wait(2 * HOUR)
            assert are_right(polled, registers)

    virtual_time.run(run())


def test_who_is_found_but_never_read_is_asked_ever_more_seldom() -> None:
    async def run() -> None:
        site = Site({126: Unit(SMALL)})
        site.units[126].exceptions = dict.fromkeys((*range(40080, 40085), *range(40200, 40230)), 11)
        async with polling(site, *BOTH) as polled:
            await polled.wait(HOUR)
            begin = len(site.reads)
            await polled.wait(HOUR)
            assert len(site.reads) - begin < 60 * 25

    virtual_time.run(run())


def test_on_a_busy_serial_line_a_search_too_waits_until_any_unit_listens() -> None:
    async def run() -> None:
        site = Site({1: Unit(SMALL), 126: Unit(SMALL)})
        last = [-1.0, -1.0]

        def listen(far: FarEnd, asked: Asked) -> None:
            deaf = asked.unit == 126 and last[1] == 1 and asked.when - last[0] < 0.05
            last[:] = [asked.when, asked.unit]
            if not deaf:
                site(far, asked)

        line = ScriptedLine(Framing.RTU, repeat(listen))
        async with polling(site, "SMA:1", "SMA:126", framing=Framing.RTU, line=line) as polled:
            await polled.until(lambda: polled["SMA1.126"].online, 600)

    virtual_time.run(run())


def test_only_the_parts_that_are_there_are_told_to_be_online(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        site = Site({126: Unit(SMALL)})
        async with polling(site, *BOTH, "SMA:126.7", rate=SLOW) as polled:
            await polled.online(*IDS)
            site.units[126].is_asleep = True
            await polled.wait(HOUR)
            site.units[126].is_asleep = False
            await polled.online(*IDS)

    with caplog.at_level(logging.INFO):
        virtual_time.run(run())
    for name in IDS:
        assert caplog.messages.count(f"{name}: online") == 2
    assert told(caplog, "SMA1.126, SMA1.126.1: offline") == 1
    assert [text for text in caplog.messages if "126.7" in text] == [
        "SMA1.126.7: offline, unit 126 has no subdevice 7: it has 0, 1"
    ]


def test_a_part_whose_reads_fail_was_last_seen_before(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        site = Site({126: Unit(SMALL)})
        async with polling(site, *BOTH) as polled:
            await polled.online(*IDS)
            site.units[126].refuse(span(SMALL, 203, 1), 4)
            await polled.wait(2)
            seen = polled[IDS[1]].health.last_seen
            await polled.wait(30)
            assert polled[IDS[1]].health.last_seen == seen
            assert polled[IDS[0]].health.last_seen > seen
            assert not polled[IDS[1]].online
            site.units[126].refuse(span(SMALL, 203, 1), 0)
            await polled.until(lambda: polled[IDS[1]].online)

    with caplog.at_level(logging.INFO):
        virtual_time.run(run())
    assert caplog.messages.count(f"{IDS[1]}: online") == 2
