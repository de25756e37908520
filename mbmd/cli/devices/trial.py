"""`mbmd devices try`: what a device says, raw and decoded."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING, Any

from mbmd.cli.devices.show import FUNCTIONS, TYPE, TYPE_HELP, in_order
from mbmd.cli.options import add_bus_options, device_registry, required_adapter, set_up_logging, timeout_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mbmd.cli.devices.attempt import Answer
    from mbmd.config.adapter import Adapter
    from mbmd.devices.schema import DeviceType
    from mbmd.devices.settings import Settings
    from mbmd.protocol.pdu import Request

_HEADER = ("Measurement", "Function", "Address", "Hex", "Raw", "Value", "Unit", "Answer")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "try",
        help="ask a device for all registers of a type",
        description="Ask a device once for all registers of a type, and show what it says, raw and decoded. What it "
        "refuses is asked for in smaller parts, so that one register does not hide the others. Exit code 0 if all "
        "registers were answered, else 1.",
        epilog="examples:\n"
        "  mbmd devices try sdm -a /dev/ttyUSB0 -d 1\n"
        "  mbmd devices try ./mymeter.toml -a 192.168.0.7:502 -d 3 --json\n"
        "  mbmd devices try sdm -a mock -d 1",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("type", metavar=TYPE, help=TYPE_HELP)
    parser.add_argument("-d", "--device", type=int, required=True, metavar="UNIT", help="unit id of the device")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_bus_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask, and print what was said."""
    from mbmd.cli.devices.tables import find
    from mbmd.cli.output import print_json
    from mbmd.errors import UsageError
    from mbmd.sunspec.device_type import is_sunspec

    if is_sunspec(args.type):
        raise UsageError(f"device type {args.type!r} is one of SunSpec: `mbmd inspect` shows what is there")
    device_type = find(device_registry(args), args.type).type
    adapter = required_adapter(args)
    adapter.check_unit(args.device)
    answers = _ask(args, device_type, adapter)
    if args.json:
        facts = [_facts(answer, device_type) for answer in answers]
        print_json({"type": device_type.type, "unit": args.device, "adapter": adapter.address, "registers": facts})
    else:
        _print(answers, device_type)
    return 0 if all(answer.error is None for answer in answers) else 1


def _ask(args: argparse.Namespace, device_type: DeviceType, adapter: Adapter) -> list[Answer]:
    """What the device says, in the order of its registers."""
    from mbmd import loop
    from mbmd.cli.devices.reads import settings_on
    from mbmd.cli.output import waiting
    from mbmd.errors import MbmdError, TransactionError

    settings = settings_on(adapter, device_type, timeout_seconds(args))
    if args.raw:
        set_up_logging(args.verbose)
    where = f"unit {args.device} on {adapter.address}"
    try:
        with waiting(f"asking {where} for {len(settings.registers)} registers"):
            answers = loop.run(_poll(args.device, device_type, adapter, settings, args.raw))
    except TransactionError as error:
        raise MbmdError(f"{where}: {error}") from None
    by_name = {answer.register.measurement: answer for answer in answers}
    return [by_name[register.measurement] for register in in_order(settings.registers)]


async def _poll(unit: int, device_type: DeviceType, adapter: Adapter, settings: Settings, raw: bool) -> list[Answer]:
    from mbmd.cli.devices.attempt import read_all
    from mbmd.cli.devices.reads import planned, slots
    from mbmd.session import session

    async with session(adapter, settings.timeout, raw, [(device_type, unit)]) as bus:

        async def ask(request: Request, attempts: int) -> bytes:
            await asyncio.sleep(settings.pause)
            return await bus.ask(unit, request, attempts)

        return await read_all(ask, planned(settings.registers, settings, adapter), slots(settings))


def _print(answers: Sequence[Answer], device_type: DeviceType) -> None:
    from mbmd.cli.output import bad, good, print_line, print_table

    known = device_type.measurements
    rows = [_row(answer, known[answer.register.measurement].unit) for answer in answers]
    print_table(_HEADER, rows, numbers=("Address", "Value"))
    answered = sum(answer.error is None for answer in answers)
    state = good if answered == len(answers) else bad
    print_line(state(f"{answered} of {len(answers)} registers answered"))


def _row(answer: Answer, unit: str) -> tuple[str, ...]:
    from mbmd.cli.output import bad, faint, good

    register = answer.register
    said = bad(str(answer.error)) if answer.error else faint("no value") if answer.value is None else good("fine")
    return (
        register.measurement,
        f"{register.function} {FUNCTIONS[register.function]}",
        str(register.address),
        f"0x{register.address:04x}",
        answer.raw,
        _shown(answer),
        unit,
        said,
    )


def _shown(answer: Answer) -> str:
    value = answer.value
    if value is None or isinstance(value, str):
        return value or ""
    is_whole = value.is_integer() and not answer.register.type.startswith("float")
    return f"{value:.0f}" if is_whole else f"{value:.3f}"


def _facts(answer: Answer, device_type: DeviceType) -> dict[str, Any]:
    register = answer.register
    return {
        "measurement": register.measurement,
        "unit": device_type.measurements[register.measurement].unit,
        "function": register.function,
        "address": register.address,
        "raw": answer.raw,
        "value": answer.value,
        "error": str(answer.error) if answer.error else None,
    }
