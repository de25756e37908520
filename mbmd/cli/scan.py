"""`mbmd scan`: find the devices on a bus, and what they are."""

from __future__ import annotations

import argparse
import asyncio
import re
import signal
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from mbmd.cli.options import add_bus_options, device_registry, required_adapter, set_up_logging, timeout_seconds
from mbmd.config.adapter import Adapter, Framing, Medium, check_line
from mbmd.config.defaults import COMSETS
from mbmd.config.values import parse_duration, small_number
from mbmd.errors import MbmdError, UsageError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from mbmd.devices.identify import Identifier
    from mbmd.scan.bus import Survey, Watch

TIMEOUT = "200ms"
"""What a unit gets to answer: meters take 5 to 150 ms, and each id at which nobody is costs it."""
INTERRUPTED = 130
_RANGE = re.compile(r"(\d+)(?:-(\d+))?", re.ASCII)

_EPILOG = f"""\
Each id is asked for one register, and has --timeout (here {TIMEOUT} by default) to answer; who stays silent is asked
for no more, so that 247 ids take a minute at 9600 baud. Any answer, be it an exception, is a sign of life: such an id
is asked for the marker of SunSpec, and without one for the registers by which the known types are told apart. Of a
SunSpec device all models are found, and its subdevices, each as #126.1 beside #126. A gateway that answers for every
id is told as one. Where answers were lost, silent ids are asked once more, in less time.

A device that keeps silent about registers that it does not know is found when its type is named with --types, as
sdm or sunspec. Where SunSpec devices begin elsewhere than at 40000, 0 or 50000, say so: -a 'tcp://HOST:502?bases=30000'.

exit codes: 0 a device was found; 1 none was found, or the bus failed; 2 usage; 130 interrupted

examples:
  mbmd scan -a /dev/ttyUSB0
  mbmd scan -a /dev/ttyUSB0 --ids 1-32 --baudrates 9600,19200,38400 --comsets 8N1,8E1 --first
  mbmd scan -a 192.168.0.7:502
  mbmd scan -a 192.168.0.7:502 --types sunspec
  mbmd scan -a rtu+tcp://192.168.0.8:23 --types sdm,sdm72,janitza --json
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "scan",
        help="find the devices on a bus",
        description="Find the devices on a bus, tell what they are, and how to poll them.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_bus_options(parser)
    parser.add_argument(
        "--ids", metavar="IDS", help="unit ids as 1-32,100; default: all, 1 to 247, on Modbus TCP also 255 and 0"
    )
    parser.add_argument("--types", metavar="TYPES", help="look for these alone, as sdm,sunspec; default: all types")
    parser.add_argument("--baudrates", metavar="RATES", help="serial lines: try these, as 9600,19200,38400")
    parser.add_argument("--comsets", metavar="SETS", help=f"serial lines: try these, of {', '.join(COMSETS)}")
    parser.add_argument(
        "--first", action="store_true", help="end with the first baud rate and comset that has a device"
    )
    parser.add_argument("--json", action="store_true", help="print nothing but one JSON document, at the end")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Scan until all is asked, or interrupted; what was found is told in any case."""
    job = _job(args)
    if args.raw or args.verbose:
        set_up_logging(args.verbose)
    from mbmd import loop
    from mbmd.cli.scan_report import print_document, print_summary
    from mbmd.cli.scan_watch import make_watch

    surveys: list[Survey] = []
    interrupted, failure = False, None
    try:
        with make_watch(is_quiet=args.json, has_bar=not (args.raw or args.verbose)) as watch:
            interrupted = loop.run(_until_interrupted(_scan(job, surveys, watch)))
    except MbmdError as error:
        failure = error
    if failure is None or any(survey.portraits for survey in surveys):
        (print_document if args.json else print_summary)(surveys)
    if failure is not None:
        raise failure
    if interrupted:
        return INTERRUPTED
    return 0 if any(survey.found for survey in surveys) else 1


