"""The commands from another shell: simulate, run, demo; their stops and their refusals."""

import asyncio
import json
import re
import shlex
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from mbmd.devices.registry import BUILT_IN
from mbmd.simulator.house import EFFICIENCY
from tests.integration.command import mbmd, readings, running, until
from tests.integration.meters import fetch, free_port


def names(device_type: str) -> set[str]:
    return {register.measurement for register in BUILT_IN.get(device_type).registers}


def test_run_polls_what_simulate_serves(tmp_path: Path) -> None:
    port, api = free_port(), f"127.0.0.1:{free_port()}"
    bus = tmp_path / "bus"
    simulate = ("simulate", "-a", f"127.0.0.1:{port}", "-a", f"rtu://{bus}?baudrate=115200", "-d", "sdm:1,janitza:26")
    with running(tmp_path / "simulate", *simulate) as simulator:
        simulator.until_output(str(bus))
        hints = re.findall(r"mbmd run -a (\S+) -d (\S+)", simulator.output)
        assert len(hints) == 2
        devices = ",".join(
            f"{spec}@{adapter}"
            for quoted, specs in hints
            for adapter in shlex.split(quoted)
            for spec in specs.split(",")
        )
        with running(tmp_path / "run", "run", "-d", devices, "--api", api, "-r", "100ms") as daemon:
            last = readings(api, 4, daemon)
            assert set(last) == {"SDM1.1", "JANITZA1.26", "SDM2.1", "JANITZA2.26"}
            for device, values in last.items():
                assert set(values) - {"Timestamp", "Unix"} == names(device.partition(".")[0][:-1])
                assert 200 < values["VoltageL1"] < 260
            assert daemon.stop(signal.SIGTERM)[0] == 0
        assert simulator.stop(signal.SIGINT)[0] == 0
    assert not bus.is_symlink()


def test_a_dead_meter_and_a_noisy_line_leave_the_others_alone(tmp_path: Path) -> None:
    api, bus = f"127.0.0.1:{free_port()}", tmp_path / "bus"
    simulate = (
        "simulate",
        "-a",
        f"rtu://{bus}?baudrate=115200",
        "-d",
        "sdm:1,abb:2",
        "--loss",
        "0.1",
        "--corrupt",
        "0.1",
    )
    with running(tmp_path / "simulate", *simulate) as simulator:
        simulator.until_output(str(bus))
        run = (
            "run",
            "-a",
            f"rtu://{bus}?baudrate=115200",
            "-d",
            "sdm:1,abb:2,sdm:9",
            "--api",
            api,
            "-r",
            "0",
            "--timeout",
            "50ms",
        )
        with running(tmp_path / "run", *run) as daemon:
            last = readings(api, 2, daemon)
            until(lambda: fetch(f"http://{api}/api/status")["Modbus"]["TotalModbusRequests"] > 200 or None, daemon)
            meters = {meter["Device"]: meter for meter in fetch(f"http://{api}/api/status")["Meters"]}
            assert meters["SDM1.9"]["Online"] is False
            assert meters["SDM1.1"]["Errors"] > 0
            assert meters["SDM1.1"]["Requests"] > 5 * meters["SDM1.9"]["Requests"]
            assert all(200 < values["VoltageL1"] < 260 for values in last.values())
            assert daemon.log.count("SDM1.9: offline") == 1
            assert daemon.stop(signal.SIGINT)[0] == 0


def test_a_stop_is_clean_and_quick_with_clients_connected(tmp_path: Path) -> None:
    api = f"127.0.0.1:{free_port()}"

    async def listen_until_closed(stop: Callable[[int], tuple[int, float]]) -> tuple[dict[str, object], int, float]:
        async with connect(f"ws://{api}/ws") as websocket:
            seen: dict[str, dict[str, object]] = {}
            while len(seen) < 2:
                message = json.loads(await websocket.recv())
                seen["reading" if "Device" in message else "status"] = message
            code, seconds = await asyncio.to_thread(stop, signal.SIGTERM)
            return seen["reading"], code, seconds

    with running(tmp_path, "run", "-a", "mock", "-d", "sdm:1", "--api", api, "--raw") as daemon:
        readings(api, 1, daemon)
        reading, code, seconds = asyncio.run(listen_until_closed(daemon.stop))
        assert set(reading) == {"Device", "Value", "IEC61850", "Description", "Timestamp"}
        assert code == 0
        assert seconds < 10, "two seconds are promised; a loaded machine gets some more"
        assert re.search(r"\d\d:\d\d:\d\d,\d{3} INFO +mock > 00 01 00 00 00 06 01 04 ", daemon.log)
        assert " mock < 00 01 00 00 " in daemon.log
        assert "Traceback" not in daemon.log


def test_demo_shows_readings_of_all_its_meters(tmp_path: Path) -> None:
    api = f"127.0.0.1:{free_port()}"
    with running(tmp_path, "demo", "--api", api) as demo:
        demo.until_output("stop with Ctrl-C")
        last = readings(api, 10, demo)
        assert f"http://{api}/ " in demo.output
        assert {device.partition(".")[0][-1] for device in last} == {"1", "2", "3", "4"}
        inverter, meter = last["SMA4.126"], last["SMA4.126.1"]
        assert inverter["Power"] == pytest.approx(EFFICIENCY * (inverter["DCPowerS1"] + inverter["DCPowerS2"]), abs=3)
        assert meter["Power"] == pytest.approx(sum(meter[f"PowerL{n}"] for n in (1, 2, 3)), abs=3)
        assert demo.stop(signal.SIGINT)[0] == 0
    assert "Traceback" not in demo.log


REFUSED = {
    "no such port": (("-a", "/dev/ttyMISSING", "-d", "sdm:1"), "/dev/ttyMISSING: no such serial device"),
    "not a port": (("-a", "/dev/null", "-d", "sdm:1"), "/dev/null is not a serial device"),
    "unknown type": (("-a", "mock", "-d", "smd:1"), "did you mean"),
    "bad unit": (("-a", "/dev/ttyUSB0", "-d", "sdm:248"), "unit 248 is outside 1 to 247"),
    "no unit": (("-a", "mock", "-d", "sdm"), "device 'sdm' is not TYPE:UNIT"),
    "no devices": (("-a", "mock"), "no devices: name them with -d"),
    "no adapter": (("-d", "sdm:1"), "has no adapter"),
    "twice": (("-a", "mock", "-d", "sdm:1,SDM:1"), "is given twice"),
    "two on one unit": (("-a", "mock", "-d", "sdm:1,abb:1"), "two meters on unit 1 of mock: sdm and abb"),
    "duration": (("-a", "mock", "-d", "sdm:1", "-r", "soon"), "'soon' is not a duration"),
    "comset": (("-a", "mock", "-d", "sdm:1", "--comset", "7E2"), "--comset: '7E2' is not one of"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_start_is_one_clear_line(case: str) -> None:
    args, words = REFUSED[case]
    result = mbmd("run", "--api", f"127.0.0.1:{free_port()}", *args)
    assert result.returncode == 2, result.stderr
    lines = [line for line in result.stderr.splitlines() if " INFO " not in line]
    assert len(lines) == 1
    assert lines[0].startswith("mbmd: ")
    assert words in lines[0]


def test_a_port_in_use_is_said_before_anything_is_polled() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        api = f"127.0.0.1:{other.getsockname()[1]}"
        result = mbmd("run", "-a", "mock", "-d", "sdm:1", "--api", api)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert f"--api {api}" in result.stderr
    assert "in use" in result.stderr
