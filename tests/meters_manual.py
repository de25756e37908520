"""The meters that mbmd knows, as a page of the manual: all of it out of the device tables, the planner and SunSpec."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from mbmd.cli.devices.listing import device_name
from mbmd.cli.devices.reads import Read, all_reads, meters_at_once_a_second, round_seconds, settings_on
from mbmd.cli.devices.show import FUNCTIONS
from mbmd.cli.devices.summary import quantity_of, split, summary
from mbmd.config.adapter import Adapter, parse_adapter
from mbmd.config.options import PollClass
from mbmd.devices.identify import Identifier
from mbmd.devices.registry import BUILT_IN, SUNSPEC
from mbmd.devices.schema import DeviceType
from mbmd.measurements import CATALOGUE, Measurement
from mbmd.sunspec.device_type import device_type as sunspec_type

LINE = parse_adapter("/dev/ttyUSB0", 9600)
NETWORK = parse_adapter("192.168.0.7:502")
KINDS = {1: "coils", 2: "discrete inputs", 3: "holding registers", 4: "input registers"}
"""What each function reads."""
COLUMNS: Mapping[str, str] = {"": "whole", "L": "phases", "T": "tariffs", "S": "strings"}
"""What a measurement is of, by the letter in its name."""
OF = {"L": "phase {}", "T": "tariff {}", "S": "string {}"}

HEAD = """\
# Meters

<!-- Made of the device tables by `python -m tests.approve`: do not edit. -->

