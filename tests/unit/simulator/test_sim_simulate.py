"""The command line of `mbmd simulate`, without simulating."""

import argparse

import pytest

from mbmd.cli import simulate
from mbmd.cli.simulate import announcement, plan
from mbmd.config.adapter import parse_adapter
from mbmd.errors import UsageError


def places(adapters: list[str], devices: list[str]) -> dict[str, list[str]]:
    buses = plan(adapters, devices, 9600, "8N1")
    return {adapter.address: [f"{spec.type}:{spec.unit}" for spec in specs] for adapter, specs in buses.items()}


def test_a_device_without_adapter_stands_on_each() -> None:
    assert places(["/run/m", "127.0.0.1:5020"], ["sdm:1,abb:2", "dzg:3@/run/m", "mpm:4@127.0.0.1:5021"]) == {
        "/run/m": ["sdm:1", "abb:2", "dzg:3"],
        "127.0.0.1:5021": ["mpm:4"],
        "127.0.0.1:5020": ["sdm:1", "abb:2"],
    }


def test_adapters_may_stand_with_the_devices_only() -> None:
    assert places([], ["sdm:1@tcp://[::1]:5020"]) == {"[::1]:5020": ["sdm:1"]}


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


@pytest.mark.parametrize(
    "argv",
    [
        ["-a", "/run/m", "-d", "sdn:1"],
        ["-a", "/run/m", "-d", "sdm:1", "--loss", "1.5"],
        ["-a", "/run/m", "-d", "sdm:1", "--corrupt", "nan"],
        ["-a", "/run/m", "-d", "sdm:1", "--delay", "5"],
        ["-a", "/run/m", "-d", "sdm:1", "-b", "1"],
        ["-a", "mock", "-d", "sdm:1"],
    ],
)
def test_wrong_options_end_before_anything_is_opened(argv: list[str]) -> None:
    parser = argparse.ArgumentParser()
    simulate.add_parser(parser.add_subparsers())
    with pytest.raises(UsageError):
        simulate.run(parser.parse_args(["simulate", *argv]))


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
    [(bus, specs)] = buses.items()
    assert announcement(bus, specs).endswith(command)
    named = command.split(" -a ")[1].split(" -d ")[0].strip("'")
    assert parse_adapter(named).framing == bus.framing
