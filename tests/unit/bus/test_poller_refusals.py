"""What a device refuses or never answers: smaller reads, and values that are withdrawn."""

from math import isnan

import pytest

from mbmd.bus.poll import ATTEMPTS
from mbmd.config.adapter import Framing
from mbmd.config.options import PollClass
from mbmd.devices.schema import Register
from tests import virtual_time
from tests.polled_bus import (
    ADDRESSES,
    NAMES,
    make_meter,
    meter_of,
    plans,
    polling,
    right,
    values,
)
from tests.scripted import (
    Asked,
    FarEnd,
    ScriptedLine,
    drop,
    exception,
    good,
    only,
    refuse,
    registers,
    word,
)
from tests.virtual_time import now

ADDRESSES_OF_READS = (0, 100, 200)


@pytest.mark.parametrize("kind", Framing)
@pytest.mark.parametrize("code", [1, 2, 3])
@pytest.mark.parametrize("refused", [(2,), (100,), (200,), (0, 101), (0, 1, 2, 3)])
def test_only_refused_registers_are_missing_and_they_are_named(
    kind: Framing, code: int, refused: tuple[int, ...]
) -> None:
    async def run() -> None:
        meter = make_meter()
        line = ScriptedLine(kind)
        line.by_unit[1] = refuse(*refused, code=code)
        async with polling(line, meter) as bus:
            await bus.until(online=True)
            assert values(meter.readings) == right(meter, *refused)
            assert sorted(meter.learned.refused) == sorted(NAMES[ADDRESSES.index(at)] for at in refused)
            assert meter.readings.health.refused == tuple(sorted(meter.learned.refused))
            assert meter in bus.kept
            await bus.wait(0.1)
            asked, errors = len(line.asked), meter.readings.errors
            await bus.wait(10)
            again = {asked.place for asked in line.asked[asked:]}
            assert all(at not in range(place, place + count) for place, count in again for at in refused)
            assert meter.readings.errors == errors

    virtual_time.run(run())


@pytest.mark.parametrize("kind", Framing)
@pytest.mark.parametrize("poll", PollClass)
def test_a_device_without_coils_is_read_as_if_its_table_had_none(
    kind: Framing, poll: PollClass, caplog: pytest.LogCaptureFixture
) -> None:
    def only_registers(far: FarEnd, asked: Asked) -> None:
        (exception(1) if asked.function == 1 else good)(far, asked)

    async def run() -> None:
        coils = [Register(name, 1, at, "bit", poll=poll) for at, name in enumerate(("Import", "Export", "Sum"))]
        meter = meter_of([*registers(0, 100), *coils])
        async with polling(only(1, only_registers, kind), meter) as bus:
            await bus.until(online=True)
            assert values(meter.readings) == {"Current": word(1, 3, 0), "Voltage": word(1, 3, 100)}
            assert meter.readings.health.refused == ("Export", "Import", "Sum")
            errors = meter.readings.errors
            await bus.wait(1000)
            assert meter.readings.errors == errors == 5
            assert {asked.function for asked in bus.line.asked[-100:]} == {3}

    virtual_time.run(run())
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [line.partition(" is left out")[0] for line in told] == ["SDM1.1: Import", "SDM1.1: Export", "SDM1.1: Sum"]


def test_a_gap_that_may_not_be_read_costs_no_register() -> None:
    async def run() -> None:
        meter = make_meter(addresses=(0, 2, 4))
        assert plans(meter) == ["3:0+5"]
        line = ScriptedLine(Framing.MBAP)
        line.by_unit[1] = refuse(1, 3)
        async with polling(line, meter) as bus:
            await bus.until(online=True)
            assert not meter.learned.refused
            assert len(values(meter.readings)) == 3
            assert line.places[:4] == [(0, 5), (0, 1), (2, 1), (4, 1)]
            assert plans(meter) == ["3:0+1", "3:2+1", "3:4+1"]
            errors = meter.readings.errors
            await bus.wait(10)
            assert meter.readings.errors == errors

    virtual_time.run(run())


def test_what_else_a_device_may_refuse_is_tried_at_once_until_its_plan_has_settled() -> None:
    def at_most_three(far: FarEnd, asked: Asked) -> None:
        (good if asked.count <= 3 else exception(3))(far, asked)

    async def run() -> None:
        meter = make_meter(addresses=range(9), rate=60.0)
        line = ScriptedLine(Framing.MBAP)
        line.by_unit[1] = at_most_three
        async with polling(line, meter) as bus:
            await bus.wait(1)
            assert plans(meter) == ["3:0+3", "3:3+3", "3:6+3"]
            assert not meter.learned.refused
            assert not meter.trying
            assert {asked.when for asked in line.asked} == {1000.0}
            asked = len(line.asked)
            await bus.wait(60)
            assert line.places[asked:] == [(0, 3), (3, 3), (6, 3)]
            assert values(meter.readings) == right(meter)

    virtual_time.run(run())


