"""`mbmd devices`: the types of devices; one file a subcommand."""

import argparse
from collections.abc import Mapping

from mbmd.cli.devices import check, listing, show, trial
from mbmd.cli.options import add_devices_dir

_EPILOG = """\
examples:
  mbmd devices
  mbmd devices 'sdm*'
  mbmd devices janitza --json
  mbmd devices show sdm -b 19200
  mbmd devices check ~/.config/mbmd/devices/*.toml
  mbmd devices try mymeter.toml -a /dev/ttyUSB0 -d 1
"""


class _Subcommands(dict[str, argparse.ArgumentParser]):
    """The parsers of the subcommands; any other word is a pattern, behind which stand the options of the list."""

    def __init__(self, parsers: Mapping[str, argparse.ArgumentParser], of_list: argparse.ArgumentParser) -> None:
        super().__init__(parsers)
        self._of_list = of_list

    def __contains__(self, word: object) -> bool:
        return True

    def __missing__(self, word: str) -> argparse.ArgumentParser:
        return self._of_list


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "devices",
        usage="%(prog)s [OPTIONS] [PATTERN | {show,check,try} ...]",
        help="list the types of devices; show, check and try their tables",
        description="List the types of devices that mbmd knows, built-in, of your own tables and of SunSpec, and what "
        "they measure; with a PATTERN only those whose type or name it fits or is a part of. Exit code 2 if a table of "
        "your own is broken, 1 if nothing fits.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_list_options(parser)
    parser.set_defaults(run=listing.run)
    subcommands = parser.add_subparsers(prog=parser.prog, dest="pattern", metavar="PATTERN", help="or one of")
    for subcommand in (show, check, trial):
        subcommand.add_parser(subcommands)
    of_list = type(parser)(prog=f"{parser.prog} PATTERN")
    _add_list_options(of_list)
    of_list.set_defaults(run=listing.run)
    subcommands.choices = subcommands._name_parser_map = _Subcommands(subcommands.choices, of_list)


def _add_list_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON")
    add_devices_dir(parser)
