"""`mbmd run`: poll devices and serve their readings."""

import argparse
import os
import textwrap
from collections.abc import Iterable
from pathlib import Path

from mbmd.cli.options import DEVICES_HELP, add_bus_options, device_directories, device_specs, set_up_logging
from mbmd.config.adapter import ADAPTER_OPTIONS
from mbmd.config.defaults import DEFAULT_API, DEFAULT_RATE
from mbmd.config.devices import assign_ids
from mbmd.config.options import DEVICE_OPTIONS
from mbmd.config.paths import home_directory, state_file
from mbmd.config.run import RunConfig
from mbmd.config.values import parse_duration, split_host_port
from mbmd.errors import UsageError


def _listed(options: Iterable[str]) -> str:
    return textwrap.fill(", ".join(options), 80, subsequent_indent="  ")


_EPILOG = f"""\
options of an adapter, in its URL:
  {_listed(ADAPTER_OPTIONS)}
options of a device, behind its unit, or in the URL for all devices of the adapter:
  {_listed(DEVICE_OPTIONS)}

examples:
  mbmd run -a /dev/ttyUSB0 -d sdm:1,janitza:26
  mbmd run -a /dev/ttyUSB0 -b 19200 --comset 8E1 -d abb:1 -d sdm:2@192.168.0.7:502
  mbmd run -d sdm:1@rtu+tcp://192.168.0.8:23 --api 127.0.0.1:8080 --rate 500ms
  mbmd run -a 'rtu:///dev/ttyUSB0?pause=10ms&unit_pause=20ms' -d 'sdm:1?rate=10s&slow=Import*+Export*'
  mbmd run -d 'abb:1?timeout=1s@tcp://192.168.0.7?close=true'
  mbmd run -a mock -d sdm:1
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "run",
        help="poll devices and serve their readings",
        description="Poll devices and serve their readings by REST and websocket.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_bus_options(parser)
    parser.add_argument("-d", "--devices", action="append", metavar="SPEC", help=DEVICES_HELP)
    parser.add_argument(
        "-r",
        "--rate",
        default=DEFAULT_RATE,
        metavar="DURATION",
        help="no device is queried more often, unless options say so; 0: as often as the bus carries; "
        "default: %(default)s",
    )
    parser.add_argument(
        "--api", default=DEFAULT_API, metavar="HOST:PORT", help="web server, empty for none; default: %(default)s"
    )
    parser.add_argument(
        "--state",
        metavar="FILE",
        help="keeps what was learned of devices, empty for nothing; default: learned.json in "
        "$STATE_DIRECTORY, $XDG_STATE_HOME/mbmd or ~/.local/state/mbmd",
    )
    parser.add_argument(
        "--no-plausibility",
        dest="plausibility",
        action="store_false",
        help="let values through that are not plausible, such as a counter that jumps",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Poll until stopped."""
    config = make_config(args)
    set_up_logging(args.verbose)
    from mbmd import daemon

    daemon.run(config)
    return 0


def make_config(args: argparse.Namespace) -> RunConfig:
    """The checked configuration of the command line."""
    specs = device_specs(args)
    if not specs:
        raise UsageError("no devices: name them with -d, as in -d sdm:1")
    timeout = parse_duration(args.timeout)
    if timeout <= 0:
        raise UsageError("--timeout must be longer than nothing, as in 300ms")
    return RunConfig(
        devices=tuple(assign_ids(specs)),
        api=_api(args.api),
        rate=parse_duration(args.rate),
        timeout=timeout,
        raw=args.raw,
        state=_state(args.state),
        plausibility=args.plausibility,
        device_dirs=device_directories(args),
    )


def _api(text: str) -> tuple[str, int] | None:
    if not text:
        return None
    address = split_host_port(text)
    if address is None:
        raise UsageError(f"--api '{text}' is not host:port, as in 127.0.0.1:8080")
    return address[0] or "0.0.0.0", address[1]


def _state(text: str | None) -> Path | None:
    if text is None:
        return state_file(os.environ, home_directory())
    return Path(text) if text else None
