"""Options that several commands share."""

from __future__ import annotations

import os
from argparse import SUPPRESS

from mbmd.config.defaults import BAUDRATE, COMSETS, DEFAULT_TIMEOUT

# Known to type checkers as that of typing, whose import would be an eighth of what `mbmd --help` takes.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from mbmd.config.adapter import Adapter
    from mbmd.devices.registry import Registry

ADAPTER_HELP = (
    "serial device, host:port (Modbus TCP), mock, or a URL: rtu:///dev/ttyUSB0?baudrate=19200&comset=8E1, "
    "tcp://host:502, rtu+tcp://host:23, rtu+udp://host:502, ascii:///dev/ttyUSB0, ascii+tcp://host:23; "
    "a URL may have options, as in tcp://host?close=true&timeout=1s"
)
DEVICES_HELP = (
    "devices as TYPE:UNIT[.SUBDEVICE][?OPTIONS][@ADAPTER], several by comma or by repeating the option; "
    "OPTIONS as in sdm:1?rate=10s&slow=Import*"
)


def add_line_options(parser: argparse.ArgumentParser) -> None:
    """`-b` and `--comset`: the settings of serial lines that are not written as a URL."""
    parser.add_argument("-b", "--baudrate", type=int, default=BAUDRATE, metavar="RATE", help="default: %(default)s")
    parser.add_argument("--comset", default="8N1", help=f"one of {', '.join(COMSETS)}; default: %(default)s")


BUS_DEFAULTS = {
    "config": None,
    "adapter": None,
    "baudrate": BAUDRATE,
    "comset": COMSETS[0],
    "rtu": False,
    "timeout": DEFAULT_TIMEOUT,
    "raw": False,
    "verbose": False,
    "devices_dir": None,
}


def add_bus_options(parser: argparse.ArgumentParser) -> None:
    """The options of whoever talks to a bus: they may stand before the command or behind it.

    They set nothing by themselves, so that the command does not undo what stands before it, and the environment and
    the configuration file can: BUS_DEFAULTS are the defaults of the whole command line.
    """
    group = parser.add_argument_group("bus options", argument_default=SUPPRESS)
    add_config(group)
    group.add_argument("-a", "--adapter", metavar="ADAPTER", help=f"default adapter: {ADAPTER_HELP}")
    group.add_argument("-b", "--baudrate", type=int, metavar="RATE", help=f"default: {BAUDRATE}")
    group.add_argument("--comset", help=f"one of {', '.join(COMSETS)}; default: {COMSETS[0]}")
    group.add_argument("--rtu", action="store_true", help="RTU over TCP instead of Modbus TCP for the default adapter")
    group.add_argument("--timeout", metavar="DURATION", help=f"time to answer; default: {DEFAULT_TIMEOUT}")
    group.add_argument("--raw", action="store_true", help="log every frame in hex")
    add_devices_dir(group)
    group.add_argument("-v", "--verbose", action="store_true", help="log more")
    parser.set_defaults(configured=tuple(BUS_DEFAULTS))


def add_config(parser: argparse._ActionsContainer) -> None:
    """`-c`: the configuration file."""
    parser.add_argument(
        "-c",
        "--config",
        metavar="FILE",
        default=SUPPRESS,
        help="configuration file, empty for none; default: the first of ~/mbmd.yaml, ./mbmd.yaml and /etc/mbmd.yaml",
    )


def add_devices_dir(parser: argparse._ActionsContainer) -> None:
    """`--devices-dir`: where device tables of the user are."""
    parser.set_defaults(configured=("devices_dir",))
    parser.add_argument(
        "--devices-dir",
        action="append",
        metavar="FOLDER",
        default=SUPPRESS,
        help="device tables of your own; may be repeated; default: ~/.config/mbmd/devices and /etc/mbmd/devices",
    )


def device_directories(args: argparse.Namespace) -> tuple[Path, ...]:
    """The folders of `--devices-dir`, before those where tables always may be."""
    from pathlib import Path

    from mbmd.config import paths

    named = map(Path, getattr(args, "devices_dir", None) or ())
    return (*named, *paths.device_directories(os.environ, paths.home_directory()))


def device_registry(args: argparse.Namespace) -> Registry:
    """All device types, those of the user among them."""
    from mbmd.devices.registry import Registry

    return Registry(device_directories(args))


def timeout_seconds(args: argparse.Namespace) -> float:
    """The seconds of `--timeout`. UsageError if it is none, or no duration."""
    from mbmd.config.values import parse_duration
    from mbmd.errors import UsageError

    seconds = parse_duration(args.timeout)
    if seconds <= 0:
        raise UsageError(f"--timeout must be longer than nothing, as in {DEFAULT_TIMEOUT}")
    return seconds


def default_adapter(args: argparse.Namespace) -> Adapter | None:
    """The adapter of `-a`, or that of the configuration, if there is one."""
    from mbmd.config.adapter import parse_adapter

    if not isinstance(args.adapter, str):
        adapter: Adapter | None = args.adapter
        return adapter
    return parse_adapter(args.adapter, args.baudrate, args.comset, args.rtu)


def required_adapter(args: argparse.Namespace) -> Adapter:
    """The adapter of `-a`, or that of the configuration. UsageError if there is none."""
    from mbmd.errors import UsageError

    adapter = default_adapter(args)
    if adapter is None:
        raise UsageError("no adapter: name it with -a, as in -a /dev/ttyUSB0 or -a 192.168.0.7:502")
    return adapter


def set_up_logging(verbose: bool) -> None:
    """Log to standard error: states and failures, with `verbose` every failed request."""
    from mbmd.config.log import DEBUG, Log
    from mbmd.running.logs import set_up

    set_up(DEBUG if verbose else Log())
