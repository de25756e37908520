"""Answers without a number over TCP: a stream loses nothing, so only a new connection is free of late ones."""

import asyncio
from math import isnan

import pytest

from mbmd.bus.meter import WITHDRAWN_AFTER
from mbmd.config.adapter import parse_adapter
from tests import virtual_time
from tests.polled_bus import NAMES, TIMEOUT, make_meter, polling, right, values
from tests.scripted import Asked, FarEnd, ScriptedLine, Step, drop, good, hang_up, late, word

ALIKE = (0, 100, 200)
STREAMS = (
    "rtu+tcp://gateway:23?baudrate=115200",
    "ascii+tcp://gateway:23?baudrate=115200",
    "tcp://gateway:502?transaction_ids=false",
)


def stream(url: str) -> ScriptedLine:
    adapter = parse_adapter(url)
    line = ScriptedLine(adapter.framing)
    line.adapter = adapter
    return line


@pytest.mark.parametrize("url", STREAMS)
@pytest.mark.parametrize("seconds", [1.1 * TIMEOUT, 1.0, 2.2, 9.0])
def test_however_late_an_answer_is_it_is_never_that_of_another_read(url: str, seconds: float) -> None:
    truth = {name: word(1, 3, at) for name, at in zip(NAMES, ALIKE, strict=False)}

    async def run() -> None:
        meter, line = make_meter(addresses=ALIKE, rate=0.2), stream(url)
        async with polling(line, meter) as bus:
            for _ in range(3):
                line.script = iter([good, late(seconds), good, late(seconds)])
                for _ in range(int(seconds / 0.05) + 40):
                    await bus.wait(0.05)
                    assert values(meter.readings).items() <= truth.items()
            assert values(meter.readings) == truth

    virtual_time.run(run())


@pytest.mark.parametrize("url", [*STREAMS[:2], "tcp://gateway:502"])
def test_a_connection_that_brings_no_answers_is_replaced(url: str) -> None:
    async def run() -> None:
        meter, line = make_meter(), stream(url)
        async with polling(line, meter) as bus:
            await bus.until(online=True)
            line.by_unit[1] = dead_connection(line)
            await bus.until(online=False)
            await bus.until(online=True)
            assert values(meter.readings) == right(meter)

    virtual_time.run(run())


def dead_connection(line: ScriptedLine) -> Step:
    """Silence for as long as the present connection lasts."""
    opened = line.opened

    def step(far: FarEnd, asked: Asked) -> None:
        if line.opened > opened:
            good(far, asked)

    return step


def test_a_gateway_that_closes_after_each_answer_serves_all_reads() -> None:
    async def run() -> None:
        meter, line = make_meter(), stream("tcp://gateway:502")

        def answer_and_close(far: FarEnd, asked: Asked) -> None:
            good(far, asked)
            asyncio.get_running_loop().call_later(0.001, hang_up(), far, asked)

        line.by_unit[1] = answer_and_close
        async with polling(line, meter) as bus:
            await bus.until(online=True)
            await bus.wait(10)
            assert values(meter.readings) == right(meter)

    virtual_time.run(run())


@pytest.mark.parametrize("url", [STREAMS[0], STREAMS[2]])
def test_alike_reads_that_stop_answering_are_withdrawn(url: str, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        meter, line = make_meter(addresses=(0, 1, 100, 200)), stream(url)
        async with polling(line, meter) as bus:
            await bus.until(online=True)
            line.by_unit[1] = lambda far, asked: (good if asked.address == 0 else drop)(far, asked)
            await bus.wait(40 + 10 * WITHDRAWN_AFTER)
            assert set(values(meter.readings)) == set(NAMES[:2])
            assert isnan(meter.readings.latest[meter.readings.slots[NAMES[3]]])

    virtual_time.run(run())
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        f"SDM1.1: read 3:{at}+1 is not answered any more, its values are withdrawn" for at in (100, 200)
    ]
