"""Real values through every framing and carrier, answered by pymodbus."""

import asyncio

import pytest

from tests.integration.meters import all_meters, meters, polling, serving, until_complete, without_time

ADAPTERS = [
    "tcp://127.0.0.1:{port}",
    "rtu+tcp://127.0.0.1:{port}",
    "ascii+tcp://127.0.0.1:{port}",
    "rtu+udp://127.0.0.1:{port}",
    "rtu://{folder}/bus?baudrate=115200",
    "rtu://{folder}/bus?baudrate=38400&comset=8E1",
    "ascii://{folder}/bus?baudrate=115200",
]


@pytest.mark.parametrize("url", ADAPTERS)
def test_values_are_true_on_every_line(url: str) -> None:
    served = meters("ABB", "SDM", "CGEM24", "SEMTR")

    async def run() -> dict[str, dict[str, float]]:
        async with serving(url, served) as adapter, polling(adapter, served) as api:
            return await until_complete(api, served)

    last = asyncio.run(run())
    assert {device: without_time(values) for device, values in last.items()} == {
        f"{meter.type.upper()}1.{meter.unit}": meter.values for meter in served
    }


def test_all_types_behind_one_gateway() -> None:
    served = all_meters()

    async def run() -> dict[str, dict[str, float]]:
        async with serving("tcp://127.0.0.1:{port}", served) as adapter, polling(adapter, served) as api:
            return await until_complete(api, served)

    last = asyncio.run(run())
    assert len(served) >= 34
    assert sum(len(meter.values) for meter in served) >= 863
    for meter in served:
        assert without_time(last[f"{meter.type.upper()}1.{meter.unit}"]) == meter.values
