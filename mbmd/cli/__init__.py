"""The command `mbmd`; one file or folder a subcommand, of which only the one that is asked for is imported.

Exit codes: 0 success, 1 failure while running, 2 wrong usage or configuration, 130 interrupted.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from types import MappingProxyType

from mbmd import __version__
from mbmd.cli.options import BUS_DEFAULTS, add_bus_options
from mbmd.errors import MbmdError, UsageError

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "run": "poll devices and serve their readings",
        "simulate": "simulate meters on the network or on pseudo terminals",
        "demo": "see mbmd at work on simulated meters",
        "devices": "list the types of devices; show, check and try their tables",
        "version": "tell the version of mbmd and of what it runs on",
        "completion": "print the script that lets a shell complete commands",
        "help": "tell how a command is used",
    }
)
"""Every command with what `mbmd --help` says of it; its module is imported only when it is asked for."""

_EPILOG = """\
examples:
  mbmd run -a /dev/ttyUSB0 -d sdm:1,janitza:26
  mbmd devices show sdm
  mbmd help run

exit codes:
  0    success
  1    failure while running
  2    wrong usage or configuration
  130  interrupted
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    try:
        try:
            return _main(sys.argv[1:] if argv is None else argv)
        finally:
            print(end="", flush=True)
    except BrokenPipeError:
        # Who reads has seen enough, as in `mbmd devices | head`; Python would complain when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _main(words: Sequence[str]) -> int:
    if "_ARGCOMPLETE" in os.environ:
        from mbmd.cli.completion import answer

        answer(make_parser(os.environ.get("COMP_LINE", "").split()))
    if not words:
        make_parser(()).print_help(sys.stderr)
        return 2
    args = make_parser(words).parse_args(words)
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


def make_parser(words: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of a command line of these words: it knows the options of the commands that are among them."""
    top = argparse.ArgumentParser(
        prog="mbmd",
        description="Modbus Measurement Daemon: polls smart meters on many buses and serves their readings.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"mbmd {__version__}", help="print the version")
    add_bus_options(top)
    top.set_defaults(**BUS_DEFAULTS)
    subparsers = top.add_subparsers(metavar="COMMAND", required=True)
    asked = set(words)
    for name, text in COMMANDS.items():
        if name in asked:
            import_module(f"mbmd.cli.{name}").add_parser(subparsers)
        else:
            subparsers.add_parser(name, help=text)
    return top
