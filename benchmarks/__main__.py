"""`python -m benchmarks`: what mbmd can carry, measured on the machine at hand."""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import machine, options
from benchmarks.compare import print_comparison
from benchmarks.effort import Effort
from benchmarks.interrupt import interrupted_alone
from benchmarks.progress import conclude, say, telling
from benchmarks.report import markdown, print_report
from benchmarks.results import Results, Spent, read, write
from benchmarks.suite import BENCHMARKS, Measured, measure
from mbmd.errors import MbmdError, UsageError


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, or take what was measured before; print and write it, and return the exit code."""
    args = options.parse(argv)
    if args.list:
        for name, text in BENCHMARKS.items():
            print(f"{name:<8}  {text}")
        return 0
    try:
        old = read(args.compare) if args.compare is not None else None
        return _measure(args, old) if args.from_ is None else _look(args, old)
    except MbmdError as error:
        print(f"{options.PROG}: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except BrokenPipeError:
        # Who reads has seen enough; Python would complain again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141


def _look(args: argparse.Namespace, old: Results | None) -> int:
    """Print an earlier run."""
    results = read(args.from_)
    if args.out is not None:
        _draw(results, _folder(args.out) / args.from_.stem)
    _print(results, old, args.markdown)
    return 0


def _measure(args: argparse.Namespace, old: Results | None) -> int:
    """Measure, print and write; what was measured until an interruption, too."""
    names = list(dict.fromkeys(args.names)) or list(BENCHMARKS)
    effort, folder = options.effort(args), _folder(args.out or options.OUT)
    results = _nothing_yet(effort)
    if machine.is_busy(results.machine):
        say(f"this machine is busy (load {results.machine.load:g}): the figures will suffer", "yellow")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # with it, every child would compile all anew
    try:
        with interrupted_alone():
            _run(names, effort, results.benchmarks)
    except KeyboardInterrupt:
        if not any(results.figures()):
            say("interrupted before anything was measured", "yellow")
            return 130
        say("interrupted: what was measured until now is kept", "yellow")
        code = 130
    else:
        code = int(any(measured.failed for measured in results.benchmarks.values()))
    try:
        _write(results, folder / f"{results.date:%Y-%m-%dT%H%M%S}")
    finally:
        _print(results, old, args.markdown)
    return code


def _nothing_yet(effort: Effort) -> Results:
    """A run that begins."""
    return Results(
        datetime.now(UTC).replace(microsecond=0),
        machine.this_machine(),
        machine.versions(),
        machine.commit(),
        Spent.of(effort),
        {},
    )


def _run(names: Sequence[str], effort: Effort, benchmarks: dict[str, Measured]) -> None:
    for number, name in enumerate(names, 1):
        measured = benchmarks[name] = Measured()
        with telling(name, f"{number} of {len(names)}:") as tell:
            measure(name, replace(effort, tell=tell), measured)
        conclude(name, measured)


def _print(results: Results, old: Results | None, is_markdown: bool) -> None:
    if is_markdown:
        print(markdown(results), end="")
    else:
        print_report(results)
    if old is not None:
        print_comparison(old, results)


def _folder(path: Path) -> Path:
    """A folder, made if it is not there. Raises UsageError before anything was measured in vain."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise UsageError(f"--out {path}: {error.strerror}: choose another folder") from None
    return path


def _write(results: Results, path: Path) -> None:
    file = path.with_suffix(".json")
    try:
        write(results, file)
        say(f"written: {file}")
        _draw(results, path)
    except OSError as error:
        raise MbmdError(f"{error.filename or file}: {error.strerror}: choose another folder with --out") from None


def _draw(results: Results, path: Path) -> None:
    from benchmarks import picture

    try:
        drawn = picture.draw(results, path)
    except ImportError as error:
        say(f"no picture: {error}: pip install -e .[bench]")
        return
    for file in drawn:
        say(f"written: {file}")


if __name__ == "__main__":
    sys.exit(main())
