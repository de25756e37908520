"""`mbmd simulate`: meters to try mbmd with, on the network or on pseudo terminals."""

import argparse
import shlex
from collections.abc import Iterable
from dataclasses import replace

from mbmd.cli.faults import add_fault_options, parse_faults
from mbmd.cli.options import DEVICES_HELP, add_devices_dir, add_line_options, device_registry
from mbmd.config.adapter import Adapter, parse_adapter
from mbmd.config.devices import DeviceSpec, assign_ids, parse_specs
from mbmd.errors import UsageError

EXAMPLES = """\
examples:
  mbmd simulate -a 127.0.0.1:5020 -d sdm:1,janitza:26
  mbmd simulate -a rtu:///tmp/meters?baudrate=19200 -d sdm:1,sdm:2 --loss 0.05 --late 0.02 --dead 2
  mbmd simulate -a rtu+tcp://127.0.0.1:5023 -a /tmp/meters -d sdm:1 -d abb:2@/tmp/meters

Then, in another terminal, the command that this one prints:
  mbmd run -a tcp://127.0.0.1:5020 -d SDM:1,JANITZA:26
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
        description="Simulate meters whose readings move, until interrupted; serial lines run at their baud rate.",
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
    add_line_options(parser)
    add_devices_dir(parser)
    parser.add_argument(
        "--gaps",
        choices=("strict", "zero"),
        default="strict",
        help="registers without a meaning are refused (strict, the default) or read as 0",
    )
    add_fault_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Simulate until SIGINT or SIGTERM."""
    types = device_registry(args)
    buses = plan(args.adapter, args.devices, args.baudrate, args.comset)
    meters = {bus: [(types.get(spec.type), spec.unit) for spec in specs] for bus, specs in buses.items()}
    faults = parse_faults(args, {spec.unit for specs in buses.values() for spec in specs})

    def started() -> None:
        for adapter, specs in buses.items():
            print(announcement(adapter, specs), flush=True)

    import uvloop

    from mbmd.simulator.site import serve_until_signal
    from mbmd.simulator.slaves import Gaps

    uvloop.run(serve_until_signal(meters, Gaps(args.gaps), faults, started))
    return 0


def plan(
    adapters: Iterable[str], devices: Iterable[str], baudrate: int, comset: str
) -> dict[Adapter, list[DeviceSpec]]:
    """Who stands where: a device that names no adapter stands on each. UsageError when two claim one place."""
    given = {adapter.address: adapter for adapter in (parse_adapter(text, baudrate, comset) for text in adapters)}

    def adapter_of(text: str) -> Adapter:
        return given.get(text) or parse_adapter(text, baudrate, comset)

    specs: dict[DeviceSpec, None] = {}
    for default in given.values() or (None,):
        parsed = parse_specs(devices, adapter_of, default)
        assign_ids(parsed)
        specs.update(dict.fromkeys(parsed))
    assign_ids(specs)
    if not specs:
        raise UsageError("no devices: name them with -d, as in -d sdm:1")
    buses: dict[Adapter, list[DeviceSpec]] = {}
    for spec in specs:
        if spec.subdevice:
            raise UsageError(f"device {spec.type}:{spec.unit}.{spec.subdevice}: simulated meters have no subdevices")
        buses.setdefault(spec.adapter, []).append(spec)
    return buses


def announcement(adapter: Adapter, specs: Iterable[DeviceSpec]) -> str:
    """What a bus serves, and the command that polls it."""
    devices = ",".join(f"{spec.type.upper()}:{spec.unit}" for spec in specs)
    client = replace(adapter, host=_ALL_INTERFACES.get(adapter.host, adapter.host))
    return f"{adapter.address}: {devices}; poll with: mbmd run -a {shlex.quote(str(client))} -d {devices}"
