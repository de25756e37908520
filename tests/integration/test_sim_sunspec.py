"""Simulated SunSpec devices read by others: pysunspec2's client over the network, pymodbus's over every carrier."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING, Any

import pytest
from pymodbus import FramerType
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP  # type: ignore[import-untyped]

from mbmd.config.adapter import Adapter, Framing, Medium, parse_adapter
from mbmd.simulator.house import House, Moment
from mbmd.simulator.image_file import fixed
from mbmd.simulator.inverter import inverter
from mbmd.simulator.site import serve
from mbmd.simulator.slaves import Slaves
from mbmd.simulator.sun import Day
from tests.integration.command import mbmd, running
from tests.integration.meters import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAY = Day(600, 0.5)
NOON, NIGHT = 30.0, 240.0
HOUSE = House("SMA:126", DAY)


def seen(time: float) -> dict[int, list[Any]]:
    """The models that pysunspec2 finds in an inverter whose clock stands still."""

    async def main() -> dict[int, list[Any]]:
        slaves = Slaves([(inverter("sma", 126, DAY), 126)], clock=lambda: time)
        server = await slaves.listen(Medium.TCP, Framing.MBAP, "127.0.0.1")
        try:
            return await asyncio.to_thread(scan, server.port)
        finally:
            await server.shutdown()

    return asyncio.run(asyncio.wait_for(main(), 60))


def scan(port: int) -> dict[int, list[Any]]:
    device = SunSpecModbusClientDeviceTCP(slave_id=126, ipaddr="127.0.0.1", ipport=port, timeout=20)
    try:
        device.scan()
        return {number: models for number, models in device.models.items() if isinstance(number, int)}
    finally:
        device.close()


def values(group: Any) -> dict[str, Any]:
    """The scaled values of a model or a group in it."""
    return {name: point.cvalue for name, point in group.points.items()}


@pytest.fixture(scope="module")
def noon() -> dict[int, list[Any]]:
    return seen(NOON)


def test_an_inverter_reads_back_as_its_physics_say(noon: dict[int, list[Any]]) -> None:
    moment, read = HOUSE.at(NOON), values(noon[103][0])
    expected = {
        "W": (sum(phase.active for phase in moment.phases), 0.5),
        "VA": (sum(phase.apparent for phase in moment.phases), 0.5),
        "VAr": (sum(phase.reactive for phase in moment.phases), 0.5),
        "PF": (99.5, 0.005),
        "A": (sum(phase.current for phase in moment.phases), 0.005),
        "Hz": (moment.frequency, 0.005),
        "WH": (moment.energy, 0.5),
        "DCW": (sum(string.power for string in moment.strings), 0.5),
        "DCA": (sum(string.current for string in moment.strings), 0.005),
        "TmpCab": (moment.temperature, 0.05),
        **{f"Aph{name}": (phase.current, 0.005) for name, phase in zip("ABC", moment.phases, strict=True)},
        **{f"PhVph{name}": (phase.voltage, 0.05) for name, phase in zip("ABC", moment.phases, strict=True)},
        "PPVphCA": (moment.line_voltage(2, 0), 0.05),
    }
    for name, (value, resolution) in expected.items():
        assert read[name] == pytest.approx(value, abs=resolution * 1.001), name
    assert read["DCV"] * read["DCA"] == pytest.approx(read["DCW"], rel=1e-3)
    assert (read["St"], read["TmpSnk"]) == (4, None)


def test_its_strings_and_its_meter_do_too(noon: dict[int, list[Any]]) -> None:
    moment = HOUSE.at(NOON)
    [model] = noon[160]
    for string, group in zip(moment.strings, model.groups["module"], strict=True):
        read = values(group)
        assert read["IDStr"] == string.name
        assert read["DCW"] == pytest.approx(string.power, abs=0.501)
        assert read["DCV"] == pytest.approx(string.voltage, abs=0.0501)
        assert read["DCA"] == pytest.approx(string.current, abs=0.00501)
        assert read["DCWH"] == pytest.approx(string.energy, abs=0.501)
    check_meter(moment, values(noon[203][0]))
    assert [values(common)["Md"] for common in noon[1]] == ["STP8.0-3AV-40", "Energy Meter"]


def check_meter(moment: Moment, read: dict[str, Any]) -> None:
    for phase, flow in zip(("", "A", "B", "C"), (moment.total, *moment.grid), strict=True):
        of_phase, counter = (f"ph{phase}", f"Ph{phase}") if phase else ("", "")
        assert read[f"W{of_phase}"] == pytest.approx(flow.active, abs=0.501)
        assert read[f"VAR{of_phase}"] == pytest.approx(flow.reactive, abs=0.501)
        assert read[f"PF{of_phase}"] == pytest.approx(100 * flow.cosphi, abs=0.00501)
        assert read[f"PhV{of_phase}"] == pytest.approx(flow.voltage, abs=0.0501)
        assert read[f"TotWhImp{counter}"] == pytest.approx(flow.imported, abs=0.501)
        assert read[f"TotWhExp{counter}"] == pytest.approx(flow.exported, abs=0.501)
    assert read["A"] == pytest.approx(sum(flow.current for flow in moment.grid), abs=0.00501)


def test_at_night_an_inverter_has_nothing_of_the_sun_but_its_counters() -> None:
    models, moment = seen(NIGHT), HOUSE.at(NIGHT)
    read = values(models[103][0])
    assert [read[name] for name in ("DCA", "DCV", "DCW", "PF", "TmpCab")] == [None] * 5
    assert (read["W"], read["A"], read["St"]) == (0, 0, 2)
    assert read["WH"] == pytest.approx(moment.energy, abs=0.501)
    for string, group in zip(moment.strings, models[160][0].groups["module"], strict=True):
        of_string = values(group)
        assert [of_string[name] for name in ("DCA", "DCV", "DCW")] == [None] * 3
        assert (of_string["DCWH"], of_string["DCSt"]) == (pytest.approx(string.energy, abs=0.501), 2)
    meter = values(models[203][0])
    assert meter["W"] > 0
    check_meter(moment, meter)


WORDS = {40000 + n: (n * 7919) % 65536 for n in range(300)}


@pytest.mark.parametrize("scheme", ["tcp://127.0.0.1:{}", "rtu+tcp://127.0.0.1:{}", "rtu://{}?baudrate=115200"])
def test_images_are_served_on_every_carrier(scheme: str, tmp_path: Path) -> None:
    adapter = parse_adapter(scheme.format(tmp_path / "line" if "baudrate" in scheme else free_port()))

    async def main() -> None:
        async with serve({adapter: [(fixed(WORDS), 126)]}):
            client = connected(adapter)
            assert await client.connect()
            answer = await client.read_holding_registers(40007, count=125, device_id=126)
            assert answer.registers == [WORDS[at] for at in range(40007, 40132)]
            assert (await client.read_holding_registers(40299, count=2, device_id=126)).exception_code == 2
            client.close()
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(main(), 60))


def connected(adapter: Adapter) -> AsyncModbusTcpClient | AsyncModbusSerialClient:
    if adapter.medium is Medium.SERIAL:
        return AsyncModbusSerialClient(adapter.address, framer=FramerType.RTU, baudrate=115200, timeout=10)
    framer = FramerType.SOCKET if adapter.framing is Framing.MBAP else FramerType.RTU
    return AsyncModbusTcpClient(adapter.host, port=adapter.port, framer=framer, timeout=10)


@pytest.fixture
def image(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        path = tmp_path / "image.json"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_the_command_serves_files_beside_devices_and_tells_how_to_poll_them(
    tmp_path: Path, image: Callable[[str], str]
) -> None:
    words = list(inverter("kaco", 3, DAY).image(NOON)[3].values())
    path, port = image(json.dumps({"units": {"5": {"100": words}}})), free_port()
    argv = ("simulate", "-a", f"127.0.0.1:{port}", "--sunspec", path, "-d", "sma:126", "--time", "12:00")
    with running(tmp_path / "simulate", *argv) as simulator:
        simulator.until_output("poll with")
        devices = "SMA:126,SMA:126.1,SUNSPEC:5?bases=100,SUNSPEC:5.1?bases=100"
        assert simulator.output == (
            f"127.0.0.1:{port}: {devices}; poll with: mbmd run -a tcp://127.0.0.1:{port} -d '{devices}'\n"
        )
        assert set(scan(port)) == {1, 103, 160, 203}
        assert simulator.stop(signal.SIGTERM)[0] == 0
    assert simulator.log == ""


def test_the_command_refuses_a_bad_file_in_one_line(image: Callable[[str], str]) -> None:
    path = image('{"units": {"126": {"40000": [1, 70000]}}}')
    result = mbmd("simulate", "-a", f"127.0.0.1:{free_port()}", "--sunspec", path)
    assert result.returncode == 2
    assert result.stderr == f"mbmd: {path}: unit 126, address 40001: 70000 is no register from 0 to 65535\n"
