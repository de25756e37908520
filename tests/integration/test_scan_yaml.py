"""What a scan prints for the configuration file is a configuration, wherever the bus is."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from mbmd.cli import main
from mbmd.cli.scan_paste import yaml
from mbmd.config.adapter import Adapter, parse_adapter
from mbmd.config.build import build
from mbmd.config.load import load
from mbmd.config.run import RunConfig
from mbmd.devices.identify import Identifier
from mbmd.devices.registry import BUILT_IN
from mbmd.scan.bus import Survey, scan
from mbmd.scan.unit import Portrait
from mbmd.simulator.faults import NO_FAULTS
from mbmd.simulator.site import serve
from mbmd.simulator.slaves import Gaps
from tests.integration.meters import free_port
from tests.simulated_units import TYPES, interviewed
from tests.unit.scan.inverters import INVERTER, METER, chain
from tests.unit.scan.lines import Log

FOUND = {3: "janitza", 5: "sdm72"}
IDENTIFIER = Identifier(TYPES)


def scanned(adapter: Adapter) -> Survey:
    """A scan of that bus, with the devices of FOUND on it."""

    async def survey() -> Survey:
        meters = [(BUILT_IN.get(name), unit) for unit, name in FOUND.items()]
        async with serve({adapter: meters}, Gaps.STRICT, NO_FAULTS) as [served]:
            made = Survey(served)
            await scan(made, range(3, 6), IDENTIFIER, False, 0.1, Log())
            return made

    return asyncio.run(survey())


def as_if_scanned(adapter: Adapter) -> Survey:
    """The same without a bus."""
    answers = {unit: interviewed(IDENTIFIER, BUILT_IN.get(name)) for unit, name in FOUND.items()}
    portraits = [Portrait(unit, said, tuple(IDENTIFIER.matches(said))) for unit, said in answers.items()]
    return Survey(adapter, portraits, complete=True)


def pasted(survey: Survey, file: Path) -> RunConfig:
    """The run of a file that is what the scan printed; it stands `mbmd config check`."""
    file.write_text(yaml(survey), encoding="utf-8")
    assert main(["config", "check", str(file)]) == 0
    built = build(load(file, {}, {}), ())
    assert built.problems == ()
    return built.config


def polls(config: RunConfig, adapter: Adapter) -> None:
    """It polls what was found on the bus, as it was asked."""
    assert {device.spec.unit: device.spec.type for device in config.devices} == FOUND
    assert {str(device.spec.adapter) for device in config.devices} == {str(adapter)}
    assert [device.name for device in config.devices] == ["janitza3", "sdm72-5"]


@pytest.mark.parametrize(
    "url",
    [
        "rtu://{folder}/bus?baudrate=115200&comset=8E1",
        "rtu://{folder}/a: b, [c] & 'd'?baudrate=115200",
        "ascii://{folder}/e: f?baudrate=115200",
        "tcp://127.0.0.1:{port}",
        "rtu+tcp://127.0.0.1:{port}?unit_pause=1ms&id=7",
        "tcp://[::1]:{port}",
        "rtu+tcp://[::1]:{port}",
        "ascii+tcp://[::1]:{port}?timeout=2s",
        "rtu+udp://127.0.0.1:{port}",
    ],
)
def test_what_a_scan_prints_is_polled_as_it_was_found(url: str, tmp_path: Path) -> None:
    adapter = parse_adapter(url.format(folder=tmp_path, port=free_port()))
    survey = scanned(adapter)
    polls(pasted(survey, tmp_path / "mbmd.yaml"), survey.adapter)


@pytest.mark.parametrize(
    "text",
    [
        "/dev/serial/by-id/usb-FTDI_USB: #1-if00-port0",
        "/dev/ttyÜSB0",
        "ttyUSB0",
        "@tty",
        "*tty",
        "- tty",
        "'tty'",
        '"tty',
        "on",
        "~",
        "null",
        "0x10",
        "123",
        "{a: b}",
        "C:",
        "a\\b",
        "meter.example:502",
        "[fe80::1%eth0]:502",
        "ascii+tcp://[2001:db8::1]:23?slow=Import*+Export*&include=Power*",
        "tcp://h:502?transaction_ids=false&close=true&slow=Sum",
        "rtu:///dev/a: b?rs485=true&pause=10ms",
    ],
)
def test_what_yaml_has_signs_of_its_own_for_is_quoted(text: str, tmp_path: Path) -> None:
    for rtu in (False, True):
        adapter = parse_adapter(text, 19200, "8O1", rtu)
        polls(pasted(as_if_scanned(adapter), tmp_path / "mbmd.yaml"), adapter)


def test_sunspec_devices_are_written_with_their_subdevices(tmp_path: Path) -> None:
    adapter = parse_adapter("tcp://inverter:502?bases=0+40000")
    # As unit 1 is on the first adapter, the names are near the ids of devices.
    sma = Portrait(1, {}, sunspec=chain(INVERTER, METER))
    kostal = Portrait(71, {}, sunspec=chain(replace(INVERTER, manufacturer="KOSTAL")))
    config = pasted(Survey(adapter, [sma, kostal], complete=True), tmp_path / "mbmd.yaml")
    assert [device.name for device in config.devices] == ["sma1", "sma1-sub1", "kostal71"]
    specs = [(device.spec.type, device.spec.unit, device.spec.subdevice) for device in config.devices]
    assert specs == [("sma", 1, 0), ("sma", 1, 1), ("kostal", 71, 0)]
    assert {device.spec.adapter for device in config.devices} == {adapter}
