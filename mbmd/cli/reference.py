"""The reference of all commands, made of their parsers.

`python -m mbmd.cli.reference > docs/commands.md` and `python -m mbmd.cli.reference --man > docs/mbmd.1` renew it. It
depends neither on the version of Python nor on the terminal, as the help that argparse prints does.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from textwrap import dedent
from typing import NamedTuple

from mbmd import __version__
from mbmd.cli import make_parser

Row = tuple[str, str]
"""An argument, an option or a subcommand as it is written, and what it means."""


Group = tuple[str, tuple[Row, ...]]
"""A title, and what is under it."""
_EVERYWHERE = ("positional arguments", "options")
_MADE = "Made of the commands themselves by `python -m mbmd.cli.reference`: do not edit."
_EXAMPLES = ("example:", "examples:")
"""Paragraphs that announce command lines."""
_TITLES = {"positional arguments": "arguments"}
"""What groups of argparse itself are called on the page."""
_STORIES = {
    "mbmd run": ("adapters and options", "options.md"),
    "mbmd scan": ("scanning", "scanning.md"),
    "mbmd inspect": ("SunSpec", "sunspec.md"),
    "mbmd config": ("configuration", "configuration.md"),
    "mbmd passwd": ("access", "access.md"),
    "mbmd read": ("reading and writing", "reading-writing.md"),
    "mbmd write": ("reading and writing", "reading-writing.md#writing"),
    "mbmd devices": ("meters", "meters.md"),
    "mbmd devices check": ("device tables", "device-tables.md"),
    "mbmd devices try": ("reading and writing", "reading-writing.md#a-whole-meter"),
    "mbmd simulate": ("simulator", "simulator.md"),
}
"""Pages of the manual with the story of a command."""


class Passage(NamedTuple):
    """A part of a text: prose, or lines that are kept as they are."""

    is_prose: bool
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command as its parser describes it; `groups` are its arguments and options by title, `help` is its one line."""

    name: str
    help: str
    usage: str
    description: str
    groups: tuple[Group, ...]
    passages: tuple[Passage, ...]


def commands(parser: argparse.ArgumentParser, help_: str = "") -> Iterator[Command]:
    """A parser's command, then those of its subcommands, each followed by its own."""
    yield _command(parser, help_)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._get_subactions()}
            for name, subparser in action.choices.items():
                yield from commands(subparser, helps[name])


def _command(parser: argparse.ArgumentParser, help_: str) -> Command:
    groups = ((group.title or "", _rows(group._group_actions)) for group in parser._action_groups)
    return Command(
        parser.prog,
        help_,
        _usage(parser),
        parser.description or "",
        tuple((title, rows) for title, rows in groups if rows),
        tuple(_passages(parser.epilog)) if parser.epilog else (),
    )


def _usage(parser: argparse.ArgumentParser) -> str:
    """How a command is called, without the options that may be left out."""
    if parser.usage is not None:
        return parser.usage % {"prog": parser.prog}
    actions = parser._actions
    needed = [f"{a.option_strings[0]} {_name(a)}" for a in actions if a.option_strings and a.required]
    return " ".join([parser.prog, "[OPTIONS]", *needed, *(_name(a) for a in actions if not a.option_strings)])


def _rows(actions: Iterable[argparse.Action]) -> tuple[Row, ...]:
    rows: list[Row] = []
    for action in actions:
        if isinstance(action, argparse._SubParsersAction):
            rows += [(choice.dest, choice.help or "") for choice in action._get_subactions()]
        elif not isinstance(action, argparse._HelpAction):
            value = _name(action)
            written = ", ".join(f"{option} {value}".rstrip() for option in action.option_strings) or value
            rows.append((written, (action.help or "") % {**vars(action), "prog": "mbmd"}))
    return tuple(rows)


def _name(action: argparse.Action) -> str:
    """What stands for a value, as in a usage line; empty for an option that takes none."""
    if action.nargs == 0:
        return ""
    if isinstance(action.metavar, str):
        name = action.metavar
    else:
        name = "|".join(map(str, action.choices)) if action.choices is not None else action.dest.upper()
    forms = {"?": f"[{name}]", "*": f"[{name} ...]", "+": f"{name} ...", argparse.PARSER: f"{name} ..."}
    return forms.get(str(action.nargs), name)


def _passages(epilog: str) -> Iterator[Passage]:
    """What is indented is kept as it is; all else is prose, a heading or a paragraph."""
    for paragraph in epilog.split("\n\n"):
        for is_kept, part in groupby(paragraph.strip("\n").split("\n"), key=lambda line: line.startswith(" ")):
            lines = list(part)
            yield Passage(not is_kept, dedent("\n".join(lines)) if is_kept else " ".join(lines))


