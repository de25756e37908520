"""`mbmd write`: a value into registers or coils of a device, with a look before and after."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mbmd.cli.explain import explain
from mbmd.cli.options import add_bus_options, set_up_logging
from mbmd.cli.target import (
    ENCODINGS_HELP,
    Target,
    add_target_options,
    explaining,
    parse_encoding,
    parse_kind,
    parse_span,
    parse_target,
)
from mbmd.errors import MbmdError, ModbusException, UsageError
from mbmd.protocol.kinds import Span
from mbmd.protocol.values import Encoding

if TYPE_CHECKING:
    from mbmd.session import Session, Written

TYPES = ("holding", "coil")

_EPILOG = f"""\
{ENCODINGS_HELP}
examples:
  mbmd write -a /dev/ttyUSB0 -d 1 -e uint16 100 42
  mbmd write -a 192.168.0.7:502 -d 1 -e float 0x14 2 -1.5
  mbmd write -a /dev/ttyUSB0 -d 1 1 1 -123 --yes
  mbmd write -a /dev/ttyUSB0 -d 1 -e hex 10 2 0xdeadbeef
  mbmd write -a /dev/ttyUSB0 -d 1 -e string 500 8 'meter 7'
  mbmd write -a /dev/ttyUSB0 -d 1 -e string 500 8 -- -text
  mbmd write -a rtu+tcp://192.168.0.8:23 -t coil 0 4 1011
  mbmd write -a mock -e uint16 1000 42

It reads what is there, asks back, writes once, and reads again: exit code 1 if that is not what was written. Holding
registers are written by function 16, coils by 15; where a device does not know these (exception 1) and there is one
register or coil alone, by 6 and 5. A write whose answer is lost is not sent again: reading tells what became of it.
"""


@dataclass(frozen=True, slots=True)
class Job:
    """What is written where, and by which function, 0 for the usual ones."""

    span: Span
    encoding: Encoding
    cells: list[int]
    function: int

    def __str__(self) -> str:
        return f"{self.shown(self.cells)} to {self.span}"

    def shown(self, cells: Sequence[int]) -> str:
        """What is or was in these places, as a value; in hex too where the value hides how it differs."""
        value = self._value(cells)
        if list(cells) != self.cells and value == self._value(self.cells):
            return f"{value} (0x{b''.join(cell.to_bytes(2) for cell in cells).hex()})"
        return value

    def _value(self, cells: Sequence[int]) -> str:
        value = str(self.encoding.decode(cells))
        return f"'{value}'" if self.encoding.name.startswith("string") else value


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "write",
        help="write registers or coils of a device",
        usage="mbmd write [options] REGISTER [LENGTH] VALUE",
        description="Write a value into holding registers or coils of a device.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_bus_options(parser)
    add_target_options(parser, TYPES)
    parser.add_argument("value", metavar="VALUE", help="what to write, as `read` prints it").required = False
    parser.add_argument("-y", "--yes", action="store_true", help="write without asking back")
    parser.add_argument("--function", metavar="CODE", help="6 or 16 for holding registers, 5 or 15 for coils")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write, and say what is known of it."""
    job, target = parse_job(args), parse_target(args)
    if not (args.yes or _is_asked_by_a_person()):
        raise UsageError("there is no terminal to ask back on: say --yes to write without")
    set_up_logging(args.verbose)
    import asyncio

    return asyncio.run(_write(job, target, args.yes))


def parse_job(args: argparse.Namespace) -> Job:
    """What to write. UsageError for what does not fit."""
    length, value = (args.length, args.value) if args.value is not None else (None, args.length)
    if value is None:
        raise UsageError("VALUE is missing, as in: mbmd write -a /dev/ttyUSB0 -d 1 100 1 42")
    kind = parse_kind(args.type, TYPES)
    encoding = parse_encoding(args, kind, length, kind.most_written)
    span = parse_span(args.register, kind, encoding.length)
    return Job(span, encoding, encoding.encode(value), _function(args.function, span))


def _function(text: str | None, span: Span) -> int:
    if text is None:
        return 0
    kind = span.kind
    if text not in (str(kind.write_one), str(kind.write_many)):
        raise UsageError(f"--function {text} does not write {kind.name}s: {kind.write_one} or {kind.write_many} does")
    if text == str(kind.write_one) and span.count > 1:
        raise UsageError(f"--function {text} writes one {kind.name} alone, not {span.count}: {kind.write_many} does")
    return int(text)


def _is_asked_by_a_person() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


async def _write(job: Job, target: Target, is_agreed: bool) -> int:
    async with target.session() as session:
        before = await _before(job, target, session)
        if not is_agreed and not await _agrees(f"write {job} of {target} (now {before})? [y/N] "):
            print("nothing was written", file=sys.stderr)
            return 1
        with explaining(target, session, job.span, writing=True):
            written = await session.write(target.unit, job.span, job.cells, job.function)
        print(_outcome(job, target, before, written), flush=True)
    return 0


async def _before(job: Job, target: Target, session: "Session") -> str:
    """What is there; in words where the device does not let it be read, as it may be there to be written only."""
    with explaining(target, session, job.span):
        try:
            return job.shown(await session.read(target.unit, job.span))
        except ModbusException as exception:
            if exception.asks_for_time or exception.means_silence:
                raise
            return f"unknown: {exception}"


async def _agrees(question: str) -> bool:
    """Whether the person at the terminal says yes; the line is looked after meanwhile."""
    import asyncio

    print(question, end="", file=sys.stderr, flush=True)
    loop = asyncio.get_running_loop()
    typed = asyncio.Event()
    loop.add_reader(sys.stdin, typed.set)
    try:
        await typed.wait()
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _outcome(job: Job, target: Target, before: str, written: "Written") -> str:
    """What became of a write. MbmdError where it is not there, or where nobody knows."""
    doubt, after, unread = written
    if doubt is not None:
        return _outcome_in_doubt(job, target, before, written, explain(doubt, target.adapter, writing=True))
    if after is None:
        if not isinstance(unread, ModbusException):
            raise MbmdError(f"{target} acknowledged {job}, but reading it back failed: {unread}")
        return f"wrote {job} of {target} (was {before}); not verified, as it cannot be read: {unread}"
    if after != job.cells:
        raise MbmdError(f"{target} acknowledged {job}, but it reads {job.shown(after)} now (was {before})")
    return f"wrote {job} of {target} (was {before})"


def _outcome_in_doubt(job: Job, target: Target, before: str, written: "Written", doubt: str) -> str:
    if written.after is None:
        raise MbmdError(
            f"{target}: it is not known whether {job} was written: {doubt}; and reading it back: {written.unread}"
        )
    there = job.shown(written.after)
    if written.after != job.cells:
        raise MbmdError(f"{target}: {job} was not acknowledged, and it reads {there} (was {before}): {doubt}")
    return f"{target}: {job.span} reads {there} now (was {before}), though the write was not acknowledged: {doubt}"
