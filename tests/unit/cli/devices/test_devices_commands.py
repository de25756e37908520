"""`mbmd devices`: what it lists, shows and checks."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from mbmd import cli
from mbmd.devices.registry import BUILT_IN, SUNSPEC

Mbmd: TypeAlias = Callable[..., tuple[int, str, str]]

GOOD = """\
type = "Mine"
description = "Heat pump"
manufacturer = "Self-made"
function = 3
pause = 0.05
timeout = 1
rating = 12.5
holes = false
registers = [
    { measurement = "Import", address = 258, type = "uint32", divisor = 100, nan = "0xffffffff", class = "slow" },
    { measurement = "Power", address = 16, type = "int16", function = 4 },
]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of tables."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "mbmd" / "devices"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(GOOD)
    return folder


@pytest.fixture
def mbmd(folder: Path, capsys: pytest.CaptureFixture[str]) -> Mbmd:
    """Run `mbmd devices`; gives exit code, standard output and error."""

    def run(*words: str) -> tuple[int, str, str]:
        code = cli.main(["devices", *words])
        return code, *capsys.readouterr()

    return run


def columns(text: str) -> dict[str, list[str]]:
    """Rows of a plain table by their first cell."""
    return {line.split()[0]: line.split() for line in text.splitlines() if line}


def test_the_list_has_all_types_and_marks_those_of_the_user(mbmd: Mbmd, folder: Path) -> None:
    code, out, err = mbmd()
    assert (code, err) == (0, "")
    header, *rows = out.splitlines()
    assert header.split() == ["Type", "Device", "Registers", "Table", "Measures"]
    assert [row.split()[0].upper() for row in rows] == sorted([*BUILT_IN.names(), *SUNSPEC, "MINE"])
    by_type = columns(out)
    assert "built-in" in by_type["SDM"]
    assert "built-in" not in by_type["Mine"]
    assert str(folder / "mine.toml") in by_type["Mine"]
    assert "Self-made Heat pump" in out
    assert "Eastron Eastron" not in out


@pytest.mark.parametrize(
    ("pattern", "types"),
    [
        ("sdm7*", ["SDM72", "SDM72V2"]),
        ("SDM72", ["SDM72", "SDM72V2"]),
        ("*72", ["SDM72"]),
        ("janitza", ["JANITZA"]),
        ("heat PUMP", ["Mine"]),
        ("carlo gav", ["CGEM24", "CGEM24_E1", "CGEX3X0"]),
        ("orno[13]p", ["ORNO1p", "ORNO3p"]),
        ("solaredge", ["SE", "SEMTR", "SOLAREDGE"]),
        ("sunspec", sorted(SUNSPEC)),
    ],
)
def test_a_pattern_chooses_by_type_or_name(pattern: str, types: list[str], mbmd: Mbmd) -> None:
    code, out, _ = mbmd("--json", pattern)
    found = [entry["type"] for entry in json.loads(out)]
    assert (code, [name.upper() for name in found]) == (0, [name.upper() for name in types])
    assert mbmd(pattern, "--json") == (0, out, "")


def test_a_pattern_that_fits_nothing_is_exit_code_1(mbmd: Mbmd) -> None:
    assert mbmd("nosuch") == (1, "", "mbmd: no type of device fits 'nosuch': `mbmd devices` lists all\n")


def test_a_broken_table_is_shown_and_the_rest_is_listed(mbmd: Mbmd, folder: Path) -> None:
    (folder / "bad.toml").write_text('type = "BAD"')
    code, out, _ = mbmd()
    assert code == 2
    assert len(out.splitlines()) == 1 + len(BUILT_IN.names()) + 9 + 2
    row = columns(out)["BAD"]
    assert row[:3] == ["BAD", "broken", str(folder / "bad.toml")]
    code, out, _ = mbmd("--json")
    (broken,) = [entry for entry in json.loads(out) if "problems" in entry]
    assert (code, broken["file"]) == (2, str(folder / "bad.toml"))
    assert any("description is missing" in problem for problem in broken["problems"])
    assert mbmd("sdm")[0] == 0, "it does not concern the others"


