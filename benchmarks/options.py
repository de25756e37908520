"""The options of `python -m benchmarks`."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from benchmarks.effort import Effort
from benchmarks.suite import BENCHMARKS

N = TypeVar("N", int, float)

PROG = "python -m benchmarks"
OUT = Path("benchmark-results")
FULL = Effort()
QUICK = Effort(seconds=1.0, repeat=3, quick=True)

_EXAMPLES = """\
examples:
  python -m benchmarks                          all of them, which takes about 20 minutes
  python -m benchmarks --quick                  all of them within two minutes, less precisely
  python -m benchmarks tcp serial --seconds 10
  python -m benchmarks --compare benchmark-results/2026-11-23T120000.json
  python -m benchmarks --from NEW.json --compare OLD.json
  python -m benchmarks --from NEW.json --markdown

exit codes:
  0    measured
  1    a benchmark failed; the others were measured
  2    wrong usage
  130  interrupted; what was measured until then is written
"""


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options that were given; exits with code 2 where they do not go together."""
    parser = _make_parser()
    args = parser.parse_args(argv)
    _check(parser, args)
    return args


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROG,
        description="Measures what mbmd can carry on this machine. Prints a table, and writes JSON and a picture.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--list", action="store_true", help="tell what each measures, and measure nothing")
    parser.add_argument("--quick", action="store_true", help="all within two minutes, less precisely")
    defaults = "default: {}, with --quick {}"
    text = defaults.format(f"{FULL.seconds:g}", f"{QUICK.seconds:g}")
    parser.add_argument("--seconds", type=_seconds, metavar="S", help=f"of each measurement; {text}")
    text = defaults.format(FULL.repeat, QUICK.repeat)
    parser.add_argument("--repeat", type=_count, metavar="N", help=f"the median of so many counts; {text}")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help=f"where files go, named by the time; default: {OUT}")
    parser.add_argument("--compare", type=Path, metavar="OLD.json", help="tell what changed since an earlier run")
    parser.add_argument(
        "--from",
        dest="from_",
        type=Path,
        metavar="NEW.json",
        help="measure nothing, and take an earlier run; with --out, its picture is drawn there",
    )
    parser.add_argument("--markdown", action="store_true", help="print a table for a README: the main results alone")
    return parser


def _check(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    if unknown := [name for name in args.names if name not in BENCHMARKS]:
        parser.error(f"no benchmark {', '.join(unknown)}: there are {', '.join(BENCHMARKS)}")
    measuring = ("names", "quick", "seconds", "repeat")
    if args.from_ is not None and any(getattr(args, name) for name in measuring):
        parser.error("--from measures nothing: give no names, --quick, --seconds or --repeat with it")


def _seconds(text: str) -> float:
    return _within(text, float, 0.01, 3600.0)


def _count(text: str) -> int:
    return _within(text, int, 1, 1000)


def _within(text: str, kind: Callable[[str], N], least: N, most: N) -> N:
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not least <= value <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from {least:g} to {most:g}")
    return value


def effort(args: argparse.Namespace) -> Effort:
    """The effort that was asked for."""
    usual = QUICK if args.quick else FULL
    return replace(usual, seconds=args.seconds or usual.seconds, repeat=args.repeat or usual.repeat)
