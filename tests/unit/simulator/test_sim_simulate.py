"""The command line of `mbmd simulate`, without simulating."""

import argparse
import re
from pathlib import Path

import pytest

from mbmd.cli import simulate
from mbmd.cli.faults import parse_faults
from mbmd.cli.simulate import announcement
from mbmd.cli.simulated import parse_day, plan
from mbmd.config.adapter import parse_adapter
from mbmd.errors import UsageError
from mbmd.simulator.faults import NO_FAULTS, Faults, Reads
from mbmd.simulator.image_file import ImageFile
from mbmd.simulator.sun import Day


def places(adapters: list[str], devices: list[str]) -> dict[str, list[str]]:
    buses = plan(adapters, devices, 9600, "8N1")
    return {
        adapter.address: [name for device in bus.values() for name in device.names] for adapter, bus in buses.items()
    }


def test_a_device_without_adapter_stands_on_each() -> None:
    assert places(["/run/m", "127.0.0.1:5020"], ["sdm:1,abb:2", "dzg:3@/run/m", "mpm:4@127.0.0.1:5021"]) == {
        "/run/m": ["SDM:1", "ABB:2", "DZG:3"],
        "127.0.0.1:5021": ["MPM:4"],
        "127.0.0.1:5020": ["SDM:1", "ABB:2"],
    }


def test_adapters_may_stand_with_the_devices_only() -> None:
    assert places([], ["sdm:1@tcp://[::1]:5020"]) == {"[::1]:5020": ["SDM:1"]}


IMAGE = ImageFile("a.json", {126: {40000: 1}, 0: {0: 1}})


def test_the_units_of_image_files_stand_on_each_adapter_of_its_own() -> None:
    buses = plan(["127.0.0.1:5020", "127.0.0.1:5021"], ["sdm:1@127.0.0.1:5021", "abb:2@/run/m"], 9600, "8N1", [IMAGE])
    assert {adapter.address: list(bus) for adapter, bus in buses.items()} == {
        "127.0.0.1:5020": [126, 0],
        "127.0.0.1:5021": [1, 126, 0],
        "/run/m": [2],
    }


def test_the_subdevices_of_sunspec_types_stand_on_one_unit() -> None:
    assert places(["127.0.0.1:5020"], ["Sma:126,sma:126.1", "suns:3.1"]) == {
        "127.0.0.1:5020": ["SMA:126", "SMA:126.1", "SUNS:3", "SUNS:3.1"]
    }


