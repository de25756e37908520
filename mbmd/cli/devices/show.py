"""`mbmd devices show`: the registers of a type, and how they are read on a line."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mbmd.cli.options import ADAPTER_HELP, add_devices_dir, default_adapter, device_registry
from mbmd.config.defaults import BAUDRATE, COMSETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mbmd.cli.devices.reads import Read
    from mbmd.cli.devices.tables import Table
    from mbmd.config.adapter import Adapter
    from mbmd.devices.schema import DeviceType, Register
    from mbmd.devices.settings import Settings

TYPE = "TYPE|FILE"
TYPE_HELP = "a type of device, or the file of a table (with a folder, as in ./mymeter.toml, or ending in .toml)"
_REGISTERS = ("Measurement", "Unit", "Function", "Address", "Hex", "Type", "Conversion", "No value", "Class")
_READS = ("Function", "Address", "Registers", "Unused", "Class", "Request", "Answer", "Time")
FUNCTIONS = {1: "coil", 2: "discrete input", 3: "holding", 4: "input"}
"""What each function reads."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "show",
        help="show registers and the read plan of a type",
        description="Show the registers of a type of device, how they are read on a line, and what time that takes. "
        "Of a SunSpec type it shows what its devices may have.",
        epilog="examples:\n"
        "  mbmd devices show sdm\n"
        "  mbmd devices show sma\n"
        "  mbmd devices show sdm -b 19200\n"
        "  mbmd devices show ./mymeter.toml -a 'rtu:///dev/ttyUSB0?max_registers=60&pause=10ms'",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("type", metavar=TYPE, help=TYPE_HELP)
    parser.add_argument(
        "-a", "--adapter", metavar="ADAPTER", help=f"the line; default: serial, RTU. It need not exist: {ADAPTER_HELP}"
    )
    parser.add_argument("-b", "--baudrate", type=int, metavar="RATE", help=f"default: {BAUDRATE}")
    parser.add_argument("--comset", help=f"one of {', '.join(COMSETS)}; default: {COMSETS[0]}")
    parser.add_argument("--json", action="store_true", default=False, help="print JSON")
    add_devices_dir(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print registers and reads."""
    from mbmd.cli.devices import sunspec
    from mbmd.cli.devices.reads import all_reads, settings_on
    from mbmd.cli.devices.tables import find
    from mbmd.cli.output import bold, print_json, print_line, print_table
    from mbmd.config.adapter import parse_adapter
    from mbmd.sunspec.device_type import is_sunspec

    if is_sunspec(args.type):
        sunspec.show(args.type, args.json)
        return 0
    table = find(device_registry(args), args.type)
    adapter = default_adapter(args) or parse_adapter("/dev/ttyUSB0", args.baudrate, args.comset)
    settings = settings_on(adapter, table.type)
    reads = all_reads(settings, adapter)
    if args.json:
        print_json(_facts(table, settings, reads, adapter))
        return 0
    print_line(bold(table.type.type), f": {table.type.description}")
    for name, text in _head(table):
        print_line(f"{name:<12}  {text}")
    print_line()
    print_table(_REGISTERS, _register_rows(table.type, settings), numbers=("Address",))
    print_line()
    print_line(bold(f"Reads on {_line(adapter)}"))
    rows = [_read_row(read) for read in reads]
    print_table(_READS, rows, numbers=("Address", "Registers", "Unused", "Request", "Answer", "Time"))
    for line in _summary(settings, reads, adapter):
        print_line(line)
    return 0


def _head(table: Table) -> Iterator[tuple[str, str]]:
    device_type = table.type
    yield "manufacturer", device_type.manufacturer
    if device_type.manual:
        yield "manual", device_type.manual
    yield "table", "built-in" if table.is_built_in else str(table.path)
    if (probe := device_type.probe) is not None:
        yield "probe", f"{probe.measurement}, {FUNCTIONS[probe.function]} {probe.address}, {probe.type}"
    holes = "unwanted ones between are read along" if device_type.holes else "none but those below"
    yield "limits", f"{device_type.max_registers} registers a read, {holes}"
    if device_type.pause:
        yield "pause", f"{device_type.pause:g} s before each request"
    if device_type.timeout is not None:
        yield "timeout", f"{device_type.timeout:g} s, unless others have more"
    if device_type.rating is not None:
        yield "rating", f"{device_type.rating:g} kW"


def _register_rows(device_type: DeviceType, settings: Settings) -> list[tuple[str, ...]]:
    known = device_type.measurements
    return [
        (
            register.measurement,
            known[register.measurement].unit,
            f"{register.function} {FUNCTIONS[register.function]}",
            str(register.address),
            f"0x{register.address:04x}",
            f"{register.type} {register.length}" if register.is_text else register.type,
            _conversion(register),
            "" if register.nan is None else f"{register.nan:#x}",
            register.poll,
        )
        for register in in_order(settings.registers)
    ]


def _conversion(register: Register) -> str:
    """What becomes of the raw number."""
    parts = []
    if register.bits is not None:
        low, count = register.bits
        parts.append(f"bit {low}" if count == 1 else f"bits {low}-{low + count - 1}")
    if register.divisor != 1:
        parts.append(f"/ {register.divisor:g}")
    if register.scale is not None:
        parts.append(f"* 10^({register.scale.type} at {register.scale.address})")
    if register.offset:
        parts.append(f"{register.offset:+g}")
    return " ".join(parts)


def in_order(registers: Iterable[Register]) -> list[Register]:
    """Registers in the order in which a device has them."""
    return sorted(registers, key=lambda register: (register.function, register.address))


def register_facts(register: Register) -> dict[str, Any]:
    """A register as in its table, for JSON."""
    facts = asdict(register)
    poll = facts.pop("poll")
    return {**facts, "class": poll}


def _read_row(read: Read) -> tuple[str, ...]:
    block = read.block
    return (
        f"{block.function} {FUNCTIONS[block.function]}",
        str(block.address),
        str(block.count),
        str(block.holes),
        read.poll,
        f"{read.request} bytes",
        f"{read.answer} bytes",
        _duration(read.seconds),
    )


def _summary(settings: Settings, reads: Sequence[Read], adapter: Adapter) -> Iterator[str]:
    from mbmd.cli.devices.reads import meters_at_once_a_second, round_seconds
    from mbmd.config.options import PollClass

    seconds = round_seconds(reads)
    often = {PollClass.FAST: "with every poll", PollClass.SLOW: f"every {settings.slow_rate:g} s"}
    for poll, taken in seconds.items():
        if count := sum(read.poll is poll for read in reads):
            when = often.get(poll, "once")
            yield f"{count} {'read' if count == 1 else 'reads'} {when}: {_duration(taken)}"
    meters = meters_at_once_a_second(reads, settings)
    if not adapter.is_serial_line:
        return
    if meters >= 1:
        yield f"at one poll a second {int(meters)} such {'device fits' if meters < 2 else 'devices fit'} on the line"
    else:
        yield f"at one poll a second not even one fits on the line: poll it every {1 / meters:.1f} s or less often"


def _line(adapter: Adapter) -> str:
    if not adapter.is_serial_line:
        return "Modbus TCP, in a local network"
    return f"a line of {adapter.baudrate} baud {adapter.comset}, {adapter.framing.upper()}"


def _duration(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"


def _facts(table: Table, settings: Settings, reads: Sequence[Read], adapter: Adapter) -> dict[str, Any]:
    from mbmd.cli.devices.reads import meters_at_once_a_second, round_seconds

    device_type = table.type
    known = device_type.measurements
    return {
        "type": device_type.type,
        "description": device_type.description,
        "manufacturer": device_type.manufacturer,
        "manual": device_type.manual,
        "built_in": table.is_built_in,
        "file": str(table.path),
        "probe": register_facts(device_type.probe) if device_type.probe else None,
        "max_registers": device_type.max_registers,
        "holes": device_type.holes,
        "pause": device_type.pause,
        "timeout": device_type.timeout,
        "rating": device_type.rating,
        "registers": [
            {**register_facts(register), "unit": known[register.measurement].unit}
            for register in in_order(settings.registers)
        ],
        "line": {"framing": adapter.framing, "baudrate": adapter.baudrate, "comset": adapter.comset},
        "reads": [
            {
                "function": read.block.function,
                "address": read.block.address,
                "registers": read.block.count,
                "unused": read.block.holes,
                "class": read.poll,
                "request_bytes": read.request,
                "answer_bytes": read.answer,
                "seconds": read.seconds,
            }
            for read in reads
        ],
        "seconds": {poll.value: seconds for poll, seconds in round_seconds(reads).items() if seconds},
        "devices_at_one_poll_a_second": int(meters_at_once_a_second(reads, settings)),
    }
