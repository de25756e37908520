"""What the configuration file and the environment mean for every command."""

import argparse
import logging
from pathlib import Path
from typing import Any

import pytest

from mbmd import cli
from mbmd.cli import configured
from mbmd.cli.options import BUS_DEFAULTS, add_bus_options, add_devices_dir, default_adapter
from mbmd.cli.parser import MainParser
from mbmd.cli.run import make_config
from mbmd.config.run import RunConfig
from mbmd.errors import UsageError


def parser() -> MainParser:
    """A command line with commands that talk to a bus, that only know tables, and that know neither."""
    main = MainParser(prog="mbmd")
    add_bus_options(main)
    main.set_defaults(configured=())
    commands = main.add_subparsers(dest="command")
    add_bus_options(commands.add_parser("read"))
    add_devices_dir(commands.add_parser("devices"))
    commands.add_parser("version")
    return main


def filled(*argv: str) -> argparse.Namespace:
    args = parser().parse_args(argv)
    configured.fill(args)
    return args


def write(text: str) -> None:
    Path("mbmd.yaml").write_text(text, encoding="utf-8")


DEFAULTS: dict[str, Any] = {
    "adapter": None,
    "baudrate": 9600,
    "comset": "8N1",
    "rtu": False,
    "timeout": "300ms",
    "raw": False,
    "verbose": False,
    "devices_dir": None,
}


def bus(args: argparse.Namespace) -> dict[str, Any]:
    return {key: getattr(args, key) for key in DEFAULTS}


def test_without_file_and_environment_defaults_count() -> None:
    assert bus(filled("read")) == DEFAULTS


def test_file_and_environment_count_where_no_flag_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    write("baudrate: 19200\ntimeout: 1s\nraw: true\ndevices_dir: [tables]\nadapter: 10.0.0.8:23\nrtu: true")
    monkeypatch.setenv("MBMD_TIMEOUT", "2s")
    monkeypatch.setenv("MBMD_COMSET", "8E1")
    args = filled("--raw", "read", "-b", "2400")
    assert (args.baudrate, args.timeout, args.comset, args.raw) == (2400, "2s", "8E1", True)
    assert args.devices_dir == ["tables"]
    adapter = default_adapter(args)
    assert str(adapter) == "rtu+tcp://10.0.0.8:23?baudrate=2400&comset=8E1"


def test_an_adapter_of_the_file_is_spoken_to_as_it_says_there() -> None:
    write("adapters:\n- {device: /dev/a, baudrate: 19200, pause: 10ms, id: 4}\n- {device: /dev/b}")
    expected = "rtu:///dev/a?id=4&baudrate=19200&pause=10ms"
    assert str(default_adapter(filled("read", "-a", "/dev/a"))) == expected
    assert str(default_adapter(filled("read", "-a", "4"))) == expected
    assert str(default_adapter(filled("read", "-a", "/dev/a", "-b", "2400"))) == expected.replace("19200", "2400")
    assert str(default_adapter(filled("read", "-a", "/dev/c"))) == "rtu:///dev/c"
    assert filled("read").adapter is None


def test_the_only_adapter_of_the_file_needs_no_name() -> None:
    write("adapters: [{device: 'g:23', rtu: true}]")
    assert str(default_adapter(filled("read"))) == "rtu+tcp://g:23"


def test_what_an_adapter_of_the_file_says_wins_over_the_top_also_where_it_is_the_default() -> None:
    write("baudrate: 19200\ncomset: 8E1\nadapters: [{device: ttyUSB0, baudrate: 9600, comset: 8N1}]")
    for words in (["read"], ["read", "-a", "ttyUSB0"]):
        adapter = default_adapter(filled(*words))
        assert adapter is not None
        assert (adapter.address, adapter.baudrate, adapter.comset) == ("ttyUSB0", 9600, "8N1")


