"""The manual of SunSpec devices: it names all that is polled and all types, and its examples are good."""

import argparse
import re
import shlex
from pathlib import Path

import pytest

from mbmd import cli
from mbmd.cli.devices.sunspec import brief, models
from mbmd.devices.registry import SUNSPEC
from mbmd.sunspec.common import BASES
from mbmd.sunspec.measured import MEASURED

MANUAL = (Path(__file__).parents[3] / "docs" / "sunspec.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", MANUAL, re.DOTALL) for line in block.splitlines()]


def test_the_table_says_what_is_polled_of_each_model() -> None:
    told = dict(re.findall(r"^\| ([0-9, ]+) \| [^|]+ \| ([^|]+) \|$", MANUAL, re.MULTILINE))
    assert told == {", ".join(map(str, m.ids)): brief(m.measurements) for m in models()}
    assert sorted(model for m in models() for model in m.ids) == sorted(MEASURED)


def test_all_types_and_bases_are_named() -> None:
    assert [name for name in sorted(SUNSPEC) if f"`{name}`" not in MANUAL] == []
    assert "{}, {} and {}".format(*BASES) in MANUAL


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", MANUAL, re.DOTALL))
def test_the_configuration_is_fine(example: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mbmd.yaml").write_text(example, encoding="utf-8")
    assert cli.main(["config", "check", str(tmp_path / "mbmd.yaml")]) == 0
    assert "2 devices on 1 adapter" in capsys.readouterr().out


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_are_taken(line: str) -> None:
    assert isinstance(cli.make_parser().parse_args(shlex.split(line, comments=True)[1:]), argparse.Namespace)


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["PowerL1"], "PowerL1"),
        (["Power", "PowerL3", "PowerL1", "PowerL2"], "Power, PowerL1-L3"),
        (["DCEnergyS1", "DCEnergyS2", "Cosphi"], "Cosphi, DCEnergyS1-S2"),
        (["VoltageL1_L2", "VoltageL2_L3"], "VoltageL1_L2, VoltageL2_L3"),
    ],
)
def test_names_of_phases_and_strings_stand_for_all_of_them(names: list[str], text: str) -> None:
    assert brief(names) == text
