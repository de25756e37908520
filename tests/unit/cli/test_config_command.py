"""`mbmd config`: what it says of a configuration, and how it ends."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from mbmd import cli
from mbmd.config.example import example
from mbmd.config.schema import schema

ORIGINAL = Path(__file__).parents[2] / "cases" / "config-original.yaml"


@pytest.fixture
def mbmd(capsys: pytest.CaptureFixture[str]) -> "Command":
    return Command(capsys)


class Command:
    """A command in this process: exit code, output and error output."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *argv: str) -> tuple[int, str, str]:
        try:
            code = cli.main(argv)
        except SystemExit as exit_:
            code = int(str(exit_.code))
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err


def configured(text: str, name: str = "mbmd.yaml") -> None:
    Path(name).write_text(text, encoding="utf-8")


def test_a_file_that_is_fine(mbmd: Command) -> None:
    configured("adapter: mock\ndevices: [{type: sdm, id: 1}]")
    assert mbmd("config", "check") == (0, "mbmd.yaml: fine: 1 device on 1 adapter\n", "")
    configured(example(), "house.yaml")
    fine = (0, "house.yaml: fine: 3 devices on 2 adapters\n", "")
    assert mbmd("config", "check", "house.yaml") == fine
    assert mbmd("-c", "house.yaml", "config", "check") == fine
    assert mbmd("config", "check", "-c", "house.yaml") == fine


def test_the_file_of_the_original_is_fine_with_its_sunspec_devices(mbmd: Command) -> None:
    assert mbmd("config", "check", str(ORIGINAL)) == (0, f"{ORIGINAL}: fine: 2 devices on 2 adapters\n", "")


SUBDEVICES = """\
adapter: 192.168.0.40:502
devices:
- {type: sma, id: 126, name: roof}
- {type: sma, id: 126, subdevice: 1, rate: 10s, include: "Import*"}
- {type: sunspec, id: 126, subdevice: 2}
- {type: se, id: 126}
- {type: sma, id: 126, subdevice: 3, bases: 0}
- {type: sdm, id: 126, subdevice: 4}
- {type: sma, id: 126, subdevice: 5, include: THD}
- {type: sma, id: 126, subdevice: 6, include: Nonsense}
- {type: sdm, id: 1, bases: 0}
"""


def test_subdevices_of_a_unit_differ_in_all_but_where_the_unit_is_found(mbmd: Command) -> None:
    configured(SUBDEVICES)
    code, out, err = mbmd("config", "check")
    assert (code, out) == (2, "")
    assert [line.removeprefix("mbmd.yaml:").partition(": ")[::2] for line in err.splitlines()] == [
        ("6", "devices[3]: two meters on unit 126 of 192.168.0.40:502: sma and se"),
        ("7", "devices[4]: bases must be those of SMA1.126, which is of the same unit"),
        ("8", "devices[5]: only SunSpec devices have subdevices"),
        ("9", "devices[6]: device type SMA: include=THD leaves nothing to read: leave it some, such as Frequency"),
        ("10", "devices[7]: include 'Nonsense' matches no measurement: did you mean PhaseAngle?"),
        ("11", "devices[8]: only SunSpec devices have bases"),
    ]


def test_what_counts_for_a_sunspec_device_is_shown(mbmd: Command) -> None:
    configured("adapter: 192.168.0.40:502\ndevices: [{type: sma, id: 126, subdevice: 1, bases: 40000 0}]")
    code, out, err = mbmd("config", "show", "--json")
    assert (code, err) == (0, "")
    shown = {key: row["value"] for key, row in json.loads(out).items() if key.startswith("devices")}
    assert shown["devices[0].subdevice"] == "1"
    assert shown["devices[0].bases"] == "40000+0"