def test_a_command_gets_only_what_it_has_options_for() -> None:
    write("timeout: 1s\ndevices_dir: [tables]\nadapter: mock")
    args = filled("devices")
    assert (args.devices_dir, args.adapter, args.timeout) == (["tables"], None, "300ms")
    assert bus(filled("version")) == DEFAULTS


def test_a_broken_file_stops_commands_that_need_it() -> None:
    write("timeout: soon\nbaudrat: 1\nadapters: [{device: 'tpc://h'}]")
    filled("version")
    with pytest.raises(UsageError) as caught:
        filled("read")
    assert [line.partition(": ")[0] for line in str(caught.value).splitlines()] == [f"mbmd.yaml:{n}" for n in (1, 2, 3)]
    assert bus(filled("read", "-c", "")) == DEFAULTS


def test_a_variable_that_means_nothing_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MBMD_TIMOUT", "1s")
    filled("read")
    assert [record.getMessage() for record in caplog.records] == [
        "'MBMD_TIMOUT' in the environment means nothing: did you mean MBMD_TIMEOUT?"
    ]


@pytest.mark.parametrize("command", [["run"], ["simulate"], ["demo"], ["config", "show"]])
def test_nothing_counts_as_given_that_was_not(command: list[str]) -> None:
    assert not cli.make_parser().parse_args(command).given & set(BUS_DEFAULTS) - {"adapter", "baudrate", "comset"}
    assert cli.make_parser().parse_args(["run", "--raw"]).given & set(BUS_DEFAULTS) == {"raw"}


def test_commands_find_the_tables_that_the_file_names(capsys: pytest.CaptureFixture[str]) -> None:
    Path("tables").mkdir()
    Path("tables/mymeter.toml").write_text("nonsense = 1\n", encoding="utf-8")
    write("devices_dir: tables")
    assert cli.main(["simulate", "-a", "127.0.0.1:1", "-d", "mymeter:1"]) == 2
    assert "mymeter.toml" in capsys.readouterr().err


def run(*argv: str) -> RunConfig:
    return make_config(cli.make_parser().parse_args(["run", *argv]))


def test_a_run_is_what_flags_environment_and_file_say_together(monkeypatch: pytest.MonkeyPatch) -> None:
    write("rate: 5s\napi: ''\nadapters: [{device: /dev/a}]\ndevices: [{type: sdm, id: 1, name: Heat pump}]")
    monkeypatch.setenv("MBMD_TIMEOUT", "1s")
    made = run("--rate", "2s")
    assert (made.rate, made.timeout, made.api, made.file) == (2.0, 1.0, None, Path("mbmd.yaml"))
    assert [(device.id, device.name) for device in made.devices] == [("SDM1.1", "Heat pump")]
    assert [device.id for device in run("-d", "abb:7").devices] == ["ABB1.7"]


def test_a_run_is_made_anew_from_what_the_file_says_now() -> None:
    args = cli.make_parser().parse_args(["run", "--timeout", "1s"])
    write("rate: 5s\nadapter: mock\ndevices: [{type: sdm, id: 1}]")
    assert make_config(args).rate == 5.0
    write("rate: 6s\ntimeout: 2s\nadapter: mock\ndevices: [{type: sdm, id: 1}, {type: sdm, id: 2}]")
    made = make_config(args)
    assert (made.rate, made.timeout, len(made.devices)) == (6.0, 1.0, 2)
    write("rate: soon\ndevices: [{type: sdm}]")
    with pytest.raises(UsageError) as caught:
        make_config(args)
    assert len(str(caught.value).splitlines()) == 2


def test_a_run_without_a_file_has_none() -> None:
    assert run("-a", "mock", "-d", "sdm:1").file is None


def test_what_may_not_be_meant_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    write("adapter: mock\ndevices: [{type: sdm, id: 1}]\nmqtt: {broker: h, dead_band: '*=1%'}")
    with caplog.at_level(logging.WARNING, "mbmd"):
        made = run()
    assert made.mqtt is not None
    assert [record.getMessage() for record in caplog.records] == [
        "mbmd.yaml:3: mqtt.dead_band: counts only with on_change",
    ]
