"""`mbmd run`: poll devices and serve their readings."""

import argparse
import logging
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mbmd.cli import configured
from mbmd.cli.options import DEVICES_HELP, add_bus_options
from mbmd.cli.output_flags import add_output_options
from mbmd.config.adapter import ADAPTER_OPTIONS
from mbmd.config.defaults import DEFAULT_API, DEFAULT_RATE
from mbmd.config.given import usage_error
from mbmd.config.options import DEVICE_OPTIONS
from mbmd.config.run import RunConfig
from mbmd.errors import MbmdError

if TYPE_CHECKING:
    from mbmd.config.load import Loaded

log = logging.getLogger(__name__)


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
  mbmd run -a mock -d sdm:1 -m localhost:1883 --mqtt-homeassistant
  mbmd run -a mock -d sdm:1 -m mqtts://broker --mqtt-user meter --mqtt-payload json --mqtt-qos 1
  mbmd run -a mock -d sdm:1 -i http://localhost:8086 --influx-database data
  mbmd run -c house.yaml
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "run",
        help="poll devices and serve their readings",
        description="Poll devices, serve their readings by REST and websocket, and send them to MQTT and InfluxDB.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_run_options(parser)
    parser.set_defaults(run=run)


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """All options that `make_config` knows; none has a default, so that file and environment count."""
    add_bus_options(parser)
    parser.set_defaults(configured=())
    group = parser.add_argument_group("what is polled and served", argument_default=argparse.SUPPRESS)
    group.add_argument("-d", "--devices", action="append", metavar="SPEC", help=DEVICES_HELP)
    group.add_argument(
        "-r",
        "--rate",
        metavar="DURATION",
        help="no device is queried more often, unless options say so; 0: as often as the bus carries; "
        f"default: {DEFAULT_RATE}",
    )
    group.add_argument("--api", metavar="HOST:PORT", help=f"web server, empty for none; default: {DEFAULT_API}")
    group.add_argument(
        "--state",
        metavar="FILE",
        help="keeps what was learned of devices, empty for nothing; default: learned.json in "
        "$STATE_DIRECTORY, $XDG_STATE_HOME/mbmd or ~/.local/state/mbmd",
    )
    group.add_argument(
        "--no-plausibility",
        dest="plausibility",
        action="store_false",
        default=argparse.SUPPRESS,
        help="let values through that are not plausible, such as a counter that jumps",
    )
    group.add_argument(
        "--profile", action="store_true", default=False, help="does nothing: the original has a profiler behind it"
    )
    add_output_options(parser)


def run(args: argparse.Namespace) -> int:
    """Poll until stopped."""
    from mbmd.running import hangup

    with hangup.held():
        try:
            _run(args)
        except MbmdError:
            raise
        except Exception:  # the log knows where it is read and what must not stand there
            log.critical("ended by an error of the program", exc_info=True)
            return 1
    return 0


def _run(args: argparse.Namespace) -> None:
    from mbmd.config.build import effective_log
    from mbmd.running import logs

    loaded = configured.load(args)
    logs.set_up(effective_log(loaded.config), logs.PATIENCE)
    if args.profile:
        log.warning("--profile: there is no profiler here: it does nothing")
    config = _checked(loaded)
    if config.file is not None:  # a reload keeps to it, wherever another may be by then
        args.config = str(config.file)
    from mbmd import daemon

    daemon.run(config, lambda: make_config(args))


def make_config(args: argparse.Namespace) -> RunConfig:
    """The configuration of file, environment and flags, made anew; logs its warnings.

    Raises UsageError with all that is wrong, each in a line.
    """
    return _checked(configured.load(args))


def _checked(loaded: "Loaded") -> RunConfig:
    built = configured.build(loaded)
    if built.problems:
        raise usage_error(built.problems)
    for warning in built.warnings:
        log.warning("%s", warning)
    return built.config
