"""The command `mbmd`; one file a subcommand.

Exit codes: 0 success, 1 failure while running, 2 wrong usage or configuration.
"""

import argparse
import sys
from collections.abc import Sequence

from mbmd import __version__
from mbmd.cli import demo, run, simulate
from mbmd.cli.options import BUS_DEFAULTS, add_bus_options
from mbmd.errors import MbmdError, UsageError


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    parser = _parser()
    args = parser.parse_args(argv)
    try:
        code: int = args.run(args)
    except UsageError as error:
        print(f"mbmd: {error}", file=sys.stderr)
        return 2
    except MbmdError as error:
        print(f"mbmd: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mbmd",
        description="Modbus Measurement Daemon: polls smart meters on many buses and serves their readings.",
    )
    parser.add_argument("--version", action="version", version=f"mbmd {__version__}")
    add_bus_options(parser)
    parser.set_defaults(**BUS_DEFAULTS)
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in (run, simulate, demo):
        command.add_parser(subparsers)
    return parser
