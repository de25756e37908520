"""`mbmd` as a whole: its table of commands, help, exit codes and what it imports."""

import argparse
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

from mbmd import __version__, cli
from mbmd.errors import LinkError, MbmdError, UsageError

ROOT = Path(__file__).parents[3]
HEAVY = {"asyncio", "dataclasses", "difflib", "logging", "pathlib", "tomllib", "typing", "urllib.parse"}
"""What a quick start leaves alone, beside all that is no part of Python."""


def python(code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)


def subparsers(parser: argparse.ArgumentParser) -> "argparse._SubParsersAction[argparse.ArgumentParser]":
    return next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))


def all_parsers(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    found = [parser]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found += [one for choice in action.choices.values() for one in all_parsers(choice)]
    return found


PARSERS = {parser.prog: parser for parser in all_parsers(cli.make_parser())}


def test_the_table_names_every_command_that_there_is() -> None:
    modules = {module.name for module in iter_modules(cli.__path__)}
    assert {name for name in modules if hasattr(import_module(f"mbmd.cli.{name}"), "add_parser")} == set(cli.COMMANDS)


def test_the_table_says_of_commands_what_they_say_themselves() -> None:
    told = {choice.dest: choice.help for choice in subparsers(cli.make_parser())._get_subactions()}
    assert told == dict(cli.COMMANDS)


def test_commands_that_are_not_asked_for_look_the_same_in_the_help() -> None:
    assert cli.make_parser(()).format_help() == cli.make_parser().format_help()


@pytest.mark.parametrize("name", PARSERS)
def test_every_command_has_a_description_and_examples_that_parse(name: str) -> None:
    parser = PARSERS[name]
    assert parser.description
    assert parser.epilog
    assert "example" in parser.epilog
    lines = [line.strip() for line in parser.epilog.splitlines() if line.startswith(f"  {name}".rstrip())]
    assert lines, "an example begins with the command"


def test_the_help_tells_the_exit_codes() -> None:
    text = cli.make_parser(()).format_help()
    for code, words in (("0", "success"), ("1", "failure"), ("2", "wrong usage"), ("130", "interrupted")):
        assert any(line.split()[:1] == [code] and words in line for line in text.splitlines())


def test_mbmd_alone_prints_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    assert capsys.readouterr() == ("", cli.make_parser().format_help())


@pytest.mark.parametrize("words", [[], ["run"], ["devices"], ["devices", "show"], ["help"]], ids=" ".join)
def test_help_is_the_same_as_the_option(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (["help", *words], [*words, "--help"]):
        with pytest.raises(SystemExit) as ended:
            cli.main(argv)
        assert ended.value.code == 0
    told = capsys.readouterr().out
    half = len(told) // 2
    assert told[:half] == told[half:] != ""


def test_help_names_the_nearest_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["help", "devcies"]) == 2
    assert capsys.readouterr() == ("", "mbmd: unknown command 'devcies': did you mean devices?\n")


@pytest.mark.parametrize("words", [["--json"], ["-x", "run"], ["run", "--json"]], ids=" ".join)
def test_help_names_itself_where_an_option_is_not_one_of_its_own(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main(["help", *words])
    wrong = next(word for word in words if word.startswith("-"))
    assert capsys.readouterr().err == f"mbmd: unrecognized arguments: {wrong} (see mbmd help --help)\n"


@pytest.mark.parametrize(
    ("error", "code"), [(UsageError("u"), 2), (MbmdError("m"), 1), (LinkError("l"), 1), (KeyboardInterrupt(), 130)]
)
def test_exit_codes(error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(args: argparse.Namespace) -> int:
        raise error

    monkeypatch.setattr("mbmd.cli.version.run", fail)
    assert cli.main(["version"]) == code


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("version",), ("help",), ()], ids=" ".join)
def test_a_quick_start_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    code = f"""
import sys
before = set(sys.modules)
from mbmd.cli import main
try:
    main({words!r})
except SystemExit:
    pass
print("loaded:", *sorted(set(sys.modules) - before), file=sys.stderr)
"""
    loaded = set(python(code).stderr.rpartition("loaded:")[2].split())
    assert "mbmd.cli" in loaded
    top = {name.split(".")[0] for name in loaded} - {"mbmd"}
    assert top <= sys.stdlib_module_names
    assert not loaded & HEAVY
    own = {name for name in loaded if name.startswith("mbmd.cli.")} - {f"mbmd.cli.{word}" for word in words}
    assert own == {"mbmd.cli.options", "mbmd.cli.parser"}


@pytest.mark.parametrize("words", [["devices"], ["version"], ["version", "--json"], ["run", "--help"]], ids=" ".join)
def test_a_reader_that_has_enough_ends_it_quietly(words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "mbmd", *words], cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("words", [["devices"], ["version"], ["version", "--json"], ["run", "--help"]], ids=" ".join)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_output_that_is_full_is_told_in_a_line(words: list[str], unbuffered: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "mbmd", *words],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "mbmd: the output cannot be written: No space left on device\n")


@pytest.mark.parametrize("words", ["devices", "version --json", "help run"])
def test_commands_run_with_closed_outputs(words: str) -> None:
    code = f"import os, sys; os.close(1); os.execv(sys.executable, [sys.executable, '-m', 'mbmd', *{words.split()}])"
    done = python(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert python(f"import os; os.close(2); {code}").returncode == 0


def test_what_goes_to_a_closed_standard_error_does_not_go_elsewhere() -> None:
    code = "import os, sys; os.close(2); os.execv(sys.executable, [sys.executable, '-m', 'mbmd', 'rnu'])"
    done = python(code)
    assert (done.returncode, done.stdout) == (2, "")


def test_what_an_encoding_does_not_have_is_printed_as_an_escape_and_json_is_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "mbmd.yaml"
    file.write_text("devices: [{name: Wärme, type: sdm, id: 1, adapter: mock}]", encoding="utf-8")
    command = [sys.executable, "-m", "mbmd", "config", "show", "-c", str(file)]
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    shown = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, check=True).stdout
    assert b"W\\xe4rme" in shown
    told = subprocess.run([*command, "--json"], cwd=ROOT, env=env, capture_output=True, check=True).stdout
    assert json.loads(told)["devices[0].name"]["value"] == "Wärme"


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"mbmd {__version__}\n"
