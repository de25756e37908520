"""`mbmd completion`: the scripts, in the shells that are there, and what completes which argument."""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mbmd import cli
from mbmd.cli import completers
from mbmd.cli.completion import SHELLS

ROOT = Path(__file__).parents[3]

# Each prints what the shell offers for the line $1, one a line; $2 is the script.
ASK = {
    "bash": """
source "$2"
COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9
_python_argcomplete mbmd
printf '%s\\n' "${COMPREPLY[@]}"
""",
    "zsh": """
compdef() { }
autoload() { }
is-at-least() { }
_describe() { print -l -- "${(@)${(P)2}%%:*}" }
source "$2"
BUFFER=$1 CURSOR=${#1}
words=(mbmd)
_python_argcomplete
""",
    "fish": """
source $argv[2]
complete -C $argv[1] | string replace -r '\\t.*' ''
""",
}
RUN = {"bash": ("bash", "-c"), "zsh": ("zsh", "-f", "-c"), "fish": ("fish", "--no-config", "-c")}
NAMED = ("bash", "zsh")
"""Shells that give a name to what runs behind -c before its arguments."""


@pytest.fixture
def offers(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], list[str]]:
    """What a shell offers for a line."""
    shell: str = request.param
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    program = tmp_path / "bin" / "mbmd"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m mbmd "$@"\n')
    program.chmod(0o755)
    table = tmp_path / "mbmd" / "devices" / "mine.toml"
    table.parent.mkdir(parents=True)
    table.touch()
    env = {"PATH": f"{program.parent}:{os.environ['PATH']}", "XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}
    script = tmp_path / "script"
    script.write_bytes(subprocess.run([program, "completion", shell], env=env, capture_output=True, check=True).stdout)

    def ask(line: str) -> list[str]:
        name = ("ask",) if shell in NAMED else ()
        done = subprocess.run(
            [*RUN[shell], ASK[shell], *name, line, script],
            cwd=table.parent,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        return [line.strip() for line in done.stdout.splitlines()]

    return ask


@pytest.mark.parametrize("offers", SHELLS, indirect=True)
def test_a_shell_completes_commands_options_types_and_files(offers: Callable[[str], list[str]]) -> None:
    assert set(offers("mbmd ")) == set(cli.COMMANDS)
    assert offers("mbmd devi") == ["devices"]
    assert offers("mbmd run --no-pl") == ["--no-plausibility"]
    assert offers("mbmd run --mqtt-payload j") == ["json"]
    assert offers("mbmd devices show MI") == ["MINE"]
    assert offers("mbmd devices check mi") == ["mine.toml"]
    assert set(offers("mbmd completion ")) == set(SHELLS)


@pytest.fixture
def args(tmp_path: Path) -> argparse.Namespace:
    (tmp_path / "mine.toml").touch()
    return argparse.Namespace(devices_dir=[str(tmp_path)])


@pytest.fixture
def devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that has the names of serial devices, in place of /dev."""
    folder = tmp_path / "dev"
    (folder / "serial" / "by-id").mkdir(parents=True)
    for name in ("ttyUSB0", "ttyUSB1", "ttyS0", "ttyACM0", "tty1", "null", "serial/by-id/usb-FTDI-if00"):
        (folder / name).touch()
    monkeypatch.setattr(completers, "_DEVICES", folder)
    return folder


def test_types_follow_the_case_that_is_typed(args: argparse.Namespace) -> None:
    assert completers.types("mi", args) == ["mine"]
    assert completers.types("MI", args) == ["MINE"]
    assert completers.types("Mi", args) == []
    assert {"sdm", "abb", "mine", "sma", "sunspec"} < set(completers.types("", args))
    assert completers.types("KO", args) == ["KOSTAL"]


def test_the_last_type_of_a_list_is_completed(args: argparse.Namespace) -> None:
    assert completers.type_lists("min", args) == ["mine"]
    assert completers.type_lists("sdm,suns", args) == ["sdm,suns", "sdm,sunspec"]


def test_the_last_device_of_a_list_is_completed(args: argparse.Namespace, devices: Path) -> None:
    assert completers.specs("mi", args) == ["mine:"]
    assert completers.specs("sdm:1,mi", args) == ["sdm:1,mine:"]
    assert completers.specs("sdm:1@", args) == [f"sdm:1@{name}" for name in completers.adapters("")]
    assert completers.specs("abb:1,sdm:1@moc", args) == ["abb:1,sdm:1@mock"]
    assert completers.specs("sdm:1", args) == []


def test_types_of_sunspec_alone_are_offered_to_inspect(args: argparse.Namespace) -> None:
    args.command = "run"
    assert "sdm:" in completers.specs("s", args)
    args.command = "inspect"
    assert completers.specs("s", args) == ["se:", "sma:", "solaredge:", "steca:", "suns:", "sunspec:"]
    assert completers.specs("SM", args) == ["SMA:"]
    assert completers.specs("sunspec:1@moc", args) == ["sunspec:1@mock"]


def test_adapters_are_the_serial_devices_that_are_there_and_the_schemes_of_others(devices: Path) -> None:
    assert completers.adapters(str(devices)) == [
        f"{devices}/{name}" for name in ("serial/by-id/usb-FTDI-if00", "ttyUSB0", "ttyUSB1", "ttyACM0", "ttyS0")
    ]
    assert completers.adapters("rtu+") == ["rtu+tcp://", "rtu+udp://"]


def test_every_scheme_that_is_offered_is_one_of_adapters() -> None:
    from mbmd.config.adapter import _SCHEMES

    assert {name.removesuffix("://") for name in completers._SCHEMES} == {*_SCHEMES, "mock"}


def test_each_argument_that_can_be_completed_is() -> None:
    parser = cli.make_parser()
    completers.attach(parser)
    assert _completed(parser) >= set(completers.COMPLETERS)


def _completed(parser: argparse.ArgumentParser) -> set[object]:
    found: set[object] = set()
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for subparser in action.choices.values():
                found |= _completed(subparser)
        elif hasattr(action, "completer"):
            found.add(action.metavar)
    return found


def test_the_shell_must_be_one_that_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["completion", "tcsh"])
    assert ended.value.code == 2
    assert "tcsh" in capsys.readouterr().err
