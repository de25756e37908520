"""The parser of the command line: errors in one line, negative numbers as values, what was given told from defaults."""

from __future__ import annotations

import argparse
import re
import sys

from mbmd.cli.options import BUS_DEFAULTS

# Known to type checkers as that of typing, whose import would be an eighth of what `mbmd --help` takes.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, NoReturn

_NEGATIVE = re.compile(r" *-(\.?[0-9].*|inf(inity)?|nan)", re.IGNORECASE | re.DOTALL)


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line, and to which `-123`, `-1e3`, `-0x10` and `-inf` are never options.

    By itself argparse takes those for options that it does not know, which ones depends on the version of Python.
    What begins with a space never is one, so they get one more on the way in and lose it on the way out; parsers of
    subcommands do so in turn.
    """

    _given: Sequence[str] = ()

    def parse_known_args(self, args: Iterable[str] | None = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """As of argparse."""
        given = list(sys.argv[1:] if args is None else args)
        self._given = given
        parsed, rest = super().parse_known_args([_shield(arg) for arg in given], namespace)
        for name, value in vars(parsed).items():
            setattr(parsed, name, _unshield(value))
        return parsed, [_unshield(arg) for arg in rest]

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is, without secrets that were given, and exit with code 2."""
        from mbmd.cli.secret_words import conceal

        self.exit(2, f"mbmd: {conceal(message, self._given)} (see {self.prog} --help)\n")

    def _print_message(self, message: str, file: Any = None) -> None:
        """As of argparse, which keeps it to itself when an output is full."""
        if file is sys.stdout:
            file.write(message)
        else:
            super()._print_message(message, file)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            from mbmd.config.values import did_you_mean

            self.error(f"unknown command {_unshield(value)!r}{did_you_mean(value, action.choices)}")
        super()._check_value(action, value)


class MainParser(Parser):
    """The parser of the whole command line; `given` of its results names the options that the user gave."""

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> argparse.Namespace:  # type: ignore[override]
        """The options, with BUS_DEFAULTS for those of buses that were not given."""
        parsed, rest = self.parse_known_args(args, namespace)
        if rest:
            from mbmd.cli.secret_words import conceal

            unknown = conceal(" ".join(rest), self._given)
            self.exit(2, f"mbmd: unrecognized arguments: {unknown} (see mbmd {parsed.command} --help)\n")
        given = vars(parsed)
        return argparse.Namespace(**{**BUS_DEFAULTS, **given}, given=frozenset(given))


def _shield(arg: str) -> str:
    return f" {arg}" if _NEGATIVE.fullmatch(arg) else arg


def _unshield(value: Any) -> Any:
    if isinstance(value, list):
        return [_unshield(item) for item in value]
    return value[1:] if isinstance(value, str) and value[:1] == " " and _NEGATIVE.fullmatch(value) else value
