"""`mbmd read`: registers and bits of a device, once or again and again."""

import argparse
import math
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

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
    whole_number,
)
from mbmd.config.values import parse_duration
from mbmd.errors import LinkError, MbmdError, UsageError
from mbmd.protocol.kinds import ADDRESSES, KINDS, Span
from mbmd.protocol.values import Encoding, Value

if TYPE_CHECKING:
    from mbmd.session import Session

_EPILOG = f"""\
{ENCODINGS_HELP}
examples:
  mbmd read -a /dev/ttyUSB0 -d 1 -t input -e float32 0
  mbmd read -a 192.168.0.7:502 -d 3 0x5B00 2 -e uint
  mbmd read -a /dev/ttyUSB0 -d 1 -e uint16 --count 20 100
  mbmd read -a /dev/ttyUSB0 -d 1 -e string 500 8
  mbmd read -a rtu+tcp://192.168.0.8:23 -t coil 0 16
  mbmd read -a /dev/ttyUSB0 -t input -e float32 52 --watch 1s
  mbmd read -a mock -t input -e float32 --count 3 0

One value is printed alone, several with their address before them. With --watch there is a line for each read: its time
and all values; errors go to standard error, and it goes on.
"""

Item = tuple[int, Value]
"""An address and the value there."""


@dataclass(frozen=True, slots=True)
class Query:
    """Values of an encoding, one behind the other, in a span; `type` is what `-t` calls its kind."""

    type: str
    span: Span
    encoding: Encoding

    def parts(self, most: int | None) -> Iterator[Span]:
        """Spans that one request can read, of `most` registers if possible; no value is in two."""
        kind, address, count = self.span.kind, self.span.address, self.span.count
        room = kind.most_read if kind.is_bits or most is None else min(most, kind.most_read)
        step = max(room // self.encoding.length, 1) * self.encoding.length
        for start in range(0, count, step):
            yield Span(kind, address + start, min(step, count - start))


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "read",
        help="read registers, coils or inputs of a device",
        usage="mbmd read [options] REGISTER [LENGTH]",
        description="Read registers, coils or discrete inputs of a device and print their values.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_bus_options(parser)
    add_target_options(parser, KINDS)
    parser.add_argument("--count", default="1", metavar="N", help="values, one behind the other; default: %(default)s")
    parser.add_argument("--watch", metavar="SECONDS", help="read again and again, until interrupted; as 5 or 500ms")
    parser.add_argument("--json", action="store_true", help="print JSON, with --watch one line for each read")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read, and print what came."""
    query, target = parse_query(args), parse_target(args)
    interval = None if args.watch is None else _interval(args.watch)
    set_up_logging(args.verbose)
    import asyncio

    if interval is not None:
        asyncio.run(_watch(query, target, interval, _json_lines(query, target) if args.json else _lines()))
    elif args.json:
        from mbmd.cli.output import print_json

        print_json(_document(query, target, asyncio.run(_all(query, target))))
    else:
        asyncio.run(_print(query, target))
    return 0


def parse_query(args: argparse.Namespace) -> Query:
    """What to read. UsageError for what cannot be."""
    if args.register is None:
        raise UsageError("REGISTER is missing, as in: mbmd read -a /dev/ttyUSB0 -d 1 100 2")
    kind = parse_kind(args.type, KINDS)
    length = "1" if args.encoding is None and args.length is None else args.length
    encoding = parse_encoding(args, kind, length, kind.most_read)
    count = whole_number(args.count, "--count", 1, ADDRESSES)
    return Query(args.type, parse_span(args.register, kind, count * encoding.length), encoding)


def _interval(text: str) -> float:
    seconds = float(text) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{0,9})?|\.[0-9]{1,9}", text) else parse_duration(text)
    if seconds <= 0:
        raise UsageError("--watch must be longer than nothing, as in 1s")
    return seconds


async def _items(query: Query, target: Target, session: "Session") -> AsyncIterator[Item]:
    """The values, each as soon as it is read. MbmdError tells which were not."""
    size = query.encoding.length
    for part in query.parts(target.adapter.options.max_registers):
        with explaining(target, session, part):
            there = await session.read(target.unit, part)
        for at in range(0, part.count, size):
            yield part.address + at, query.encoding.decode(there[at : at + size])


async def _all(query: Query, target: Target) -> list[Item]:
    async with target.session() as session:
        return [item async for item in _items(query, target, session)]


async def _print(query: Query, target: Target) -> None:
    print_columns = _printer()
    alone = query.span.count == query.encoding.length
    async with target.session() as session:
        async for address, value in _items(query, target, session):
            print_columns([value] if alone else [address, value])


Show = Callable[[Sequence[Item] | MbmdError], None]
"""Shows what a read of --watch has brought."""


async def _watch(query: Query, target: Target, interval: float, show: Show) -> None:
    """Read until interrupted; a line that cannot be opened at first ends it only where the user must help."""
    import asyncio

    loop = asyncio.get_running_loop()
    due = loop.time()
    opened = False
    while True:
        try:
            async with target.session() as session:
                opened = True
                while True:
                    show(await _read_once(query, target, session))
                    due = max(due + interval, loop.time())
                    await asyncio.sleep(due - loop.time())
        except (LinkError, UsageError) as error:
            if isinstance(error, UsageError) and not opened:
                raise
            show(error)
        due = max(due + interval, loop.time())
        await asyncio.sleep(due - loop.time())


async def _read_once(query: Query, target: Target, session: "Session") -> list[Item] | MbmdError:
    """The values, or why there are none; LinkError and UsageError are raised, as only a new connection helps."""
    try:
        return [item async for item in _items(query, target, session)]
    except (LinkError, UsageError):
        raise
    except MbmdError as error:
        return error
    finally:
        if target.adapter.close:
            session.client.rest()


def _lines() -> Show:
    print_columns = _printer()

    def show(brought: Sequence[Item] | MbmdError) -> None:
        if isinstance(brought, MbmdError):
            print(f"{_now()}\t{brought}", file=sys.stderr, flush=True)
        else:
            print_columns([_now(), *(value for _, value in brought)])

    return show


def _json_lines(query: Query, target: Target) -> Show:
    import orjson

    def show(brought: Sequence[Item] | MbmdError) -> None:
        rest = {"error": str(brought)} if isinstance(brought, MbmdError) else _document(query, target, brought)
        print(orjson.dumps({"time": _now(), **rest}).decode(), flush=True)

    return show


def _document(query: Query, target: Target, items: Sequence[Item]) -> dict[str, Any]:
    return {
        "unit": target.unit,
        "type": query.type,
        "encoding": query.encoding.name,
        "values": [{"address": address, "value": _jsonable(value)} for address, value in items],
    }


def _jsonable(value: Value) -> Value:
    """JSON has no infinity and no NaN: they become text."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


def _printer() -> Callable[[Sequence[object]], None]:
    """Prints columns at once, the values behind the first in colour on a terminal."""
    if not sys.stdout.isatty():
        return lambda columns: print(*columns, sep="\t", flush=True)
    from rich.text import Text

    from mbmd.cli.output import console

    terminal = console()

    def print_columns(columns: Sequence[object]) -> None:
        *first, last = columns
        terminal.print(Text.assemble(*((f"{column}\t", "cyan") for column in first), (str(last), "bold")))

    return print_columns
