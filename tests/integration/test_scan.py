"""Scans of simulated buses over every carrier, and the command from another shell."""

import asyncio
import json
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from mbmd.config.adapter import Adapter, parse_adapter
from mbmd.devices.identify import Identifier
from mbmd.devices.registry import BUILT_IN
from mbmd.scan.bus import Survey, scan
from mbmd.simulator.faults import NO_FAULTS, Faults
from mbmd.simulator.site import Meters, serve
from mbmd.simulator.slaves import Gaps
from tests.integration.command import PATIENCE, ROOT, mbmd, running, until
from tests.integration.meters import Meter, free_port, meters, serving
from tests.simulated_units import TYPES
from tests.unit.scan import inverters
from tests.unit.scan.inverters import INVERTER
from tests.unit.scan.lines import Log

SEVERAL = [(BUILT_IN.get(name), unit) for name, unit in (("SDM", 2), ("JANITZA", 3), ("SDM72", 5), ("ORNO1P504", 6))]
MADE = {unit: device.type for device, unit in SEVERAL}


async def surveyed(adapter: Adapter, units: Sequence[int], sunspec: bool = False, patience: float = 0.1) -> Survey:
    survey = Survey(adapter)
    await scan(survey, units, Identifier(TYPES), sunspec, patience, Log())
    return survey


def found(
    url: str, units: range, gaps: Gaps = Gaps.STRICT, faults: Faults = NO_FAULTS, meters: Meters = SEVERAL
) -> dict[int, tuple[str, ...]]:
    """The types of the devices found on a simulated bus."""

    async def main() -> Survey:
        async with serve({parse_adapter(url): meters}, gaps, faults) as [adapter]:
            return await surveyed(adapter, units)

    return {portrait.unit: portrait.types for portrait in asyncio.run(main()).found}


@pytest.mark.parametrize("scheme", ["tcp", "rtu+tcp", "ascii+tcp", "rtu+udp"])
def test_meters_on_a_network_are_found(scheme: str) -> None:
    types = found(f"{scheme}://127.0.0.1:{free_port()}", range(1, 8))
    assert {unit: names[0] for unit, names in types.items()} == MADE


@pytest.mark.parametrize("scheme", ["rtu", "ascii"])
def test_meters_on_a_serial_line_are_found(scheme: str, tmp_path: Path) -> None:
    types = found(f"{scheme}://{tmp_path}/bus?baudrate=115200", range(1, 8))
    assert {unit: names[0] for unit, names in types.items()} == MADE


@pytest.mark.parametrize("gaps", list(Gaps))
def test_every_type_is_found_as_what_it_is(gaps: Gaps) -> None:
    everyone = [(device, unit) for unit, device in enumerate(TYPES, 1)]
    types = found(f"tcp://127.0.0.1:{free_port()}", range(1, len(TYPES) + 2), gaps, meters=everyone)
    assert len(types) == len(TYPES)
    assert all(device.type in types[unit] for device, unit in everyone)


def test_lost_and_damaged_answers_hide_no_meter(tmp_path: Path) -> None:
    faults = Faults(loss=0.03, corrupt=0.03, noise=0.03, seed=3)
    types = found(f"rtu://{tmp_path}/bus?baudrate=115200", range(1, 5), faults=faults, meters=SEVERAL[:2])
    assert types == {2: ("SDM", "X961A"), 3: ("JANITZA",)}


@pytest.mark.parametrize("scheme", ["tcp", "rtu+tcp", "ascii+tcp", "rtu+udp", "rtu", "ascii"])
def test_sunspec_devices_are_found_beside_meters(scheme: str) -> None:
    image = inverters.image([(1, inverters.texts(INVERTER)), (103, [0] * 50)])
    registers = {"3": {"40000": list(image.values())}}
    url = (
        f"{scheme}://{{folder}}/bus?baudrate=115200" if scheme in ("rtu", "ascii") else f"{scheme}://127.0.0.1:{{port}}"
    )

    async def main() -> Survey:
        async with serving(url, [Meter("SUNSPEC", 126, registers, {}), *meters("JANITZA")]) as adapter:
            units = [meters("JANITZA")[0].unit, 125, 126]
            return await surveyed(adapter, units, sunspec=True)

    made = asyncio.run(main())
    assert [portrait.types[0] for portrait in made.found] == ["JANITZA", "SMA"]
    assert inverters.found(made, 1) == ((0, INVERTER, (1, 103)),)


def test_the_command_finds_what_simulate_serves_and_says_how_to_poll_it(tmp_path: Path) -> None:
    bus = tmp_path / "bus"
    adapter = f"rtu://{bus}?baudrate=115200"
    with running(tmp_path / "simulate", "simulate", "-a", adapter, "-d", "sdm:21,janitza:26") as simulator:
        simulator.until_output(str(bus))
        done = mbmd("scan", "-a", adapter, "--ids", "20-28", "--timeout", "100ms")
        assert (done.returncode, done.stderr) == (0, "")
        lines = done.stdout.splitlines()
        assert next(line for line in lines if line.startswith("#")).startswith("#21 type SDM at 115200 8N1: ")
        summary = lines[lines.index("found 2 active devices:") :]
        assert re.match(r"\* #21 type SDM ", summary[1])
        assert re.match(r"\* #26 type JANITZA ", summary[2])
        (command,) = (line for line in lines if "mbmd run" in line)
        assert shlex.split(command) == ["mbmd", "run", "-a", adapter, "-d", "sdm:21,janitza:26"]