def _owners(all_: Iterable[Command]) -> dict[Group, str]:
    """The command that a group of options is told of: the first that has it, if it is none of argparse itself."""
    owners: dict[Group, str] = {}
    for command in all_:
        for group in command.groups:
            if group[0] not in _EVERYWHERE:
                owners.setdefault(group, command.name)
    return owners


def _borrowed(command: Command, owners: Mapping[Group, str]) -> dict[str, list[str]]:
    """Titles of the groups that are told of other commands, by the names of these."""
    borrowed: dict[str, list[str]] = {}
    for group in command.groups:
        if (owner := owners.get(group, command.name)) != command.name:
            borrowed.setdefault(owner, []).append(group[0])
    return borrowed


def markdown(all_: Iterable[Command]) -> str:
    """A page for people: the first command is `mbmd` itself."""
    top, *others = all_
    owners = _owners((top, *others))
    lines = ["# Commands", "", f"<!-- {_MADE} -->"]
    if others:
        lines += ["", "| command | what it does |", "| --- | --- |"]
        lines += [f"| {_link(command.name)} | {_escaped(command.help)} |" for command in others]
        lines += ["", f"Options that most of them take, and exit codes, are told of {_link(top.name)} itself."]
        top = replace(top, groups=tuple(group for group in top.groups if group[0] not in _TITLES))
    for command in (top, *others):
        lines += [*_head(command), *_tables(command, owners), *_texts(command)]
    return "\n".join(lines) + "\n"


def _head(command: Command) -> Iterator[str]:
    yield from ("", f"## {command.name}", "", _escaped(command.description))
    if story := _STORIES.get(command.name):
        yield f"More is in [{story[0]}]({story[1]})."
    yield from _fenced("text", command.usage)


def _tables(command: Command, owners: Mapping[Group, str]) -> Iterator[str]:
    for title, rows in command.groups:
        if owners.get((title, rows), command.name) == command.name:
            yield from ("", f"| {_TITLES.get(title, title)} | |", "| --- | --- |")
            yield from (f"| {_code(written)} | {_escaped(text)} |" for written, text in rows)
    for other, titles in _borrowed(command, owners).items():
        yield from ("", f"It also takes these of {_link(other)}: {'; '.join(titles)}.")


def _texts(command: Command) -> Iterator[str]:
    language = "text"
    for passage in command.passages:
        if passage.is_prose:
            language = "sh" if passage.text in _EXAMPLES else "text"
            yield from ("", _escaped(f"{passage.text[:1].upper()}{passage.text[1:]}"))
        else:
            yield from _fenced(language, passage.text)


def _link(name: str) -> str:
    return f"[`{name}`](#{name.replace(' ', '-')})"


def _fenced(language: str, text: str) -> tuple[str, ...]:
    return "", f"```{language}", text, "```"


def _code(written: str) -> str:
    """Each spelling by itself, so that a narrow table breaks between them."""
    return ", ".join(f"`{spelling}`" for spelling in written.split(", ")).replace("|", "\\|")


def _escaped(text: str) -> str:
    return "".join(f"\\{c}" if c in "\\|*_<>[]`" else c for c in text)


def man(all_: Iterable[Command]) -> str:
    """A manual page in the man macros."""
    top, *others = all_
    owners = _owners((top, *others))
    lines = [f'.TH MBMD 1 "" "mbmd {__version__}" "User Commands"', ".SH NAME"]
    lines += [f"mbmd \\- {_roff(top.description)}", ".SH SYNOPSIS", f".B {_roff(top.usage)}"]
    for command in (top, *others):
        if command is not top:
            lines += [f".SH {_roff(command.name.upper())}", f".B {_roff(command.usage)}"]
        lines += [".PP", _roff(command.description)]
        for title, rows in command.groups:
            lines += [f'.SS "{_roff(title)}"']
            if (other := owners.get((title, rows), command.name)) != command.name:
                lines += [f"Those of {_roff(other)}."]
                continue
            for written, text in rows:
                lines += [".TP", f".B {_roff(written)}", _roff(text)]
        for passage in command.passages:
            lines += [".PP", _roff(passage.text)] if passage.is_prose else [".PP", ".nf", _roff(passage.text), ".fi"]
    return "\n".join(lines) + "\n"


def _roff(text: str) -> str:
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in escaped.split("\n"))


if __name__ == "__main__":
    render = man if sys.argv[1:] == ["--man"] else markdown
    sys.stdout.write(render(commands(make_parser())))
