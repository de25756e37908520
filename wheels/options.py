"""The command line."""

import argparse
from collections.abc import Sequence

from wheels import build, bundle, compare, lock
from wheels.proof import command as prove

PROG = "python -m wheels"
COMMANDS = (build, bundle, compare, lock, prove)
"""Modules, each with `add_parser(subparsers)`; its default `run` takes the arguments and returns the exit code."""


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments of the command line."""
    parser = argparse.ArgumentParser(
        prog=PROG, description="Build what mbmd is installed from.", epilog="wheels/README.md tells the rest."
    )
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(subparsers)
    return parser.parse_args(argv)