def test_a_device_that_refuses_everything_is_planned_anew_without_haste() -> None:
    async def run() -> None:
        meter = make_meter()
        line = ScriptedLine(Framing.MBAP)
        line.by_unit[1] = exception(2)
        async with polling(line, meter) as bus:
            await bus.wait(0.5)
            one_round = len(line.asked)
            # 7 registers alone, and the halves on the way to them: 1 + 2 for four, 1 for two.
            assert one_round == 7 + 3 + 1
            assert not meter.readings.online
            assert plans(meter) == ["3:0+4", "3:100+2", "3:200+1"]
            await bus.wait(60)
            assert len(line.asked) == one_round + 5  # then only a register with each probe
            del line.by_unit[1]
            await bus.until(online=True)
            assert values(meter.readings) == right(meter)
            assert not meter.learned.refused
            assert bus.kept == []

    virtual_time.run(run())


def test_values_of_a_read_that_keeps_failing_are_withdrawn_after_three_polls() -> None:
    def deaf_at_100(far: FarEnd, asked: Asked) -> None:
        if asked.address != 100:
            good(far, asked)

    async def run() -> None:
        meter = make_meter()
        line = ScriptedLine(Framing.MBAP)
        async with polling(line, meter) as bus:
            await bus.update()
            line.by_unit[1] = deaf_at_100
            kept = []
            for _ in range(4):
                update = await bus.update()
                assert [isnan(update.values[meter.readings.slots[NAMES[at]]]) for at in (4, 5)] == [True, True]
                kept.append(values(meter.readings) == right(meter))
                assert values(meter.readings).items() >= right(meter, 100, 101).items()
            assert kept == [True, True, False, False]
            assert values(meter.readings) == right(meter, 100, 101)
            del line.by_unit[1]
            await bus.wait(3)
            assert values(meter.readings) == right(meter)

    virtual_time.run(run())


def test_a_read_that_keeps_failing_does_not_hold_up_the_others() -> None:
    def deaf_at_0(far: FarEnd, asked: Asked) -> None:
        if asked.address != 0:
            good(far, asked)

    async def run() -> None:
        meter = make_meter()
        line = ScriptedLine(Framing.MBAP)
        line.by_unit[1] = deaf_at_0
        async with polling(line, meter) as bus:
            await bus.until(online=True)
            assert values(meter.readings) == right(meter, 0, 1, 2, 3)
            await bus.update()
            line.asked.clear()
            await bus.update()
            await bus.update()
            assert line.places[0] != (0, 4)

    virtual_time.run(run())


def test_a_device_with_several_failing_reads_is_patiently_asked_for_the_first_alone() -> None:
    def deaf(far: FarEnd, asked: Asked) -> None:
        if asked.address == 0:
            good(far, asked)

    async def run() -> None:
        line = ScriptedLine(Framing.MBAP)
        async with polling(line) as bus:
            await bus.update()
            line.by_unit[1] = deaf
            line.asked.clear()
            await bus.update()
            assert line.places == [(0, 4), *[(100, 2)] * ATTEMPTS, (200, 1)]

    virtual_time.run(run())


@pytest.mark.parametrize("kind", Framing)
@pytest.mark.parametrize("answered", ADDRESSES_OF_READS)
def test_a_device_is_online_if_only_one_of_its_reads_is_answered(kind: Framing, answered: int) -> None:
    def almost_deaf(far: FarEnd, asked: Asked) -> None:
        if asked.address == answered:
            good(far, asked)

    async def run() -> None:
        meter = make_meter()
        async with polling(only(1, almost_deaf, kind), meter) as bus:
            await bus.until(online=True)
            assert now() <= 1000 + 1 + 2 + 4
            for _ in range(60):
                await bus.wait(0.5)
                assert meter.readings.online

    virtual_time.run(run())


def test_what_a_device_refused_stays_known_while_it_is_away() -> None:
    async def run() -> None:
        meter = make_meter()
        line = ScriptedLine(Framing.RTU)
        async with polling(line, meter) as bus:
            line.by_unit[1] = refuse(100)
            await bus.until(online=True)
            refused = dict(meter.learned.refused)
            assert list(refused) == [NAMES[4]]
            line.by_unit[1] = drop
            await bus.until(online=False)
            line.by_unit[1] = refuse(100)
            await bus.until(online=True)
            await bus.wait(2)  # for reads that are held back, as alike ones were lost
            assert values(meter.readings) == right(meter, 100)
            assert meter.learned.refused == refused

    virtual_time.run(run())