def test_what_was_found_is_not_asked_for_at_other_speeds(tmp_path: Path) -> None:
    bus = tmp_path / "bus"
    with running(tmp_path / "simulate", "simulate", "-a", f"rtu://{bus}?baudrate=115200", "-d", "sdm:2") as simulator:
        simulator.until_output(str(bus))
        # A pseudo terminal does not mind the speed: the first is as good as any.
        speeds = ("--baudrates", "57600,115200", "--comsets", "8N1,8E1")
        done = mbmd("scan", "-a", str(bus), "--ids", "1-2", "--timeout", "100ms", "--json", *speeds)
    document = json.loads(done.stdout)
    (device,) = document["devices"]
    assert (device["id"], device["type"], device["baudrate"], device["comset"]) == (2, "SDM", 57600, "8N1")
    # Beside those of the device, of which 3 are for markers: id 1 at four settings, and id 2 at the first alone.
    assert document["requests"] == 4 + 20 + 7 + 3


def test_json_is_one_document_on_standard_output() -> None:
    port = free_port()

    async def main() -> "subprocess.CompletedProcess[str]":
        async with serve({parse_adapter(f"127.0.0.1:{port}"): SEVERAL}):
            return await asyncio.to_thread(mbmd, "scan", "-a", f"127.0.0.1:{port}", "--ids", "1-9", "--json")

    done = asyncio.run(main())
    document = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert {device["id"]: device["type"] for device in document["devices"]} == MADE
    assert document["complete"] is True
    assert document["requests"] > 0


@pytest.mark.parametrize("as_json", [False, True])
def test_an_interrupt_ends_the_scan_with_what_was_found(tmp_path: Path, as_json: bool) -> None:
    bus = tmp_path / "bus"
    adapter = f"rtu://{bus}?baudrate=115200"
    with running(tmp_path / "simulate", "simulate", "-a", adapter, "-d", "sdm:1") as simulator:
        simulator.until_output(str(bus))
        with running(tmp_path / "scan", "scan", "--raw", "-a", adapter, *(["--json"] if as_json else [])) as command:
            # Frames are logged: that of id 2 is sent when id 1 has been found.
            until(lambda: " > 02 04" in command.log or None, command)
            code, _ = command.stop(signal.SIGINT)
        assert code == 130
        if as_json:
            document = json.loads(command.output)
            assert (document["complete"], [device["id"] for device in document["devices"]]) == (False, [1])
        else:
            assert "found 1 active devices:" in command.output
            assert "did not come to its end" in command.output


def test_nothing_found_is_exit_code_1() -> None:
    port = free_port()

    async def main() -> "subprocess.CompletedProcess[str]":
        async with serve({parse_adapter(f"127.0.0.1:{port}"): SEVERAL}):
            return await asyncio.to_thread(mbmd, "scan", "-a", f"127.0.0.1:{port}", "--ids", "50-60")

    done = asyncio.run(main())
    assert done.returncode == 1
    assert done.stdout.startswith("found 0 active devices:")
    assert "mbmd run" not in done.stdout


@pytest.mark.parametrize(("adapter", "code"), [("/dev/no-such-device", 2), ("127.0.0.1:1", 1)])
def test_a_bus_that_is_not_there_is_one_error(adapter: str, code: int) -> None:
    done = mbmd("scan", "-a", adapter)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("mbmd: ")
    assert "Traceback" not in done.stderr


def test_a_terminal_gets_a_bar_and_found_devices_above_it() -> None:
    port = free_port()

    async def main() -> str:
        async with serve({parse_adapter(f"127.0.0.1:{port}"): SEVERAL}):
            return await asyncio.to_thread(on_terminal, "scan", "-a", f"127.0.0.1:{port}", "--ids", "1-9")

    shown = asyncio.run(main())
    above, _, below = shown.partition("found 4 active devices:")
    assert "4 found" in above
    assert above.count("#2 type SDM: ") == below.count("* #2 type SDM: ") == 1


def on_terminal(*args: str) -> str:
    """What a command that succeeds shows on a terminal."""
    master, slave = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "160"}
    process = subprocess.Popen([sys.executable, "-m", "mbmd", *args], cwd=ROOT, stdout=slave, stderr=slave, env=env)
    shown = b""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        is_over = process.poll() is not None
        while select.select([master], [], [], 0.05)[0]:
            shown += os.read(master, 4096)
        if is_over:
            break
    os.close(slave)
    os.close(master)
    assert process.wait(0) == 0
    return shown.decode()
