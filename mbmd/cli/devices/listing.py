"""`mbmd devices [PATTERN]`: all types, with what they measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mbmd.cli.options import device_registry

if TYPE_CHECKING:
    import argparse

    from mbmd.cli.devices.tables import Broken, SunSpec, Table
    from mbmd.devices.schema import DeviceType

_HEADER = ("Type", "Device", "Registers", "Table", "Measures")


def run(args: argparse.Namespace) -> int:
    """Print the types that fit the pattern."""
    from mbmd.cli.devices.tables import Broken, tables
    from mbmd.cli.output import print_json, print_table
    from mbmd.errors import MbmdError

    found = [table for table in tables(device_registry(args)) if _fits(table, args.pattern or "")]
    if not found:
        raise MbmdError(f"no type of device fits {args.pattern!r}: `mbmd devices` lists all")
    if getattr(args, "json", False):
        print_json([_facts(table) for table in found])
    else:
        print_table(_HEADER, [_row(table) for table in found], numbers=("Registers",))
    return 2 if any(isinstance(table, Broken) for table in found) else 0


def _fits(table: Table | SunSpec | Broken, pattern: str) -> bool:
    from mbmd.cli.devices.tables import Broken

    names = (table.name,) if isinstance(table, Broken) else (table.type.type, device_name(table.type))
    return any(fits(name, pattern) for name in names)


def fits(name: str, pattern: str) -> bool:
    """Whether a pattern such as `sdm*` is that of a name, or a text without wildcards a part of it, in any case."""
    from fnmatch import fnmatchcase

    wanted = pattern if any(c in pattern for c in "*?[") else f"*{pattern}*"
    return fnmatchcase(name.casefold(), wanted.casefold())


def device_name(device_type: DeviceType) -> str:
    """The manufacturer, unless the description names it, and the description."""
    manufacturer, description = device_type.manufacturer, device_type.description
    named = manufacturer in ("", "unknown") or manufacturer.split()[0].casefold() in description.casefold()
    return description if named else f"{manufacturer} {description}"


def _row(table: Table | SunSpec | Broken) -> tuple[str, ...]:
    from mbmd.cli.devices.summary import summary
    from mbmd.cli.devices.tables import Broken, SunSpec
    from mbmd.cli.output import bad, bold, faint

    if isinstance(table, Broken):
        first, *others = table.problems.split("\n")
        more = f", and {len(others)} more: `mbmd devices check`" if others else ""
        return bold(table.name), bad("broken"), "", str(table.path or ""), bad(first + more)
    device_type = table.type
    measured = summary(device_type.measurements.values())
    if isinstance(table, SunSpec):
        return bold(device_type.type), device_name(device_type), "", faint("none"), f"what it has of: {measured}"
    where = faint("built-in") if table.is_built_in else str(table.path)
    return bold(device_type.type), device_name(device_type), str(len(device_type.registers)), where, measured


def _facts(table: Table | SunSpec | Broken) -> dict[str, Any]:
    from mbmd.cli.devices.tables import Broken, SunSpec

    if isinstance(table, Broken):
        return {
            "type": table.name,
            "file": str(table.path) if table.path else None,
            "problems": table.problems.split("\n"),
        }
    return {
        "type": table.type.type,
        "description": table.type.description,
        "manufacturer": table.type.manufacturer,
        "sunspec": isinstance(table, SunSpec),
        "built_in": isinstance(table, SunSpec) or table.is_built_in,
        "file": None if isinstance(table, SunSpec) else str(table.path),
        "registers": None if isinstance(table, SunSpec) else len(table.type.registers),
        "measurements": list(table.type.measurements),
    }
