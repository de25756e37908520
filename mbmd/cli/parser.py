"""The parser of the command line: errors in one line, and what was given told from what is default."""

from __future__ import annotations

import argparse

from mbmd.cli.options import BUS_DEFAULTS

# Known to type checkers as that of typing, whose import would be an eighth of what `mbmd --help` takes.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line that says where help is."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and exit with code 2."""
        self.exit(2, f"mbmd: {message} (see {self.prog} --help)\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            from mbmd.config.values import did_you_mean

            self.error(f"unknown command {value!r}{did_you_mean(value, action.choices)}")
        super()._check_value(action, value)


class MainParser(Parser):
    """The parser of the whole command line; `given` of its results names the options that the user gave."""

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> argparse.Namespace:  # type: ignore[override]
        """The options, with BUS_DEFAULTS for those of buses that were not given."""
        parsed, rest = self.parse_known_args(args, namespace)
        if rest:
            self.exit(2, f"mbmd: unrecognized arguments: {' '.join(rest)} (see mbmd {parsed.command} --help)\n")
        given = vars(parsed)
        return argparse.Namespace(**{**BUS_DEFAULTS, **given}, given=frozenset(given))
