"""`mbmd simulate`: meters and inverters to try mbmd with, on the network or on pseudo terminals."""

import argparse
import shlex
from collections.abc import Iterable
from dataclasses import replace

from mbmd.cli.faults import add_fault_options, parse_faults
from mbmd.cli.options import DEVICES_HELP, add_devices_dir, add_line_options, device_registry
from mbmd.cli.simulated import LONGEST_DAY, SHORTEST_DAY, Standing, is_sunspec, kind, parse_day, plan
from mbmd.config.adapter import Adapter

EXAMPLES = """\
examples:
  mbmd simulate -a 127.0.0.1:5020 -d sdm:1,janitza:26
  mbmd simulate -a rtu:///tmp/meters?baudrate=19200 -d sdm:1,sdm:2 --loss 0.05 --late 0.02 --dead 2
  mbmd simulate -a rtu+tcp://127.0.0.1:5023 -a /tmp/meters -d sdm:1 -d abb:2@/tmp/meters
  mbmd simulate -a 127.0.0.1:5020 -d sma:126 --day 2m --time 17:00 --sleep
  mbmd simulate -a 127.0.0.1:5020 --sunspec inverter.json --reads point --max-registers 60

Then, in another terminal, the command that this one prints:
  mbmd run -a tcp://127.0.0.1:5020 -d SDM:1,JANITZA:26

A device of a SunSpec type is a three-phase inverter with two strings, and the meter behind it is its subdevice 1. The
sun rises at 6:00 of its own day; at night much of it is not implemented. An image file has the registers of units by
address, {"units": {"126": {"40000": [21365, 28243, 1, 66]}}}, and is served on each adapter of -a.
"""

_ADAPTER_HELP = (
    "where meters stand: host:port, tcp://, rtu+tcp://, ascii+tcp://, rtu+udp:// listen there; "
    "a path, rtu:// or ascii:// becomes a pseudo terminal at that path; may be repeated"
)
_ALL_INTERFACES = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "simulate",
        help="simulate meters on the network or on pseudo terminals",
        description="Simulate meters and inverters whose readings move, until interrupted; serial lines run at their "
        "baud rate.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-a", "--adapter", action="append", default=[], metavar="ADAPTER", help=_ADAPTER_HELP)
    parser.add_argument(
        "-d",
        "--devices",
        action="append",
        default=[],
        metavar="SPEC",
        help=f"{DEVICES_HELP}; without @ADAPTER on every adapter of -a",
    )
    parser.add_argument(
        "--sunspec",
        action="append",
        default=[],
        metavar="FILE",
        help="file with the registers of SunSpec devices; may be repeated",
    )
    add_line_options(parser)
    add_devices_dir(parser)
    parser.add_argument(
        "--gaps",
        choices=("strict", "zero"),
        default="strict",
        help="registers without a meaning are refused (strict, the default) or read as 0",
    )
    parser.add_argument(
        "--day",
        default="10m",
        metavar="DURATION",
        help=f"how long a day of inverters takes, {SHORTEST_DAY} to {LONGEST_DAY}; default: %(default)s",
    )
    parser.add_argument(
        "--time", default="10:00", metavar="HH:MM", help="time of that day at the start; default: %(default)s"
    )
    add_fault_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Simulate until SIGINT or SIGTERM."""
    from mbmd.simulator.image_file import read_image_file

    types, day = device_registry(args), parse_day(args)
    images = [read_image_file(path) for path in args.sunspec]
    buses = plan(args.adapter, args.devices, args.baudrate, args.comset, images)
    devices = [device for bus in buses.values() for device in bus.values()]
    faults = parse_faults(args, {device.unit for device in devices}, any(map(is_sunspec, devices)))
    meters = {
        adapter: [(kind(device, types, day), unit) for unit, device in bus.items()] for adapter, bus in buses.items()
    }

    def started() -> None:
        for adapter, bus in buses.items():
            print(announcement(adapter, bus.values()), flush=True)

    from mbmd import loop
    from mbmd.simulator.site import serve_until_signal
    from mbmd.simulator.slaves import Gaps

    loop.run(serve_until_signal(meters, Gaps(args.gaps), faults, started))
    return 0


def announcement(adapter: Adapter, devices: Iterable[Standing]) -> str:
    """What a bus serves, and the command that polls it."""
    names = ",".join(name for device in devices for name in device.names)
    client = replace(adapter, host=_ALL_INTERFACES.get(adapter.host, adapter.host))
    command = f"mbmd run -a {shlex.quote(str(client))} -d {shlex.quote(names)}"
    return f"{adapter.address}: {names}; poll with: {command}"
