"""The reference of all commands, in docs."""

import argparse
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mbmd.cli import COMMANDS, make_parser, reference

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize(
    ("file", "words"), [("commands.md", []), ("mbmd.1", ["--man"])], ids=["commands.md", "manual page"]
)
def test_the_files_are_what_the_parsers_say(file: str, words: list[str]) -> None:
    command = f"python -m mbmd.cli.reference{''.join(f' {word}' for word in words)} > docs/{file}"
    done = subprocess.run(
        [sys.executable, "-m", "mbmd.cli.reference", *words],
        cwd=DOCS.parent,
        env={"COLUMNS": "30"},
        capture_output=True,
        check=True,
    )
    assert done.stdout == (DOCS / file).read_bytes(), f"renew it with `{command}`"


def test_every_command_and_option_is_there() -> None:
    page = (DOCS / "commands.md").read_text(encoding="utf-8")
    names = [command.name for command in reference.commands(make_parser())]
    assert {f"mbmd {name}" for name in COMMANDS} < set(names)
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == names
    for option in ("--no-plausibility", "--seed", "--devices-dir", "--verbose"):
        assert option in page


def test_stories_are_of_commands_that_there_are() -> None:
    assert reference._STORIES.keys() <= {command.name for command in reference.commands(make_parser())}


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="x", description="Does *it* <well>.", epilog="a\nb\n\nsee:\n  x | y\n    z\n\nexamples:\n  x --how a\n"
    )
    made.add_argument("what", nargs="*", help="50%% of | it")
    made.add_argument("--how", required=True, choices=("a", "b"), default="a", help="default: %(default)s")
    made.add_argument("-q", action="store_true", help=".quiet\\")
    return made


def test_markdown_of_a_parser() -> None:
    page = reference.markdown(reference.commands(parser()))
    assert page.partition("## x\n")[2].split("\n") == [
        "",
        "Does \\*it\\* \\<well\\>.",
        "",
        "```text",
        "x [OPTIONS] --how a|b [WHAT ...]",
        "```",
        "",
        "| arguments | |",
        "| --- | --- |",
        "| `[WHAT ...]` | 50% of \\| it |",
        "",
        "| options | |",
        "| --- | --- |",
        "| `--how a\\|b` | default: a |",
        "| `-q` | .quiet\\\\ |",
        "",
        "A b",
        "",
        "See:",
        "",
        "```text",
        "x | y",
        "  z",
        "```",
        "",
        "Examples:",
        "",
        "```sh",
        "x --how a",
        "```",
        "",
    ]


def test_the_manual_page_escapes_what_roff_would_take_for_its_own() -> None:
    page = reference.man(reference.commands(parser()))
    assert "\n.B \\-\\-how a|b\n" in page
    assert "\n\\&.quiet\\e\n" in page
    assert "\n.nf\nx | y\n  z\n.fi\n" in page
