"""Runs the steps of the release check, and tells all that is wrong at once."""

import argparse
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mbmd.errors import MbmdError
from wheels.folders import ROOT
from wheels.progress import say
from wheels.release.ground import Ground, NotCheckedError
from wheels.release.steps import STEPS, Step

_EXAMPLES = """\
examples:
  python -m wheels release-check --rehearse
  python -m wheels release-check --only changelog --only licences
  python -m wheels release-check --skip tests --offline
"""


@dataclass(frozen=True)
class Outcome:
    """How a step went."""

    word: str
    """`ok`, `failed`, `not checked` or `not run`."""
    said: tuple[str, ...] = ()


OK = Outcome("ok")


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    names = [step.name for step in STEPS]
    parser = subparsers.add_parser(
        "release-check",
        help="check whether this checkout may become a release",
        description="Check whether this checkout may become a release. Logs are in build/release.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--list", action="store_true", help="tell the steps, and do none")
    for flag, text in (("--only", "do this step alone"), ("--skip", "leave this step out")):
        parser.add_argument(
            flag, action="append", default=[], choices=names, metavar="STEP", help=f"{text}; may be repeated"
        )
    parser.add_argument(
        "--rehearse", action="store_true", help="before a release: the changes may stand under Unreleased"
    )
    parser.add_argument("--offline", action="store_true", help="what could not be checked is no failure")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check; 0 if this checkout may be released, 1 if not."""
    if args.list:
        for step in STEPS:
            print(f"{step.name:<10} {step.says}")
        return 0
    ground = Ground(ROOT, datetime.now(UTC).date(), args.rehearse)
    outcomes = do(chosen(STEPS, args.only, args.skip), ground)
    return conclude(outcomes, args.offline, left_out=len(STEPS) - len(outcomes))


def chosen(steps: Iterable[Step], only: Collection[str], skip: Collection[str]) -> list[Step]:
    """The steps that are asked for."""
    return [step for step in steps if (not only or step.name in only) and step.name not in skip]


def do(steps: Iterable[Step], ground: Ground) -> dict[str, Outcome]:
    """Do the steps one after the other, each with a line."""
    outcomes: dict[str, Outcome] = {}
    for step in steps:
        say(f"{step.name}: {step.says}")
        began = time.monotonic()
        outcomes[step.name] = outcome = _do(step, ground, outcomes)
        print(f"{step.name:<10} {outcome.word:<11} {time.monotonic() - began:7.1f} s", flush=True)
    return outcomes


def _do(step: Step, ground: Ground, before: Mapping[str, Outcome]) -> Outcome:
    if lacking := [name for name in step.after if before.get(name, OK) != OK]:
        return Outcome("not run", (f"it needs {', '.join(lacking)}",))
    try:
        said = step.check(ground)
    except NotCheckedError as error:
        return Outcome("not checked", (str(error),))
    except (MbmdError, OSError) as error:
        return Outcome("failed", (str(error),))
    return Outcome("failed", tuple(said)) if said else OK


def conclude(outcomes: Mapping[str, Outcome], offline: bool, left_out: int) -> int:
    """Tell what is wrong; the exit code."""
    for name, outcome in outcomes.items():
        if outcome != OK:
            print(f"\n{name}: {outcome.word}")
            print("\n".join(f"  {line}" for text in outcome.said for line in text.splitlines()))
    excused = {"ok", "not checked"} if offline else {"ok"}
    wrong = [name for name, outcome in outcomes.items() if outcome.word not in excused]
    unchecked = [name for name, outcome in outcomes.items() if outcome.word == "not checked"]
    print()
    if wrong:
        print(f"this is no release: {', '.join(wrong)}")
    elif unchecked or left_out:
        print(f"nothing wrong was found, but {_gaps(unchecked, left_out)}")
    else:
        print("this may be released")
    return 1 if wrong else 0


def _gaps(unchecked: Sequence[str], left_out: int) -> str:
    parts = [f"not checked: {', '.join(unchecked)}"] if unchecked else []
    return "; ".join([*parts, f"steps left out: {left_out}"] if left_out else parts)
