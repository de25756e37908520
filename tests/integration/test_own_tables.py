"""Meters by tables of the user: one that extends a built-in type, one with everything; answered by pymodbus."""

import asyncio
import struct
from pathlib import Path
from typing import Any

import pytest

from mbmd.config.adapter import parse_adapter
from mbmd.devices.registry import Registry
from mbmd.simulator.site import serve
from tests.integration.meters import Meter, fetch, free_port, meters, polling, serving, until_complete, without_time

TABLES = Path(__file__).parents[1] / "cases" / "devices"
ADAPTERS = ["tcp://127.0.0.1:{port}", "rtu+tcp://127.0.0.1:{port}", "rtu://{folder}/bus?baudrate=115200"]


def words(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2)]


def garage() -> Meter:
    """The SDM630 of the cases, with the registers that its table adds."""
    [sdm] = meters("SDM")
    runs = {**sdm.registers["4"], "224": words(struct.pack(">f", 0.25))}
    values = {name: value for name, value in sdm.values.items() if not name.startswith(("THD", "PhaseAngle"))}
    values |= {"Export": sdm.values["Export"] / 1000, "Neutral": 0.25, "Serial": 4711}
    return Meter("garage", 5, {"3": {"64512": [0, 4711]}, "4": runs}, values)


HEAT_PUMP = Meter(
    "heatpump",
    7,
    {
        "3": {
            "100": [0x10000 - 1234, 1234, 2, 1, 950, 0, 0, 0, 0, 0, 0xA50D, 615, *[0] * 8, 1, 0x10000 - 2, 0x8000],
            "200": [*words(b"Aroma 3000\0\0\0\0\0\0"), *words(b"1v3.\0b\0\0")],
        },
        "4": {"0": [2305]},
    },
    {
        "Power": -12340,
        "Current": 12.34,
        "Heat": 655380,
        "Mode": 5,
        "Defrost": 1,
        "Stage": 0xA5,
        "Outside": 11.5,
        "Model": "Aroma 3000",
        "Firmware": "v1.3b",
        "Pump": 1,
        "Heater": 0,
        "Alarm": 1,
        "Voltage": 230.5,
    },
    {"1": [at == 3 for at in range(16)], "2": [at == 0 for at in range(16)]},
)


@pytest.mark.parametrize("url", ADAPTERS)
def test_values_are_true_on_every_line(url: str) -> None:
    served = [garage(), HEAT_PUMP]

    async def run() -> tuple[dict[str, dict[str, Any]], dict[str, Any], dict[str, Any]]:
        async with serving(url, served) as adapter, polling(adapter, served, tables=(TABLES,)) as api:
            last = await until_complete(api, served)
            one = await asyncio.to_thread(fetch, f"{api}/last/HEATPUMP1.7")
            return last, one, await asyncio.to_thread(fetch, f"{api}/avg/HEATPUMP1.7")

    last, one, mean = asyncio.run(run())
    assert {device: without_time(values) for device, values in last.items()} == {
        "GARAGE1.5": garage().values,
        "HEATPUMP1.7": HEAT_PUMP.values,
    }
    assert list(without_time(one)) == sorted(HEAT_PUMP.values)
    assert without_time(mean).keys() == HEAT_PUMP.values.keys() - {"Model", "Firmware"}


@pytest.mark.parametrize("url", ["mock", "127.0.0.1:{port}", "rtu://{folder}/bus?baudrate=115200"])
def test_simulated_meters_of_own_types_are_read_whole(url: str, tmp_path: Path) -> None:
    adapter = parse_adapter(url.format(port=free_port(), folder=tmp_path))
    types = [Registry([TABLES]).get(name) for name in ("garage", "heatpump")]
    polled = [Meter(made.type, unit, {}, dict.fromkeys(made.measurements, 0)) for unit, made in enumerate(types, 1)]

    async def run() -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
        served = {} if url == "mock" else {adapter: [(made, unit) for unit, made in enumerate(types, 1)]}
        async with serve(served), polling(adapter, polled, tables=(TABLES,)) as api:
            return await until_complete(api, polled), await asyncio.to_thread(fetch, f"{api}/status")

    last, status = asyncio.run(run())
    read = [without_time(last[device]).keys() for device in ("GARAGE1.1", "HEATPUMP1.2")]
    assert read == [made.measurements.keys() for made in types]
    assert last["HEATPUMP1.2"]["Model"] == "simulated Model"
    assert {last["HEATPUMP1.2"][name] for name in ("Pump", "Heater", "Alarm", "Defrost")} <= {0, 1}
    assert [meter["Refused"] for meter in status["Meters"]] == [[], []]
