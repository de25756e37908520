"""What shells may put where an argument is wanted; known by its metavar, so that no option needs to say."""

import argparse
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from argcomplete.completers import DirectoriesCompleter, FilesCompleter

from mbmd.cli import COMMANDS
from mbmd.cli.options import device_registry
from mbmd.devices.registry import SUNSPEC

_Completer: TypeAlias = Callable[..., Iterable[str]]

_DEVICES = Path("/dev")
_SERIAL = ("serial/by-id/*", "ttyUSB*", "ttyACM*", "ttyS*")
_SCHEMES = ("rtu://", "ascii://", "tcp://", "rtu+tcp://", "ascii+tcp://", "rtu+udp://", "mock")


def attach(parser: argparse.ArgumentParser) -> None:
    """Tell argcomplete what completes each argument of a parser and of its subcommands."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for subparser in action.choices.values():
                attach(subparser)
        elif isinstance(action.metavar, str) and (completer := _completer(action.metavar)):
            action.completer = completer  # type: ignore[attr-defined]


def _completer(metavar: str) -> _Completer | None:
    """What completes an argument; a metavar such as `plain|json` says itself which words there are."""
    if metavar not in COMPLETERS and "|" in metavar:
        return partial(_words, metavar.split("|"))
    return COMPLETERS.get(metavar)


def _words(known: Iterable[str], prefix: str, **_: Any) -> list[str]:
    return [word for word in known if word.startswith(prefix)]


def types(prefix: str, parsed_args: argparse.Namespace, **_: Any) -> list[str]:
    """Device types that begin with a prefix, in lower case unless the prefix is in upper case."""
    known = sorted(SUNSPEC.union(device_registry(parsed_args).names()))
    names = (name if prefix.isupper() else name.lower() for name in known)
    return [name for name in names if name.startswith(prefix)]


def adapters(prefix: str, **_: Any) -> list[str]:
    """Serial devices that are there, and how the URLs of others begin."""
    found = [str(path) for pattern in _SERIAL for path in sorted(_DEVICES.glob(pattern))]
    return [name for name in (*found, *_SCHEMES) if name.startswith(prefix)]


def specs(prefix: str, parsed_args: argparse.Namespace, **_: Any) -> list[str]:
    """The type of the last device in a list such as `sdm:1,abb:2`, or its adapter."""
    before, comma, last = prefix.rpartition(",")
    device, at, adapter = last.partition("@")
    if at:
        return [f"{before}{comma}{device}@{name}" for name in adapters(adapter)]
    return [f"{before}{comma}{name}:" for name in _spec_types(device, parsed_args)]


def _spec_types(prefix: str, parsed_args: argparse.Namespace) -> list[str]:
    """The types that devices of a command may have: `inspect` is for SunSpec alone."""
    if getattr(parsed_args, "command", None) != "inspect":
        return types(prefix, parsed_args)
    return _words(sorted(name if prefix.isupper() else name.lower() for name in SUNSPEC), prefix)


def type_lists(prefix: str, parsed_args: argparse.Namespace, **_: Any) -> list[str]:
    """The last type of a list such as `sdm,sunspec`."""
    before, comma, last = prefix.rpartition(",")
    return [f"{before}{comma}{name}" for name in types(last, parsed_args)]


def types_and_files(prefix: str, parsed_args: argparse.Namespace, **_: Any) -> Iterator[str]:
    """Device types, and tables that may have any name."""
    yield from types(prefix, parsed_args)
    yield from FilesCompleter(["toml"])(prefix)


def commands(prefix: str, **_: Any) -> list[str]:
    """Commands, for `mbmd help`."""
    return [name for name in COMMANDS if name.startswith(prefix)]


COMPLETERS: dict[str, _Completer] = {
    "ADAPTER": adapters,
    "COMMAND": commands,
    "FILE": FilesCompleter(),
    "FOLDER": DirectoriesCompleter(),
    "SPEC": specs,
    "TYPES": type_lists,
    "TYPE|FILE": types_and_files,
}