def test_json_has_names_and_measurements(mbmd: Mbmd, folder: Path) -> None:
    (entry,) = json.loads(mbmd("mine", "--json")[1])
    assert entry == {
        "type": "Mine",
        "description": "Heat pump",
        "manufacturer": "Self-made",
        "sunspec": False,
        "built_in": False,
        "file": str(folder / "mine.toml"),
        "registers": 2,
        "measurements": ["Import", "Power"],
    }


def test_sunspec_types_are_listed_as_what_they_are(mbmd: Mbmd) -> None:
    _, out, _ = mbmd("sma")
    assert out.splitlines()[1].split()[:8] == ["SMA", "SMA", "SunSpec", "device", "none", "what", "it", "has"]
    (entry,) = json.loads(mbmd("kostal", "--json")[1])
    assert {"Power", "ImportL3", "DCEnergyS4", "ChargeState"} < set(entry.pop("measurements"))
    assert entry == {
        "type": "KOSTAL",
        "description": "SunSpec device",
        "manufacturer": "KOSTAL",
        "sunspec": True,
        "built_in": True,
        "file": None,
        "registers": None,
    }


def test_show_tells_which_models_of_a_sunspec_device_are_polled(mbmd: Mbmd) -> None:
    code, out, err = mbmd("show", "se")
    assert (code, err) == (0, "")
    head, models = out.split("\n\n")
    assert head.splitlines()[0] == "SE: SolarEdge SunSpec device"
    assert "itself" in head
    assert "mbmd inspect" in head
    rows = {line[:20].strip(): line for line in models.splitlines()}
    assert "Inverter (Three Phase)" in rows["103, 113"]
    assert "CurrentL1-L3" in rows["103, 113"]
    assert rows["160"].endswith("DCCurrentS1-S4, DCEnergyS1-S4, DCPowerS1-S4, DCVoltageS1-S4")
    facts = json.loads(mbmd("show", "SUNS", "--json")[1])
    assert [facts["type"], facts["manufacturer"], facts["sunspec"]] == ["SUNS", "", True]
    assert {name for models in facts["models"] for name in models["measurements"]} == set(facts["measurements"])


def test_a_sunspec_device_is_tried_by_inspecting_it(mbmd: Mbmd) -> None:
    code, out, err = mbmd("try", "sma", "-a", "mock", "-d", "1")
    assert (code, out) == (2, "")
    assert err == "mbmd: device type 'sma' is one of SunSpec: `mbmd inspect` shows what is there\n"


def test_show_has_head_registers_by_address_and_reads(mbmd: Mbmd) -> None:
    code, out, err = mbmd("show", "mine")
    assert (code, err) == (0, "")
    head, registers, reads = out.split("\n\n")
    assert head.splitlines()[0] == "Mine: Heat pump"
    for words in ("manufacturer  Self-made", "pause         0.05 s", "timeout       1 s", "rating        12.5 kW"):
        assert words in head
    assert registers.splitlines()[1].split() == (
        ["Import", "kWh", "3", "holding", "258", "0x0102", "uint32", "/", "100", "0xffffffff", "slow"]
    )
    assert registers.splitlines()[2].split() == ["Power", "W", "4", "input", "16", "0x0010", "int16", "fast"]
    assert reads.splitlines()[0] == "Reads on a line of 9600 baud 8N1, RTU"
    assert reads.splitlines()[2].split()[:9] == ["4", "input", "16", "1", "0", "fast", "8", "bytes", "7"]
    assert reads.splitlines()[3].split()[:9] == ["3", "holding", "258", "2", "0", "slow", "8", "bytes", "9"]
    assert "1 read with every poll: " in reads
    assert "1 read every 60 s: " in reads
    assert reads.endswith("devices fit on the line\n")


def test_show_takes_a_file_and_the_line_from_an_adapter(mbmd: Mbmd, folder: Path) -> None:
    out = mbmd("show", str(folder / "mine.toml"), "-a", "ascii:///dev/none?baudrate=1200&exclude=Import")[1]
    assert "Reads on a line of 1200 baud 8N1, ASCII" in out
    assert "Import" not in out.split("\n\n", 1)[1]
    assert out.endswith(" such devices fit on the line\n")
    assert "Reads on Modbus TCP" in mbmd("show", "sdm", "-a", "host:502")[1]
    assert "fit on the line" not in mbmd("show", "sdm", "-a", "host:502")[1]


