"""The task of a bus against a scripted far end, in virtual time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import pairwise
from math import isnan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbmd.bus.client import Client
from mbmd.bus.meter import Meter
from mbmd.bus.poller import ATTEMPTS, Poller
from mbmd.bus.scheduler import LONGEST_PAUSE
from mbmd.config.adapter import Framing
from mbmd.errors import LinkError, UsageError
from mbmd.measurements import CATALOGUE
from mbmd.planner import Limits, plan
from mbmd.protocol.timing import Costs
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Hub, Update
from mbmd.transport.line import Line, Receiver
from tests import virtual_time
from tests.scripted import (
    Asked,
    FarEnd,
    ScriptedLine,
    Step,
    cut,
    drop,
    exception,
    flip,
    good,
    hang_up,
    late,
    of_count,
    of_unit,
    refuse,
    registers,
    word,
)
from tests.virtual_time import now

TIMEOUT = 0.03
RATE = 1.0
ADDRESSES = (0, 1, 2, 3, 100, 101, 200)
NAMES = [row.measurement for row in registers(*ADDRESSES)]


def make_meter(unit: int = 1, addresses: Iterable[int] = ADDRESSES, pause: float = 0.0) -> Meter:
    """Three reads: 0 to 3, 100 and 101, 200."""
    rows = registers(*addresses)
    readings = DeviceReadings(f"SDM1.{unit}", "SDM", [CATALOGUE[row.measurement] for row in rows])
    return Meter(unit, readings, tuple(plan(rows, readings.slots, Limits(), Costs(1, 0.1))), pause)


class Bus:
    """A poller on a scripted line."""

    def __init__(self, line: ScriptedLine, *meters: Meter, rate: float = RATE) -> None:
        self.line = line
        self.meters = meters
        self.hub = Hub(meter.readings for meter in meters)
        self.subscription = self.hub.subscribe()
        self.client = Client(line.adapter, line.open, TIMEOUT)
        self.task = asyncio.create_task(Poller(self.client, meters, rate, self.hub).run())

    async def wait(self, seconds: float) -> None:
        """Let the bus work; raises what ended it."""
        await asyncio.wait([self.task], timeout=seconds)
        if self.task.done():
            self.task.result()

    async def until(self, step: float = 0.1, *, online: bool, unit: int = 1) -> float:
        """When a device is online, or offline."""
        readings = next(meter.readings for meter in self.meters if meter.unit == unit)
        for _ in range(10_000):
            if readings.online is online:
                return now()
            await self.wait(step)
        raise AssertionError("it never came to that")

    async def update(self) -> Update:
        (update,) = await self.subscription.take()
        return update


@asynccontextmanager
async def polling(line: ScriptedLine, *meters: Meter, rate: float = RATE) -> AsyncIterator[Bus]:
    bus = Bus(line, *(meters or (make_meter(),)), rate=rate)
    try:
        yield bus
    finally:
        bus.task.cancel()
        with contextlib.suppress(asyncio.CancelledError, LinkError, UsageError):
            await bus.task
        bus.client.close()
        await asyncio.sleep(3)


def values(readings: DeviceReadings) -> dict[str, float]:
    """The latest values, without those that are none."""
    return {name: v for name, slot in readings.slots.items() if not isnan(v := readings.latest[slot])}


def right(meter: Meter, *without: int) -> dict[str, float]:
    rows = zip(NAMES, ADDRESSES, strict=True)
    return {name: word(meter.unit, 3, at) for name, at in rows if name in meter.readings.slots and at not in without}


def no_wrong_value(meter: Meter) -> bool:
    return values(meter.readings).items() <= right(meter).items()


@pytest.mark.parametrize("kind", Framing)
def test_a_whole_plan_is_read_and_published(kind: Framing) -> None:
    async def run() -> None:
        meter = make_meter()
        async with polling(ScriptedLine(kind), meter) as bus:
            update = await bus.update()
            assert bus.line.places == [(0, 4), (100, 2), (200, 1)]
            assert values(meter.readings) == right(meter)
            assert list(update.values) == list(meter.readings.latest)
            assert update.timestamp == meter.readings.timestamp > 1_700_000_000
            assert (meter.readings.requests, meter.readings.errors, meter.readings.online) == (3, 0, True)

    virtual_time.run(run())


def test_polls_begin_at_the_rate_and_never_sooner() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.MBAP)
        line.by_unit[1] = late(0.02)
        async with polling(line, make_meter()) as bus:
            await bus.wait(20.5)
        starts = [asked.when for asked in line.asked if asked.address == 0]
        assert len(starts) == 21
        assert all(later - earlier >= RATE - 1e-6 for earlier, later in pairwise(starts))

    virtual_time.run(run())


def test_without_a_rate_the_bus_is_never_idle() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.MBAP)
        line.by_unit[1] = line.by_unit[2] = late(0.02)
        async with polling(line, make_meter(1), make_meter(2), rate=0) as bus:
            await bus.wait(6)
        assert 295 <= len(line.asked) <= 301
        units = [asked.unit for asked in line.asked]
        assert abs(units.count(1) - units.count(2)) <= 6

    virtual_time.run(run())


def test_a_device_may_ask_for_rest_before_each_request() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.MBAP)
        async with polling(line, make_meter(pause=0.2)) as bus:
            await bus.wait(0.7)
        times = [asked.when for asked in line.asked]
        assert [round(later - earlier, 3) for earlier, later in pairwise([1000.0, *times])] == [0.2, 0.2, 0.2]

    virtual_time.run(run())


FAULTS: dict[str, Step] = {
    "drop": drop,
    "late": late(0.04),
    "unit": of_unit(9),
    "count": of_count(3),
    "exception 4": exception(4),
    "exception 6": exception(6),
    "exception 11": exception(11),
}


@pytest.mark.parametrize("kind", Framing)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("at", range(3))
def test_one_fault_is_asked_again_and_nothing_is_missing(kind: Framing, fault: str, at: int) -> None:
    async def run() -> None:
        meter = make_meter()
        line = ScriptedLine(kind)
        async with polling(line, meter) as bus:
            await bus.update()
            line.script = iter([*[good] * at, FAULTS[fault]])
            update = await bus.update()
            assert values(meter.readings) == right(meter)
            assert not any(map(isnan, update.values))
            assert meter.readings.errors == 1

    virtual_time.run(run())


@pytest.mark.parametrize("kind", [Framing.RTU, Framing.ASCII])
def test_a_cut_answer_is_asked_again(kind: Framing) -> None:
    async def run() -> None:
        meter = make_meter()
        line = ScriptedLine(kind)
        async with polling(line, meter) as bus:
            await bus.update()
            for size in range(12):
                line.script = iter([cut(size)])
                update = await bus.update()
                assert not any(map(isnan, update.values))
                assert values(meter.readings) == right(meter)

    virtual_time.run(run())


@pytest.mark.parametrize("kind", [Framing.RTU, Framing.ASCII])
def test_a_flipped_bit_is_asked_again(kind: Framing) -> None:
    async def run() -> None:
        meter = make_meter()
        line = ScriptedLine(kind)
        async with polling(line, meter) as bus:
            await bus.update()
            for bit in range(0, 104, 3):
                line.script = iter([flip(bit)])
                update = await bus.update()
                assert no_wrong_value(meter)
                assert meter.readings.online
                assert not any(map(isnan, update.values))

    virtual_time.run(run())


@pytest.mark.parametrize("kind", Framing)
def test_a_silent_device_goes_offline_and_comes_back(kind: Framing) -> None:
    async def run() -> None:
        meter = make_meter()
        line = ScriptedLine(kind)
        async with polling(line, meter) as bus:
            await bus.update()
            line.by_unit[1] = drop
            asked = len(line.asked)
            await bus.until(online=False)
            assert len(line.asked) - asked == ATTEMPTS
            assert values(meter.readings) == {}
            del line.by_unit[1]
            await bus.update()
            assert meter.readings.online
            assert values(meter.readings) == right(meter)

    virtual_time.run(run())


def test_a_dead_device_is_probed_once_after_growing_pauses() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.MBAP)
        line.by_unit[1] = drop
        async with polling(line) as bus:
            await bus.wait(400)
        times = [asked.when for asked in line.asked]
        assert [round(later - earlier) for earlier, later in pairwise(times)][:9] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
        assert max(later - earlier for earlier, later in pairwise(times)) <= LONGEST_PAUSE + TIMEOUT + 0.01

    virtual_time.run(run())


def test_the_living_go_on_beside_the_dead() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.RTU)
        line.by_unit[2] = line.by_unit[3] = drop
        alive, dead, other = make_meter(1), make_meter(2), make_meter(3)
        async with polling(line, alive, dead, other) as bus:
            await bus.wait(60.5)
            assert alive.readings.version == 61
            assert (dead.readings.version, other.readings.version) == (0, 0)
            assert dead.readings.requests == 6  # after 0, 1, 3, 7, 15 and 31 s
            del line.by_unit[2]
            await bus.until(online=True, unit=2)
            assert values(dead.readings) == right(dead)
            assert not other.readings.online

    virtual_time.run(run())


@pytest.mark.parametrize("kind", Framing)
@pytest.mark.parametrize("code", [2, 3])
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
            assert sorted(meter.refused) == sorted(NAMES[ADDRESSES.index(at)] for at in refused)
            asked, errors = len(line.asked), meter.readings.errors
            await bus.wait(10)
            again = {asked.place for asked in line.asked[asked:]}
            assert all(at not in range(place, place + count) for place, count in again for at in refused)
            assert meter.readings.errors == errors

    virtual_time.run(run())


def test_a_gap_that_may_not_be_read_costs_no_register() -> None:
    async def run() -> None:
        meter = make_meter(addresses=(0, 2, 4))
        assert [str(block) for block in meter.plan] == ["3:0+5"]
        line = ScriptedLine(Framing.MBAP)
        line.by_unit[1] = refuse(1, 3)
        async with polling(line, meter) as bus:
            await bus.until(online=True)
            assert meter.refused == []
            assert len(values(meter.readings)) == 3
            assert line.places == [(0, 5), (0, 1), (2, 1), (4, 1)]

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
            assert meter.plan == list(meter.whole_plan)
            await bus.wait(60)
            assert len(line.asked) == 6 * one_round
            del line.by_unit[1]
            await bus.until(online=True)
            assert values(meter.readings) == right(meter)
            assert meter.refused == []

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
            await bus.update()
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


def test_a_late_answer_of_one_read_is_never_that_of_another() -> None:
    async def run() -> None:
        meter = make_meter(addresses=(0, 100, 200))
        line = ScriptedLine(Framing.RTU)
        async with polling(line, meter) as bus:
            for delay in (0.031, 0.04, 0.05, 0.07, 0.2, 0.9):
                line.script = iter([late(delay), late(delay), late(delay / 2), good])
                for _ in range(4):
                    await bus.wait(1)
                    assert (
                        values(meter.readings).items()
                        <= {name: word(1, 3, at) for name, at in zip(NAMES, (0, 100, 200), strict=False)}.items()
                    )
            await bus.wait(10)
            assert len(values(meter.readings)) == 3

    virtual_time.run(run())


@pytest.mark.parametrize("kind", Framing)
@pytest.mark.parametrize("after", [0, 1, 6, 9])
def test_a_line_that_is_lost_is_opened_again(kind: Framing, after: int) -> None:
    async def run() -> None:
        meter = make_meter()
        line = ScriptedLine(kind)
        async with polling(line, meter) as bus:
            await bus.update()
            for fault in range(1, 4):
                line.script = iter([hang_up(after)])
                await bus.update()
                assert line.opened == 1 + fault
                assert values(meter.readings) == right(meter)

    virtual_time.run(run())


def test_a_line_that_is_lost_once_puts_nobody_offline() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.MBAP)
        meters = make_meter(1), make_meter(2)
        async with polling(line, *meters) as bus:
            await bus.wait(5.5)
            line.script = iter([hang_up()])
            for _ in range(30):
                await bus.wait(0.1)
                assert all(meter.readings.online for meter in meters)
            assert line.opened == 2

    virtual_time.run(run())


def test_while_the_line_is_down_all_are_offline_and_pauses_grow() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.MBAP)
        meters = make_meter(1), make_meter(2)
        async with polling(line, *meters) as bus:
            await bus.wait(0.5)
            assert line.near is not None
            line.down = 5
            line.near.close()
            await bus.until(online=False)
            assert not any(meter.readings.online for meter in meters)
            start, opened = now(), line.opened
            await bus.until(online=True)
            assert 1 + 2 + 4 + 8 + 16 <= now() - start <= 32
            assert line.opened - opened == 5
            await bus.wait(2)
            assert all(values(meter.readings) == right(meter) for meter in meters)

    virtual_time.run(run())


def test_a_line_that_is_down_at_the_start_is_opened_later() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.MBAP)
        line.down = 3
        async with polling(line) as bus:
            assert await bus.until(online=True) >= 1000 + 1 + 2 + 4
            assert line.opened == 4

    virtual_time.run(run())


def test_a_gateway_that_closes_every_connection_is_not_run_down() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.MBAP)
        line.by_unit[1] = hang_up()
        async with polling(line) as bus:
            await bus.wait(600)
            assert line.opened <= 20
            assert not bus.meters[0].readings.online

    virtual_time.run(run())


@pytest.mark.parametrize("speaks", [b"", b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_who_hangs_up_or_chats_on_every_connection_is_not_run_down(speaks: bytes) -> None:
    opened = 0

    class Silent:
        def __init__(self, receiver: Receiver) -> None:
            self.close = lambda: None
            loop = asyncio.get_running_loop()
            loop.call_soon(receiver.data_received, speaks) if speaks else loop.call_soon(receiver.connection_lost, None)

        def write(self, data: bytes) -> None:
            """Nobody listens."""

    async def open_line(receiver: Receiver) -> Line:
        nonlocal opened
        opened += 1
        return Silent(receiver)

    async def run() -> None:
        line = ScriptedLine(Framing.MBAP)
        line.open = open_line  # type: ignore[method-assign]
        async with polling(line, make_meter(1), make_meter(2)) as bus:
            await bus.wait(600)
            assert not any(meter.readings.online for meter in bus.meters)

    virtual_time.run(run())
    assert 10 <= opened <= 40


def test_an_adapter_that_needs_the_user_ends_the_bus_only_at_the_start() -> None:
    failing = True
    line = ScriptedLine(Framing.MBAP)
    joined = line.open

    async def open_line(receiver: Receiver) -> Line:
        if failing:
            raise UsageError("/dev/ttyUSB0: no such serial device")
        return await joined(receiver)

    async def run() -> None:
        nonlocal failing
        line.open = open_line  # type: ignore[method-assign]
        with pytest.raises(UsageError, match=r"^/dev/ttyUSB0: no such serial device$"):
            async with polling(line) as bus:
                await bus.wait(5)
        failing = False
        async with polling(line) as bus:
            await bus.wait(0.5)
            failing = True
            assert line.near is not None
            line.near.close()
            await bus.wait(30)
            assert not bus.meters[0].readings.online
            failing = False
            await bus.until(online=True)

    virtual_time.run(run())


def test_cancelled_in_a_transaction_it_leaves_nothing() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.RTU)
        line.by_unit[1] = drop
        meter = make_meter()
        async with polling(line, meter):
            await asyncio.sleep(TIMEOUT / 2)
            assert len(line.asked) == 1

    virtual_time.run(run())  # fails if a task or a timer is left


def test_what_happens_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.MBAP)
        async with polling(line) as bus:
            await bus.update()
            line.by_unit[1] = drop
            await bus.wait(200)
            del line.by_unit[1]
            await bus.until(online=True)
            line.by_unit[1] = refuse(200)
            await bus.wait(30)
            line.down = 4
            assert line.near is not None
            line.near.close()
            await bus.wait(30)

    with caplog.at_level("INFO", logger="mbmd"):
        virtual_time.run(run())
    assert [record.getMessage() for record in caplog.records] == [
        "SDM1.1: online",
        "SDM1.1: offline, no answer",
        "SDM1.1: online",
        f"SDM1.1: {NAMES[-1]} is left out, register 3:200+1: exception 2 (illegal data address)",
        "meter:502: unplugged",
        "meter:502: connected again",
        "SDM1.1: online",
    ]


FAULTY = st.sampled_from([good, drop, exception(2), exception(3), exception(4), exception(11), of_unit(9), of_count(1)])
ANY = FAULTY | st.builds(hang_up, st.integers(0, 20))
DAMAGED = ANY | st.builds(cut, st.integers(0, 20)) | st.builds(flip, st.integers(0, 200))
DELAYS = st.floats(0, 0.9)


@pytest.mark.parametrize("kind", Framing)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_whatever_happens_no_wrong_value_is_committed_and_all_return(kind: Framing, data: st.DataObject) -> None:
    step = ANY if kind is Framing.MBAP else DAMAGED  # a TCP connection loses no bytes in its midst
    script = data.draw(st.lists(step | st.builds(late, DELAYS, step), max_size=8))

    async def run() -> None:
        line = ScriptedLine(kind, script)
        meters = make_meter(1), make_meter(2, (0, 100, 200))
        expected: list[dict[str, float]] = [
            right(meters[0]),
            {n: word(2, 3, at) for n, at in zip(NAMES, (0, 100, 200), strict=False)},
        ]
        async with polling(line, *meters) as bus:
            for seconds in [*[0.05] * 200, *[1.0] * 40, 200.0]:
                await bus.wait(seconds)
                for meter, whole in zip(meters, expected, strict=True):
                    assert values(meter.readings).items() <= whole.items()
            assert next(line.script, None) is None
            for meter, whole in zip(meters, expected, strict=True):
                assert meter.readings.online
                missing = set(whole) - set(values(meter.readings))
                assert missing == set(meter.refused)

    virtual_time.run(run())


@pytest.mark.parametrize("kind", [Framing.RTU, Framing.ASCII])
def test_others_go_on_while_reads_are_held_back_for_a_late_answer(kind: Framing) -> None:
    async def run() -> None:
        alike, other = make_meter(1, (0, 100, 200)), make_meter(2)
        line = ScriptedLine(kind)
        async with polling(line, alike, other, rate=0.1) as bus:
            await bus.wait(1)
            line.script = iter([drop])
            await bus.wait(0.15)
            before = [asked.unit for asked in line.asked]
            await bus.wait(0.8)
            since = [asked.unit for asked in line.asked][len(before) :]
            assert since.count(2) >= 3 * 6
            assert alike.readings.online
            assert len(values(alike.readings)) == 3
            await bus.wait(3)
            assert not alike.failures
            assert line.places[-20:].count((200, 1)) > 1

    virtual_time.run(run())


def test_a_device_that_returns_is_asked_for_what_it_refused_before() -> None:
    async def run() -> None:
        meter = make_meter()
        line = ScriptedLine(Framing.RTU)
        async with polling(line, meter) as bus:
            line.by_unit[1] = refuse(100)
            await bus.until(online=True)
            assert meter.refused
            line.by_unit[1] = drop
            await bus.until(online=False)
            del line.by_unit[1]
            await bus.until(online=True)
            assert values(meter.readings) == right(meter)
            assert not meter.refused

    virtual_time.run(run())
