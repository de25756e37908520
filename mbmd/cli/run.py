"""`mbmd run`: poll devices and serve their readings."""

import argparse

from mbmd.cli.options import DEVICES_HELP, add_bus_options, device_specs, set_up_logging
from mbmd.config.devices import assign_ids
from mbmd.config.run import DEFAULT_API, DEFAULT_RATE, RunConfig
from mbmd.config.values import parse_duration, split_host_port
from mbmd.errors import UsageError

EXAMPLES = """\
examples:
  mbmd run -a /dev/ttyUSB0 -d sdm:1,janitza:26
  mbmd run -a /dev/ttyUSB0 -b 19200 --comset 8E1 -d abb:1 -d sdm:2@192.168.0.7:502
  mbmd run -d sdm:1@rtu+tcp://192.168.0.8:23 --api 127.0.0.1:8080 --rate 500ms
  mbmd run -a mock -d sdm:1
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "run",
        help="poll devices and serve their readings",
        description="Poll devices and serve their readings by REST and websocket.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_bus_options(parser)
    parser.add_argument("-d", "--devices", action="append", metavar="SPEC", help=DEVICES_HELP)
    parser.add_argument(
        "-r",
        "--rate",
        default=DEFAULT_RATE,
        metavar="DURATION",
        help="no device is queried more often; 0: as often as the bus carries; default: %(default)s",
    )
    parser.add_argument(
        "--api", default=DEFAULT_API, metavar="HOST:PORT", help="web server, empty for none; default: %(default)s"
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
    return RunConfig(tuple(assign_ids(specs)), _api(args.api), parse_duration(args.rate), timeout, args.raw)


def _api(text: str) -> tuple[str, int] | None:
    if not text:
        return None
    address = split_host_port(text)
    if address is None:
        raise UsageError(f"--api '{text}' is not host:port, as in 127.0.0.1:8080")
    return address[0] or "0.0.0.0", address[1]