These are the types of meters that mbmd knows. A device is its type and its unit id on the bus, `sdm:1`, in any case of
letters; [`mbmd scan`](scanning.md) tells what a meter is. One that is not here may still speak as one that is, for many
are sold under several names: [`mbmd devices try`](reading-writing.md#a-whole-meter) tells. If none does, a
[table of your own](device-tables.md) is a short file. Inverters and batteries are [below](#inverters-and-batteries).

## All of them

- **values** are those of one poll, by **function** 3 (holding registers) or 4 (input registers).
- **once a second:** so many such meters can be polled each second on a serial line of 9600 baud, with all their values.
  [Performance](performance.md#how-many-meters-on-a-serial-bus) has other baud rates, and how to have more.

| meter | type | values | function | once a second | measures |
| --- | --- | --: | --: | --: | --- |
"""
SECTIONS = """
The sections below say of each type

- how it is **read**: by which function, how many registers at once, and whether registers that are not wanted are read
  along where that is quicker. [Options](options.md#options) may say otherwise of one device.
- what **a poll** takes. The timeout is that of `--timeout` and there are no pauses, unless it says so.
- how it is **found**: the register that `mbmd scan` asks for first. What is a voltage of the mains there speaks for the
  type; where several types fit, other registers tell them apart.
- what it **measures**, by the names that its readings have.
"""
INVERTERS = """
## Inverters and batteries

{types}: all are names
for any device that speaks [SunSpec](sunspec.md). There is no table of them. Each says itself what it has, and of that
these are polled. [What is polled](sunspec.md#what-is-polled) tells which models bring what.

"""
MEASUREMENTS = """
## Measurements

All names that a reading of these can have; a table of your own may
[define more](device-tables.md#measurements-of-your-own). A counter only rises, so that the energy of a day is a
difference; an instant value goes up and down.

| measurement | description | unit | kind | of |
| --- | --- | --- | --- | --- |
"""
DIRECTIONS = """
Directions are those of the meter: how it is mounted says what is import. With some meters a *Sum* is import less
export, so that it may fall.
"""


def manual() -> str:
    """The page."""
    types = [BUILT_IN.get(name) for name in BUILT_IN.names()]
    index = "\n".join(_index_row(one) for one in sorted(types, key=lambda one: device_name(one).casefold()))
    sections = "".join(_section(one, types) for one in types)
    return f"{HEAD}{index}\n{SECTIONS}{sections}{_inverters()}{_catalogue()}"


def _index_row(of: DeviceType) -> str:
    _, fit = _on(LINE, of)
    functions = ", ".join(map(str, sorted({register.function for register in of.registers})))
    named = f"{device_name(of)} | [{of.type}](#{of.type.lower()})"
    return f"| {named} | {len(of.registers)} | {functions} | {fit} | {summary(of.measurements.values())} |"


def _on(adapter: Adapter, of: DeviceType) -> tuple[list[Read], int]:
    """The reads of a poll, and how many such meters the line carries when they are polled once a second."""
    settings = settings_on(adapter, of)
    reads = all_reads(settings, adapter)
    return reads, int(meters_at_once_a_second(reads, settings))


def _section(of: DeviceType, types: Iterable[DeviceType]) -> str:
    """What there is to know of a type, under a heading that is its name."""
    table = f"{of.type.lower()}.toml"
    after = f", after *{of.manual}*" if of.manual else ""
    facts = [_limits(of), _poll(of), _probe(of), *_alike(of, types)]
    about = f"{device_name(of)}: [`{table}`](../mbmd/devices/tables/{table}){after}."
    listed = [f"- {fact}" for fact in facts]
    return "\n".join(["", f"## {of.type}", "", about, "", *listed, "", *_quantities(of.measurements.values()), ""])


def _limits(of: DeviceType) -> str:
    functions = " and ".join(f"function {f} ({KINDS[f]})" for f in sorted({r.function for r in of.registers}))
    between = "unwanted ones in between included" if of.holes else "none but its own"
    given = {"pause": of.pause or None, "timeout": of.timeout, "rating": of.rating}
    options = "".join(f"; `{key}` {value:g}" for key, value in given.items() if value is not None)
    return f"Read by {functions}: up to {of.max_registers} at once, {between}{options}."


def _poll(of: DeviceType) -> str:
    (on_line, fit), (by_tcp, _) = _on(LINE, of), _on(NETWORK, of)
    registers = sum(read.block.count for read in on_line)
    taken = 1000 * round_seconds(on_line)[PollClass.FAST]
    together = f"{_reads(on_line)} of {registers} registers{' together' if len(on_line) > 1 else ''}"
    on_serial = f"{taken:.0f} ms at 9600 baud, so {fit} such meters once a second"
    return f"A poll of all {len(of.registers)} values is {together}: {on_serial}. By Modbus TCP it is {_reads(by_tcp)}."


def _reads(reads: list[Read]) -> str:
    return "1 read" if len(reads) == 1 else f"{len(reads)} reads"


def _probe(of: DeviceType) -> str:
    asked = Identifier([of]).probes[0]
    known = [*of.registers, *([of.probe] if of.probe else [])]
    first = next(r for r in known if (r.function, r.address, r.count) == (asked.function, asked.address, asked.size))
    return f"Found by `{first.measurement}`, {FUNCTIONS[first.function]} register {first.address}, {first.type}."


def _alike(of: DeviceType, types: Iterable[DeviceType]) -> Iterator[str]:
    """The types that have the same registers."""
    alike = [o for o in types if o is not of and frozenset(o.registers) == frozenset(of.registers)]
    if alike:
        links = ", ".join(f"[{other.type}](#{other.type.lower()})" for other in alike)
        yield f"The same registers as {links}, so that `mbmd scan` names them together."


def _quantities(measurements: Iterable[Measurement]) -> Iterator[str]:
    """A table of measurements, in the order of the catalogue: a row for each quantity."""
    columns: dict[tuple[str, str], dict[str, list[str]]] = {}
    place = {name: number for number, name in enumerate(CATALOGUE)}
    for measurement in sorted(measurements, key=lambda one: place[one.name]):
        row = columns.setdefault((quantity_of(measurement), measurement.unit), {})
        row.setdefault(split(measurement.name)[1][:1], []).append(measurement.name)
    used = [letter for letter in COLUMNS if any(letter in row for row in columns.values())]
    yield f"| quantity | unit | {' | '.join(COLUMNS[letter] for letter in used)} |"
    yield f"| --- | --- |{' --- |' * len(used)}"
    for (quantity, unit), row in columns.items():
        yield f"| {quantity} | {unit} | {' | '.join(_spans(row.get(letter, [])) for letter in used)} |"


def _spans(names: Iterable[str]) -> str:
    """Names in code, those of one quantity in a row as the first and the last: `PowerL1` … `PowerL3`."""
    runs = [list(run) for _, run in groupby(names, key=_series)]
    return ", ".join(text for run in runs for text in _shortened(run))


def _shortened(run: list[str]) -> list[str]:
    whole = [int(split(name)[1][1:] or 0) for name in run] == list(range(1, len(run) + 1))
    return [f"`{run[0]}` … `{run[-1]}`"] if whole and len(run) > 2 else [f"`{name}`" for name in run]


def _series(name: str) -> tuple[str, bool]:
    """What names have in common that differ only in their phase, tariff or string; VoltageL1_L2 is not of L1 alone."""
    base, part = split(name)
    return base, name == base + part


def _inverters() -> str:
    types = ", ".join(f"`{name}`" for name in sorted(SUNSPEC))
    rows = "\n".join(_quantities(sunspec_type("SUNSPEC").measurements.values()))
    return f"{INVERTERS.format(types=types)}{rows}\n"


def _catalogue() -> str:
    rows = "\n".join(
        f"| `{one.name}` | {one.description} | {one.unit} | {one.kind} | {_part(one.name)} |"
        for one in CATALOGUE.values()
    )
    return f"{MEASUREMENTS}{rows}\n{DIRECTIONS}"


def _part(name: str) -> str:
    of = split(name)[1]
    return OF[of[0]].format(of[1]) if of else ""
