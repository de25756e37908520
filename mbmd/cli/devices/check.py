"""`mbmd devices check`: whether tables are right, and all that is wrong with them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from mbmd.cli.options import add_devices_dir, device_registry

if TYPE_CHECKING:
    from mbmd.devices.schema import DeviceType


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "check",
        help="check device tables",
        description="Check device tables and tell all that is wrong with them. Exit code 2 if one is.",
        epilog="examples:\n"
        "  mbmd devices check mymeter.toml\n"
        "  mbmd devices check ~/.config/mbmd/devices/*.toml /etc/mbmd/devices/*.toml",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="a table (TOML)")
    add_devices_dir(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print what is found of each file."""
    from pathlib import Path

    from mbmd.cli.output import bad, good, print_line
    from mbmd.errors import UsageError

    types = device_registry(args)
    code = 0
    for file in args.files:
        try:
            device = types.load(Path(file))
            _check_use(device, file)
        except UsageError as error:
            code = 2
            for line in str(error).split("\n"):
                print_line(bad(line))
        else:
            count = len(device.registers)
            registers = "1 register" if count == 1 else f"{count} registers"
            print_line(f"{file}: ", good("fine"), f": type {device.type}, {registers}")
    return code


def _check_use(device: DeviceType, file: str) -> None:
    """Refuse what can be polled only with options, such as a type of which all is read once."""
    from mbmd.config.options import NO_OPTIONS
    from mbmd.devices.settings import resolve
    from mbmd.errors import UsageError

    try:
        resolve(device, NO_OPTIONS, NO_OPTIONS, NO_OPTIONS)
    except UsageError as error:
        raise UsageError(f"{file}: {error}") from None