class _Job(NamedTuple):
    """What to scan: `units` on each of `lines`, which are one adapter in several settings."""

    lines: Sequence[Adapter]
    units: Sequence[int]
    identifier: Identifier
    sunspec: bool
    patience: float
    first: bool
    raw: bool


def _job(args: argparse.Namespace) -> _Job:
    adapter = required_adapter(args)
    if adapter.medium is Medium.MOCK:
        raise UsageError("on the adapter mock stands what -d names: there is nothing to find")
    lines = parse_lines(adapter, args.baudrates, args.comsets)
    units = parse_ids(args.ids, adapter)
    patience = _patience(args, adapter)
    identifier, sunspec = _identifier(args)
    return _Job(lines, units, identifier, sunspec, patience, args.first, args.raw)


async def _scan(job: _Job, surveys: list[Survey], watch: Watch) -> None:
    """Scan each line, and leave out what was found on one before: a device has one setting only."""
    from mbmd.scan.bus import Survey, scan

    for line in job.lines:
        known = {portrait.unit for survey in surveys for portrait in survey.found}
        if known and job.first:
            return
        surveys.append(Survey(line))
        units = [unit for unit in job.units if unit not in known]
        await scan(surveys[-1], units, job.identifier, job.sunspec, job.patience, watch, job.raw)


async def _until_interrupted(work: Coroutine[None, None, None]) -> bool:
    """Whether SIGINT came before the work was done."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return True
    finally:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
    return False


def parse_ids(text: str | None, adapter: Adapter) -> list[int]:
    """The units of `1-32,100` in rising order; None stands for all that a device on this bus may have."""
    if text is None:
        return [*range(1, 248), *((255, 0) if adapter.framing is Framing.MBAP else ())]
    units: set[int] = set()
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            raise UsageError(f"--ids {text!r}: {part!r} is not an id or a range: write them as 1-32,100")
        first, last = small_number(match[1]), small_number(match[2] or match[1])
        span = adapter.units
        if not span[0] <= first <= last <= span[-1]:
            raise UsageError(f"--ids {text!r}: {part!r} does not rise within {span[0]} to {span[-1]}, the ids here")
        units.update(range(first, last + 1))
    return sorted(units)


def parse_lines(adapter: Adapter, baudrates: str | None, comsets: str | None) -> list[Adapter]:
    """The adapter in each of the settings to try, its own where none are named."""
    if (baudrates is not None or comsets is not None) and adapter.medium is not Medium.SERIAL:
        raise UsageError(f"--baudrates and --comsets are for serial devices: {adapter.address} has its own settings")
    rates = _parts(baudrates) if baudrates is not None else [str(adapter.baudrate)]
    sets = _parts(comsets) if comsets is not None else [adapter.comset]
    for rate in rates:
        if not (rate.isascii() and rate.isdigit()):
            raise UsageError(f"--baudrates: {rate!r} is not a baud rate: write them as 9600,19200")
    checked = dict.fromkeys(check_line(small_number(rate), comset) for comset, rate in product(sets, rates))
    return [replace(adapter, baudrate=rate, comset=comset) for rate, comset in checked]


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def _patience(args: argparse.Namespace, adapter: Adapter) -> float:
    """Seconds to answer: as the adapter says, else as asked for, else what suits a scan."""
    asked = timeout_seconds(args) if "timeout" in args.given else parse_duration(TIMEOUT)
    return adapter.options.timeout or asked


def _identifier(args: argparse.Namespace) -> tuple[Identifier, bool]:
    """The types to look for, and whether SunSpec devices are among them."""
    from mbmd.devices.identify import Identifier
    from mbmd.sunspec.device_type import is_sunspec

    registry = device_registry(args)
    if args.types is None:
        return Identifier(map(registry.get, registry.names())), True
    names = _parts(args.types)
    sunspec = any(map(is_sunspec, names))
    identifier = Identifier(registry.get(name) for name in names if not is_sunspec(name))
    if not (identifier.probes or sunspec):
        raise UsageError(f"--types {args.types!r}: none of these has a register that shows what it is: name others")
    return identifier, sunspec
