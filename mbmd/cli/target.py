"""What `read` and `write` share: whom they ask, for what, and how they say what went wrong."""

import argparse
import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mbmd.cli.explain import explain
from mbmd.cli.options import device_registry, required_adapter, timeout_seconds
from mbmd.config.adapter import Adapter, Medium
from mbmd.config.values import did_you_mean
from mbmd.errors import MbmdError, TransactionError, UsageError
from mbmd.protocol.kinds import ADDRESSES, KINDS, Kind, Span
from mbmd.protocol.values import Encoding, find_encoding, shown

if TYPE_CHECKING:
    from mbmd.devices.schema import DeviceType
    from mbmd.session import Session

_MOCKED = "sdm"
"""The type of the device that stands on the adapter `mock`."""

ENCODINGS_HELP = """\
encodings:
  int, uint, float  numbers of the size that LENGTH says: 1, 2 or 4 registers, a float 2 or 4
  int16, int32, int64, uint16, uint32, uint64, float32, float64
                    numbers of so many bits: LENGTH may be left out
  hex, string       LENGTH registers
  bit               LENGTH coils or discrete inputs as 0 and 1 in rising order; registers as 16 digits each, bit 15
                    first; without LENGTH one of them
  The highest word comes first; with an s behind the name the lowest does: ints, uints, floats, int32s, int64s, uint32s,
  uint64s, float32s, float64s. In strings the two bytes of each register are swapped.
"""


@dataclass(frozen=True, slots=True)
class Target:
    """A unit on a bus; `patience` is how long it may take to answer, in seconds."""

    adapter: Adapter
    unit: int
    patience: float
    raw: bool
    mocked: "tuple[tuple[DeviceType, int], ...]"

    def session(self) -> "AbstractAsyncContextManager[Session]":
        """An open session on the bus. Errors as of `mbmd.session.session`."""
        from mbmd.session import session

        return session(self.adapter, self.patience, self.raw, self.mocked)

    def __str__(self) -> str:
        return f"unit {self.unit} on {self.adapter.address}"


def add_target_options(parser: argparse.ArgumentParser, kinds: Iterable[str]) -> None:
    """The options and arguments that say what is asked for."""
    # Positionals that are not required, instead of nargs: these take them wherever options stand between.
    for name, text in (("REGISTER", "address from 0, decimal or 0x hex"), ("LENGTH", "registers or bits of a value")):
        parser.add_argument(name.lower(), metavar=name, help=text).required = False
    parser.add_argument("-d", "--device", default="1", metavar="UNIT", help="unit id; default: %(default)s")
    parser.add_argument(
        "-t", "--type", default="holding", metavar="TYPE", help=f"one of {', '.join(kinds)}; default: %(default)s"
    )
    parser.add_argument(
        "-e", "--encoding", metavar="ENCODING", help="what a value is, see below; default: int, and bit for bits"
    )


def parse_target(args: argparse.Namespace) -> Target:
    """Whom to ask. UsageError for options that do not fit."""
    adapter = required_adapter(args)
    unit = whole_number(args.device, "the unit of -d", 0, 255)
    adapter.check_unit(unit)
    timeout = timeout_seconds(args)
    is_mock = adapter.medium is Medium.MOCK
    mocked = ((device_registry(args).get(_MOCKED), unit),) if is_mock else ()
    return Target(adapter, unit, adapter.options.timeout or timeout, args.raw, mocked)


def parse_kind(name: str, allowed: Iterable[str]) -> Kind:
    """The kind of data that `-t` names, one of those that are allowed."""
    allowed = list(allowed)
    if name in allowed:
        return KINDS[name]
    if name in KINDS:
        raise UsageError(f"type {name} can only be read: what can be written is {' or '.join(allowed)}")
    raise UsageError(f"type {shown(name)} is unknown{did_you_mean(name, allowed)}")


def parse_encoding(args: argparse.Namespace, kind: Kind, length: str | None, most: int) -> Encoding:
    """The encoding of `-e` and a LENGTH of so many cells at most."""
    cells = None if length is None else whole_number(length, "LENGTH", 1, most)
    return find_encoding(args.encoding or ("bit" if kind.is_bits else "int"), cells, kind.is_bits)


def parse_span(register: str, kind: Kind, count: int) -> Span:
    """The cells from REGISTER on; UsageError where they go beyond the last."""
    address = whole_number(register, "REGISTER", 0, ADDRESSES - 1)
    span = Span(kind, address, count)
    if address + count > ADDRESSES:
        raise UsageError(f"{span}: the last address is {ADDRESSES - 1}")
    return span


def whole_number(text: str, what: str, low: int, high: int) -> int:
    """A number, decimal or 0x hex. UsageError names what it should be."""
    if not re.fullmatch(r"[0-9]{1,9}|0[xX][0-9a-fA-F]{1,8}", text):
        raise UsageError(f"{what} is {shown(text)}, not a number from {low} to {high}, as in 40 or 0x28")
    number = int(text, 16 if "x" in text.lower() else 10)
    if not low <= number <= high:
        raise UsageError(f"{what} is {text}, outside {low} to {high}")
    return number


@contextmanager
def explaining(target: Target, session: "Session", span: Span, writing: bool = False) -> Iterator[None]:
    """Within, a request about a span that gets no good answer raises an MbmdError that says all."""
    try:
        yield
    except TransactionError as error:
        told = explain(error, target.adapter, session.client.heard, writing)
        raise MbmdError(f"{target}, {span}: {told}") from None
