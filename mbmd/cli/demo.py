"""`mbmd demo`: simulated buses and the daemon that polls them, together."""

import argparse
from pathlib import Path

from mbmd.cli.options import set_up_logging
from mbmd.config.adapter import Adapter, Framing, Medium, parse_adapter
from mbmd.config.devices import DeviceSpec, assign_ids
from mbmd.config.run import RunConfig
from mbmd.config.values import join_host_port, parse_duration, split_host_port
from mbmd.errors import UsageError

API = "127.0.0.1:8080"
BUSES = {
    "rtu://{folder}/bus1?baudrate=9600": (("SDM", 1), ("SDM", 2), ("JANITZA", 26), ("SDM120", 5)),
    "rtu://{folder}/bus2?baudrate=19200&comset=8E1": (("ABB", 1), ("ORNO3P", 2), ("DZG", 3)),
}
TCP_DEVICES = (("SDM72V2", 1),)
"""What stands on a TCP port of its own, beside the serial buses."""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "demo",
        help="see mbmd at work on simulated meters",
        description="Simulates two serial buses and a TCP device, polls them and serves their readings.",
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

    import uvloop

    from mbmd.running import hangup

    with hangup.held(), tempfile.TemporaryDirectory(prefix="mbmd-demo-") as folder:
        uvloop.run(_demo(Path(folder), (api[0] or "0.0.0.0", api[1])))
    return 0


async def _demo(folder: Path, api: tuple[str, int]) -> None:
    from mbmd import daemon
    from mbmd.devices.registry import BUILT_IN
    from mbmd.simulator.site import serve
    from mbmd.simulator.slaves import Gaps

    stop = daemon.stop_on_signal()
    buses = {parse_adapter(url.format(folder=folder)): meters for url, meters in BUSES.items()}
    buses[Adapter(Medium.TCP, Framing.MBAP, "127.0.0.1:0", "127.0.0.1", 0)] = TCP_DEVICES
    meters = {a: [(BUILT_IN.get(name), unit) for name, unit in named] for a, named in buses.items()}
    async with serve(meters, Gaps.ZERO) as adapters:
        specs = [
            DeviceSpec(name, unit, 0, adapter)
            for adapter, named in zip(adapters, buses.values(), strict=True)
            for name, unit in named
        ]
        config = RunConfig(tuple(assign_ids(specs)), api, parse_duration("1s"), parse_duration("300ms"))
        await daemon.serve(config, stop, lambda: print(_greeting(specs, api), flush=True))


def _greeting(specs: list[DeviceSpec], api: tuple[str, int]) -> str:
    address = join_host_port(*api)
    lines = [f"{len(specs)} simulated meters:"]
    for adapter in dict.fromkeys(spec.adapter for spec in specs):
        names = ", ".join(f"{spec.type}:{spec.unit}" for spec in specs if spec.adapter == adapter)
        speed = f" at {adapter.baudrate} baud" if adapter.is_serial_line else ""
        lines.append(f"  {adapter.address}{speed}: {names}")
    lines += [
        "open:",
        f"  http://{address}/          the readings",
        f"  http://{address}/api/last  the same as JSON; also /api/avg and /api/status",
        f"  ws://{address}/ws          every reading as it comes",
        "stop with Ctrl-C",
    ]
    return "\n".join(lines)
