"""Lines that go down under a poller and come back."""

import asyncio
from itertools import pairwise

import pytest

from mbmd.config.adapter import Framing
from mbmd.errors import UsageError
from mbmd.transport.line import Line, Receiver
from tests import virtual_time
from tests.polled_bus import (
    RATE,
    make_meter,
    polling,
    right,
    values,
)
from tests.scripted import (
    Asked,
    FarEnd,
    ScriptedLine,
    drop,
    good,
    hang_up,
)
from tests.virtual_time import now


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


def test_a_line_that_is_lost_once_does_not_make_the_living_wait_like_the_dead() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.MBAP)
        line.by_unit[2] = drop
        alive, dead = make_meter(1), make_meter(2, timeout=3.0)
        async with polling(line, alive, dead) as bus:
            while dead.readings.requests < 2:
                await bus.wait(0.1)
            await bus.wait(4)

            def hang(far: FarEnd, asked: Asked) -> None:
                del line.by_unit[1]
                line.down = 1
                hang_up()(far, asked)

            line.by_unit[1] = hang
            line.asked.clear()
            await bus.wait(10)
            times = [asked.when for asked in line.asked if asked.unit == 1]
            assert max(later - earlier for earlier, later in pairwise(times)) <= 1 + RATE
            assert alive.readings.online

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
            assert line.opened <= 30  # two a turn: after 0, 1, 3, 7, 15, 31, 63, 123, ... s
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
    assert 10 <= opened <= 60  # two a turn of each of two meters


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


def test_an_adapter_pulled_out_in_the_middle_of_a_request_does_not_end_the_bus() -> None:
    line = ScriptedLine(Framing.ASCII)
    joined, pulled = line.open, False

    async def open_line(receiver: Receiver) -> Line:
        if pulled:
            raise UsageError("/dev/ttyUSB0: no such serial device")
        return await joined(receiver)

    async def run() -> None:
        nonlocal pulled
        line.open = open_line  # type: ignore[method-assign]
        async with polling(line) as bus:
            await bus.until(online=True)
            pulled = True
            line.script = iter([hang_up(3)])
            await bus.until(online=False)
            await bus.wait(30)
            pulled = False
            await bus.until(online=True)

    virtual_time.run(run())


@pytest.mark.parametrize("kind", Framing)
def test_a_read_that_ends_the_line_costs_only_its_own_values(kind: Framing) -> None:
    async def run() -> None:
        meter = make_meter(addresses=(0, 100, 200))
        line = ScriptedLine(kind)
        line.by_unit[1] = lambda far, asked: (hang_up() if asked.address == 200 else good)(far, asked)
        async with polling(line, meter) as bus:
            await bus.wait(60)
            assert meter.readings.online
            assert values(meter.readings) == right(meter, 200)
            del line.by_unit[1]
            await bus.wait(120)
            assert values(meter.readings) == right(meter)

    virtual_time.run(run())
