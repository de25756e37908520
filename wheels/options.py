"""The command line."""

import argparse
import sys
from collections.abc import Sequence

from wheels import PROG, build, bundle, compare, lock
from wheels.container import check as container
from wheels.deb import command as deb
from wheels.proof import command as proof
from wheels.release import check as release
from wheels.release import notes

COMMANDS = (build, bundle, compare, deb, container, lock, proof, release, notes)
"""Modules, each with `add_parser(subparsers)`; its default `run` takes the arguments and returns the exit code."""


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments of the command line, and its words as `words`."""
    parser = argparse.ArgumentParser(
        prog=PROG, description="Build what mbmd is installed from.", epilog="wheels/README.md tells the rest."
    )
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(subparsers)
    words = sys.argv[1:] if argv is None else list(argv)
    return parser.parse_args(words, argparse.Namespace(words=words))
