"""Options of `mbmd simulate` for what goes wrong."""

import argparse
import re
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from mbmd.config.values import parse_duration
from mbmd.errors import UsageError

if TYPE_CHECKING:
    from mbmd.simulator.faults import Faults

_SHARES = {
    "loss": "share of answers lost, 0 to 1",
    "corrupt": "share with a flipped bit",
    "cut": "share that ends too early",
    "noise": "share led by 1 to 8 random bytes",
    "late": "share that comes --late-by after its time, when other answers may have overtaken it",
}
_SPAN = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?", re.ASCII)
_HIGHEST_UNIT = 255


def add_fault_options(parser: argparse.ArgumentParser) -> None:
    """The options that `parse_faults` reads."""
    group = parser.add_argument_group("faults")
    for name, text in _SHARES.items():
        group.add_argument(f"--{name}", type=float, default=0.0, metavar="P", help=text)
    group.add_argument("--late-by", default="450ms", metavar="DURATION", help="default: %(default)s")
    group.add_argument("--delay", default="0", metavar="DURATION", help="how much later all answers come, as in 50ms")
    group.add_argument("--echo", action="store_true", help="send each request back, as a half-duplex adapter does")
    group.add_argument("--dead", metavar="UNITS", help="units that never answer, as in 2,5")
    group.add_argument("--refuse", metavar="REGISTERS", help="reads of these get exception 2, as in 30,70-71")
    group.add_argument("--max-registers", type=int, metavar="N", help="reads of more registers get exception 3")
    group.add_argument(
        "--reads",
        choices=("any", "model", "point"),
        default="any",
        help="what a SunSpec device lets read at once: anything (any, the default), within one model or whole points; "
        "the rest gets exception 2",
    )
    group.add_argument("--sleep", action="store_true", help="inverters do not answer at night")
    group.add_argument(
        "--no-transaction-ids", action="store_true", help="Modbus TCP answers carry transaction id 0, as some gateways'"
    )
    group.add_argument("--seed", type=int, default=0, help="repeat other faults; default: %(default)s")


def parse_faults(args: argparse.Namespace, units: AbstractSet[int], has_sunspec: bool = False) -> "Faults":
    """The faults that were asked for.

    UsageError for those that cannot be, such as a dead unit not in `units`, and those of SunSpec devices without any.
    """
    from mbmd.config.options import MAX_READ
    from mbmd.devices.schema import ADDRESSES
    from mbmd.simulator.faults import Faults, Reads

    dead = _numbers("--dead", args.dead, _HIGHEST_UNIT)
    if absent := dead - units:
        raise UsageError(f"--dead {args.dead}: no simulated device has unit {min(absent)}")
    if args.max_registers is not None and not 0 < args.max_registers <= MAX_READ:
        raise UsageError(f"--max-registers {args.max_registers} is outside 1 to {MAX_READ}")
    if not has_sunspec and (args.sleep or args.reads != Reads.ANY):
        option = "--sleep" if args.sleep else f"--reads {args.reads}"
        raise UsageError(f"{option}: no SunSpec device is simulated: name one with -d, as in -d sma:126")
    shares = {name: _share(f"--{name}", getattr(args, name)) for name in _SHARES}
    return Faults(
        loss=shares["loss"],
        corrupt=shares["corrupt"],
        cut=shares["cut"],
        noise=shares["noise"],
        late=shares["late"],
        late_by=_seconds("--late-by", args.late_by),
        delay=_seconds("--delay", args.delay),
        seed=args.seed,
        echo=args.echo,
        transaction=not args.no_transaction_ids,
        dead=dead,
        refuse=_numbers("--refuse", args.refuse, ADDRESSES - 1),
        max_registers=args.max_registers,
        reads=Reads(args.reads),
        sleep=args.sleep,
    )


def _share(option: str, share: float) -> float:
    if not 0 <= share <= 1:
        raise UsageError(f"{option} {share:g} is not a share from 0 to 1")
    return share


def _seconds(option: str, text: str) -> float:
    try:
        return parse_duration(text)
    except UsageError as error:
        raise UsageError(f"{option}: {error}") from None


def _numbers(option: str, text: str | None, highest: int) -> frozenset[int]:
    """The numbers of a list such as `30,70-71`; none if the option was not given."""
    numbers: set[int] = set()
    for part in text.split(",") if text is not None else ():
        span = _SPAN.fullmatch(part.strip())
        first, last = (int(span[1]), int(span[2] or span[1])) if span else (1, 0)
        if not first <= last <= highest:
            raise UsageError(f"{option} {text!r} is not a list of numbers up to {highest}, as in 2,5 or 30,70-71")
        numbers.update(range(first, last + 1))
    return frozenset(numbers)