@pytest.mark.parametrize(
    ("adapters", "devices", "images", "message"),
    [
        ([], [], [IMAGE], "a.json: its devices have no adapter: give one with -a"),
        (["/run/m"], [], [IMAGE], "a.json: unit 0 is outside 1 to 247 on /run/m"),
        (
            ["127.0.0.1:5020"],
            ["sdm:126"],
            [IMAGE],
            "two meters on unit 126 of 127.0.0.1:5020: SDM and a.json",
        ),
        (["127.0.0.1:5020"], ["sunspec:126"], [IMAGE], "two meters on unit 126 of 127.0.0.1:5020: SUNSPEC and a.json"),
        (["127.0.0.1:5020"], [], [IMAGE, ImageFile("b.json", {0: {7: 1}})], "two meters on unit 0 of 127.0.0.1:5020: "),
        (["127.0.0.1:5020"], [], [IMAGE, IMAGE], "two meters on unit 126 of 127.0.0.1:5020: a.json and a.json"),
        (["127.0.0.1:5020"], ["sma:126.2"], [], "device sma:126.2: the last that is simulated is sma:126.1"),
        (["127.0.0.1:5020"], ["sma:126,kaco:126.1"], [], "two meters on unit 126 of 127.0.0.1:5020: SMA and KACO"),
        (["127.0.0.1:5020"], ["sdm:126,kaco:126.1"], [], "two meters on unit 126 of 127.0.0.1:5020: SDM and KACO"),
    ],
)
def test_sunspec_devices_that_cannot_be_simulated(
    adapters: list[str], devices: list[str], images: list[ImageFile], message: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        plan(adapters, devices, 9600, "8N1", images)


@pytest.mark.parametrize(
    ("adapters", "devices", "message"),
    [
        ([], [], "no devices"),
        ([], ["sdm:1"], "has no adapter"),
        (["/run/m"], ["sdm"], "is not TYPE:UNIT"),
        (["/run/m"], ["sdm:0"], "unit 0 is outside"),
        (["/run/m"], ["sdm:1,sdm:1"], "given twice"),
        (["/run/m"], ["sdm:1,abb:1@/run/m"], "two meters"),
        (["/run/m"], ["sdm:1.2"], "no subdevices"),
        (["rtu:///run/m"], ["sdm:1,sdm:2@ascii:///run/m"], "two settings"),
    ],
)
def test_what_cannot_be_simulated(adapters: list[str], devices: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        plan(adapters, devices, 9600, "8N1")


def parsed(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    simulate.add_parser(parser.add_subparsers())
    return parser.parse_args(["simulate", *argv])


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["-d", "sdn:2"], "did you mean"),
        (["--loss", "1.5"], "--loss 1.5 is not a share from 0 to 1"),
        (["--corrupt", "nan"], "--corrupt nan is not a share"),
        (["--noise", "-1"], "--noise -1 is not a share"),
        (["--delay", "5"], "--delay: '5' is not a duration: write it as 300ms"),
        (["--late-by", "soon"], "--late-by: 'soon' is not a duration"),
        (["--dead", "1,2"], "--dead 1,2: no simulated device has unit 2"),
        (["--dead", "one"], "--dead 'one' is not a list of numbers up to 255, as in 2,5 or 30,70-71"),
        (["--refuse", ""], "--refuse '' is not a list of numbers up to 65535"),
        (["--refuse", "30,,31"], "--refuse '30,,31' is not a list"),
        (["--refuse", "71-70"], "--refuse '71-70' is not a list"),
        (["--refuse", "65536"], "--refuse '65536' is not a list"),
        (["--max-registers", "0"], "--max-registers 0 is outside 1 to 125"),
        (["--max-registers", "126"], "--max-registers 126 is outside"),
        (["--reads", "point"], "--reads point: no SunSpec device is simulated: name one with -d, as in -d sma:126"),
        (["--sleep"], "--sleep: no SunSpec device is simulated"),
        (["--day", "9s"], "--day 9s is outside 10s to 24h"),
        (["--day", "25h"], "--day 25h is outside 10s to 24h"),
        (["--day", "1"], "--day: '1' is not a duration"),
        (["--time", "24:00"], "--time '24:00' is no time of a day, as in 22:30"),
        (["--time", "7"], "--time '7' is no time of a day"),
        (["--sunspec", "/nowhere"], "/nowhere: this cannot be read: No such file"),
        (["-b", "1"], "baudrate"),
        (["-a", "mock"], "needs no simulator"),
    ],
)
def test_wrong_options_end_before_anything_is_opened(argv: list[str], message: str, tmp_path: Path) -> None:
    args = parsed(["-a", f"{tmp_path}/m", "-d", "sdm:1", *argv])
    with pytest.raises(UsageError, match=re.escape(message)):
        simulate.run(args)
    assert not list(tmp_path.iterdir())


def test_faults_of_the_command_line() -> None:
    assert parse_faults(parsed([]), {1}) == NO_FAULTS
    argv = "--loss .1 --corrupt .2 --cut .3 --noise .4 --late .5 --late-by 1s --delay 20ms --seed 7 --echo"
    argv += " --dead 2,5-6 --refuse 30,70-71 --max-registers 40 --no-transaction-ids"
    argv += " --reads model --sleep"
    assert parse_faults(parsed(argv.split()), set(range(10)), True) == Faults(
        loss=0.1,
        corrupt=0.2,
        cut=0.3,
        noise=0.4,
        late=0.5,
        late_by=1,
        delay=0.02,
        seed=7,
        echo=True,
        transaction=False,
        dead={2, 5, 6},
        refuse={30, 70, 71},
        max_registers=40,
        reads=Reads.MODEL,
        sleep=True,
    )


def test_days_of_the_command_line() -> None:
    assert parse_day(parsed([])) == Day(600, 10 / 24) == Day()
    assert parse_day(parsed(["--day", "24h", "--time", "9:30"])) == Day(86400, 9.5 / 24)


@pytest.mark.parametrize(
    ("adapter", "command"),
    [
        ("/run/m", "mbmd run -a rtu:///run/m -d SDM:1"),
        ("rtu:///run/m?baudrate=19200&comset=8E1", "mbmd run -a 'rtu:///run/m?baudrate=19200&comset=8E1' -d SDM:1"),
        ("ascii:///run/m", "mbmd run -a ascii:///run/m -d SDM:1"),
        ("0.0.0.0:5020", "mbmd run -a tcp://127.0.0.1:5020 -d SDM:1"),
        ("rtu+udp://[::]:5020", "mbmd run -a 'rtu+udp://[::1]:5020' -d SDM:1"),
        ("rtu+tcp://localhost:5020", "mbmd run -a rtu+tcp://localhost:5020 -d SDM:1"),
    ],
)
def test_announcement_ends_with_the_command_to_poll_it(adapter: str, command: str) -> None:
    buses = plan([adapter], ["sdm:1"], 9600, "8N1")
    [(bus, devices)] = buses.items()
    assert announcement(bus, devices.values()).endswith(command)
    named = command.split(" -a ")[1].split(" -d ")[0].strip("'")
    assert parse_adapter(named).framing == bus.framing