def test_mistakes_are_told_with_those_of_types_in_order_of_lines(mbmd: Command) -> None:
    configured("adapter: mock\ndevices:\n- {type: smd, id: 1}\n- {type: sdm, id: one}\n- {type: sdm, id: 3, name: a/b}")
    code, out, err = mbmd("config", "check")
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "mbmd.yaml:3: devices[0]: unknown device type 'smd': did you mean SMA or SDM?",
        "mbmd.yaml:4: devices[1].id: 'one' is not a number from 0 to 255",
        "mbmd.yaml:5: devices[2].name: 'a/b' is no name: it has no / + #, and no spaces at its ends",
    ]


def test_a_wrong_table_is_told_with_the_device_that_needs_it(mbmd: Command) -> None:
    Path("tables").mkdir()
    Path("tables/mymeter.toml").write_text("nonsense = 1\n", encoding="utf-8")
    configured("adapter: mock\ndevices_dir: tables\ndevices:\n- {type: mymeter, id: 1}\n")
    code, out, err = mbmd("config", "check")
    assert (code, out) == (2, "")
    assert "mymeter.toml" in err


def test_flags_and_environment_are_checked_along(mbmd: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MBMD_RATE", "soon")
    code, _, err = mbmd("config", "check", "-a", "mock", "-d", "sdm:1,nosuch:2", "--timeout", "0")
    assert code == 2
    assert [line.partition(":")[0] for line in err.splitlines()] == ["MBMD_RATE", "--timeout", "device NOSUCH1.2"]


def test_without_a_file_there_is_nothing_to_check(mbmd: Command) -> None:
    assert mbmd("config", "check") == (2, "", "no devices: name them with -d, as in -d sdm:1\n")
    assert mbmd("config", "check", "-a", "mock", "-d", "sdm:1")[1] == "without a file: fine: 1 device on 1 adapter\n"
    assert mbmd("config", "check", "no.yaml") == (2, "", "no.yaml: no such configuration file\n")


def test_what_counts_is_shown_with_where_it_comes_from(mbmd: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    configured("rate: 2s\nmqtt: {password: tr0ub4dor}\n")
    monkeypatch.setenv("MBMD_TIMEOUT", "1s")
    monkeypatch.setenv("MBMD_TIMOUT", "1s")
    code, out, err = mbmd("config", "show", "-b", "19200", "--no-plausibility")
    assert (code, err) == (
        0,
        "warning: 'MBMD_TIMOUT' in the environment means nothing: did you mean MBMD_TIMEOUT?\n",
    )
    rows = [line.split() for line in out.splitlines()]
    assert rows[0] == ["key", "value", "from"]
    for row in (
        ["rate", "2s", "mbmd.yaml:1"],
        ["timeout", "1s", "MBMD_TIMEOUT"],
        ["baudrate", "19200", "--baudrate"],
        ["plausibility", "false", "--no-plausibility"],
        ["comset", "8N1", "default"],
        ["mqtt.password", "********", "mbmd.yaml:2"],
    ):
        assert row in rows
    assert "tr0ub4dor" not in out


def test_what_counts_as_json(mbmd: Command) -> None:
    configured("rate: 2s\n")
    code, out, _ = mbmd("config", "show", "--json")
    assert code == 0
    assert json.loads(out)["rate"] == {"value": "2s", "from": "mbmd.yaml:1"}


def test_a_broken_file_is_not_shown(mbmd: Command) -> None:
    configured("rate: soon\nraet: 1s\n")
    code, out, err = mbmd("config", "show")
    assert (code, out) == (2, "")
    assert [line[:17] for line in err.splitlines()] == ["mbmd: mbmd.yaml:1", "mbmd: mbmd.yaml:2"]


def test_the_schema_and_the_example_are_printed(mbmd: Command) -> None:
    code, out, err = mbmd("config", "schema")
    assert (code, json.loads(out), err) == (0, schema(), "")
    assert mbmd("config", "example") == (0, example(), "")


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["config", "example"], ["config", "schema"]])
def test_a_broken_file_stops_nobody_who_does_not_need_it(argv: Sequence[str], mbmd: Command) -> None:
    configured("[")
    assert mbmd(*argv)[0] == 0
