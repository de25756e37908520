"""`python -m wheels build`: the wheels and the sdist."""

import argparse
import shutil
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from mbmd.errors import UsageError
from wheels import checksums
from wheels.cross import target
from wheels.folders import DIST
from wheels.progress import say, step
from wheels.recipe import ABI, recipe
from wheels.source import exported
from wheels.tools import enter_tools, tools_python
from wheels.wheel import build_sdist, build_wheel

_HELP = "build the wheels of mbmd, the sdist, and the wheels that PyPI lacks"
_SIZE = 1000


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("build", help=_HELP, description=f"{_HELP.capitalize()}.")
    parser.add_argument("--out", type=Path, default=DIST, metavar="DIR", help="where to (default: wheels/dist)")
    parser.add_argument("--sdist", type=Path, metavar="FILE", help="build this sdist, not the last commit")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Build all; what was in the folder is replaced when all is done, and stays as it was if anything fails."""
    if args.sdist is not None and not args.sdist.is_file():
        raise UsageError(f"--sdist {args.sdist}: no such file")
    enter_tools(["build", "--out", str(args.out), *(["--sdist", str(args.sdist)] if args.sdist else [])])
    out = args.out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as name:
        made = Path(name) / "new"
        made.mkdir()
        build_all(made, args.sdist)
        if out.exists():
            out.rename(Path(name) / "old")
        made.rename(out)
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        print(f"{path.stat().st_size / _SIZE:7.0f} kB  {path.relative_to(out)}")
    return 0


def build_all(out: Path, sdist: Path | None) -> None:
    """Build all in an empty folder."""
    python = tools_python()
    sdist = _sdist(python, out) if sdist is None else Path(shutil.copy(sdist, out))
    _together(partial(_wheel, sdist, name, python, out) for name in recipe().platforms)
    (out / checksums.NAME).write_text(checksums.checksums(out))


def _sdist(python: Path, out: Path) -> Path:
    with tempfile.TemporaryDirectory(prefix="mbmd-source-") as name, step("sdist"):
        return build_sdist(exported(Path(name) / "source"), python, out)


def _wheel(sdist: Path, platform: str, python: Path, out: Path) -> None:
    with step(f"mbmd for {platform}"):
        build_wheel(sdist, target(recipe(), platform, ABI), python, out)


def _together(jobs: Iterable[Callable[[], None]]) -> None:
    """Do jobs, as many at a time as there are processors; after the first that fails, none is begun."""
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(job) for job in jobs]
        try:
            for job in waiting:
                job.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            say("stopped")
            raise