def test_show_says_when_a_line_is_too_slow_for_one(mbmd: Mbmd) -> None:
    slow = mbmd("show", "sdm", "-b", "1200")[1].splitlines()[-1]
    assert slow == "at one poll a second not even one fits on the line: poll it every 2.7 s or less often"
    assert cli.main(["-b", "1200", "devices", "show", "sdm"]) == 0


def test_show_as_json(mbmd: Mbmd) -> None:
    shown = json.loads(mbmd("show", "mine", "--json", "-b", "19200")[1])
    assert shown["line"] == {"framing": "rtu", "baudrate": 19200, "comset": "8N1"}
    assert [register["measurement"] for register in shown["registers"]] == ["Import", "Power"]
    assert shown["registers"][0]["class"] == "slow"
    assert shown["registers"][0]["unit"] == "kWh"
    assert [(read["function"], read["registers"]) for read in shown["reads"]] == [(4, 1), (3, 2)]
    assert shown["seconds"].keys() == {"fast", "slow"}
    assert shown["devices_at_one_poll_a_second"] == int(1 / (shown["seconds"]["fast"] + shown["seconds"]["slow"] / 60))


@pytest.mark.parametrize("name", BUILT_IN.names())
def test_every_built_in_type_can_be_shown(name: str, mbmd: Mbmd) -> None:
    code, out, err = mbmd("show", name)
    assert (code, err) == (0, "")
    assert all(register.measurement in out for register in BUILT_IN.get(name).registers)


def test_an_unknown_type_is_named_with_the_nearest(mbmd: Mbmd) -> None:
    code, out, err = mbmd("show", "smd")
    assert (code, out) == (2, "")
    assert "did you mean" in err


def test_check_tells_of_each_file(mbmd: Mbmd, folder: Path) -> None:
    (folder / "bad.toml").write_text("type = 1\nspeed = 2")
    files = [str(folder / name) for name in ("mine.toml", "bad.toml", "missing.toml")]
    assert mbmd("check", files[0]) == (0, f"{files[0]}: fine: type Mine, 2 registers\n", "")
    code, out, err = mbmd("check", *files)
    assert (code, err) == (2, "")
    lines = out.splitlines()
    assert lines[0].endswith("fine: type Mine, 2 registers")
    assert sum(line.startswith(f"{files[1]}: ") for line in lines) > 4
    assert any("unknown key 'speed'" in line for line in lines)
    assert lines[-1].startswith(f"{files[2]}: ")
    assert len(lines) == 2 + sum(line.startswith(f"{files[1]}: ") for line in lines)


def test_check_tells_of_a_type_of_which_all_is_read_once(mbmd: Mbmd, folder: Path) -> None:
    once, more = folder / "once.toml", folder / "more.toml"
    rows = [line for line in GOOD.replace('"Mine"', '"Once"').splitlines() if "Power" not in line]
    once.write_text("\n".join(rows).replace('class = "slow"', 'class = "once"'))
    more.write_text('type = "More"\nextends = "once"\nregisters = [{ measurement = "Import", class = "slow" }]')
    code, out, _ = mbmd("check", str(once), str(more))
    first, second = out.splitlines()
    assert code == 2
    assert first.startswith(f"{once}: ")
    assert "read once (Import): at least one measurement must be read regularly" in first
    assert second == f"{more}: fine: type More, 1 register"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("try", "sdm", "-d", "1"), "no adapter: name it with -a"),
        (("try", "sdm", "-d", "248", "-a", "/dev/x"), "unit 248 is outside 1 to 247 on /dev/x"),
        (("try", "sdm", "-d", "1", "-a", "mock", "--timeout", "0"), "--timeout must be longer than nothing"),
        (("try", "nosuch.toml", "-d", "1", "-a", "mock"), "nosuch.toml: "),
    ],
)
def test_a_wrong_try_is_one_clear_line(words: tuple[str, ...], said: str, mbmd: Mbmd) -> None:
    code, out, err = mbmd(*words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
