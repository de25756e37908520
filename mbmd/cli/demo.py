"""`mbmd demo`: simulated buses and the daemon that polls them, together."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mbmd.cli.options import set_up_logging
from mbmd.config.adapter import Adapter, Framing, Medium, parse_adapter
from mbmd.config.devices import DeviceSpec, assign_ids
from mbmd.config.run import RunConfig
from mbmd.config.values import join_host_port, parse_duration, split_host_port
from mbmd.errors import UsageError

if TYPE_CHECKING:
    from mbmd.devices.schema import DeviceType

API = "127.0.0.1:8080"
BUSES = {
    "rtu://{folder}/bus1?baudrate=9600": (("SDM", 1), ("SDM", 2), ("JANITZA", 26), ("SDM120", 5)),
    "rtu://{folder}/bus2?baudrate=19200&comset=8E1": (("ABB", 1), ("ORNO3P", 2), ("DZG", 3)),
}
TCP_DEVICES = (("SDM72V2", 1), ("SMA", 126))
"""What stands on TCP ports, each on its own, beside the serial buses."""
_SUN = "SMA:126 is an inverter with two strings, SMA:126.1 the meter behind it; their days take ten minutes"


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "demo",
        help="see mbmd at work on simulated meters",
        description="Simulates two serial buses, a TCP meter and an inverter with a day of ten minutes, polls them and "
        "serves their readings.",
        epilog="example:\n  mbmd demo --api 127.0.0.1:9090",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--api", default=API, metavar="HOST:PORT", help="web server; default: %(default)s")
    parser.add_argument("-v", "--verbose", action="store_true", default=argparse.SUPPRESS, help="log more")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Simulate and poll until stopped."""
    api = split_host_port(args.api)
    if api is None:
        raise UsageError(f"--api '{args.api}' is not host:port, as in {API}")
    set_up_logging(args.verbose)
    import tempfile

    from mbmd import loop
    from mbmd.running import hangup

    with hangup.held(), tempfile.TemporaryDirectory(prefix="mbmd-demo-") as folder:
        loop.run(_demo(Path(folder), (api[0] or "0.0.0.0", api[1])))
    return 0


async def _demo(folder: Path, api: tuple[str, int]) -> None:
    from mbmd import daemon
    from mbmd.simulator.site import serve
    from mbmd.simulator.slaves import Gaps

    stop = daemon.stop_on_signal()
    buses = {parse_adapter(url.format(folder=folder)): meters for url, meters in BUSES.items()}
    for number, device in enumerate(TCP_DEVICES, len(BUSES) + 1):
        buses[Adapter(Medium.TCP, Framing.MBAP, str(number), "127.0.0.1", 0, id=number)] = (device,)
    meters = {adapter: [(_type(name), unit) for name, unit in named] for adapter, named in buses.items()}
    async with serve(meters, Gaps.ZERO) as adapters:
        specs = [
            DeviceSpec(name, unit, subdevice, adapter)
            for adapter, named in zip(adapters, buses.values(), strict=True)
            for name, unit in named
            for subdevice in _subdevices(name)
        ]
        config = RunConfig(tuple(assign_ids(specs)), api, parse_duration("1s"), parse_duration("300ms"))
        await daemon.serve(config, stop, lambda: print(_greeting(specs, api), flush=True))


def _type(name: str) -> "DeviceType":
    from mbmd.devices.registry import BUILT_IN
    from mbmd.sunspec.device_type import device_type, is_sunspec

    return device_type(name) if is_sunspec(name) else BUILT_IN.get(name)


def _subdevices(name: str) -> range:
    from mbmd.simulator.inverter import SUBDEVICES
    from mbmd.sunspec.device_type import is_sunspec

    return range(SUBDEVICES if is_sunspec(name) else 1)


def _greeting(specs: list[DeviceSpec], api: tuple[str, int]) -> str:
    address = join_host_port(*api)
    lines = [f"{len(specs)} simulated meters:"]
    for adapter in dict.fromkeys(spec.adapter for spec in specs):
        names = ", ".join(_name(spec) for spec in specs if spec.adapter == adapter)
        speed = f" at {adapter.baudrate} baud" if adapter.is_serial_line else ""
        lines.append(f"  {adapter.address}{speed}: {names}")
    lines += [
        _SUN,
        "open:",
        f"  http://{address}/          the readings",
        f"  http://{address}/api/last  the same as JSON; also /api/avg and /api/status",
        f"  ws://{address}/ws          every reading as it comes",
        "stop with Ctrl-C",
    ]
    return "\n".join(lines)


def _name(spec: DeviceSpec) -> str:
    return f"{spec.type}:{spec.unit}" + (f".{spec.subdevice}" if spec.subdevice else "")
