"""`python -m wheels build`: the wheels and the sdist."""

import argparse
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from mbmd.errors import UsageError
from wheels import checksums
from wheels.archive import newest
from wheels.cross import target
from wheels.dependencies import Lacking, all_lacking, built
from wheels.fetch import sha256
from wheels.folders import DIST
from wheels.locked import Package, packages
from wheels.metadata import licence, metadata, needed
from wheels.output import replaced
from wheels.programs import demand
from wheels.progress import say, step
from wheels.recipe import ABI, recipe
from wheels.sbom import bill
from wheels.source import exported
from wheels.tools import enter_tools, tools_python
from wheels.wheel import build_sdist, build_wheel

_EXAMPLES = """\
examples:
  python -m wheels build
  python -m wheels build --platform x86_64 --out DIR      for a quick look
  python -m wheels build --sdist mbmd-0.1.0.tar.gz --out DIR
"""
_HELP = "build the wheels of mbmd, the sdist, and the wheels that PyPI lacks"
_SIZE = 1000


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "build",
        help=_HELP,
        description=f"{_HELP.capitalize()}: of the last commit, or of the work tree where it differs.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, default=DIST, metavar="DIR", help="where to (default: wheels/dist)")
    parser.add_argument(
        "--platform",
        action="append",
        choices=recipe().platforms,
        metavar="NAME",
        help=f"for this one alone, of {', '.join(recipe().platforms)}; may be repeated",
    )
    parser.add_argument("--sdist", type=Path, metavar="FILE", help="build this sdist, not the last commit")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Build all; what was in the folder is replaced when all is done, and stays as it was if anything fails."""
    if args.sdist is not None and not args.sdist.is_file():
        raise UsageError(f"--sdist {args.sdist}: no such file")
    enter_tools(args.words)
    out = args.out.resolve()
    with replaced(out) as folder:
        build_all(folder, args.sdist, args.platform or list(recipe().platforms))
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        print(f"{path.stat().st_size / _SIZE:7.0f} kB  {path.relative_to(out)}")
    return 0


def build_all(out: Path, sdist: Path | None, platforms: Sequence[str]) -> None:
    """Build all for some platforms in an empty folder."""
    python = tools_python()
    rows = [row for row in all_lacking(list(packages().values())) if row.platform in platforms]
    demand(program for row in rows for program in row.dependency.programs)
    sdist = _sdist(python, out) if sdist is None else Path(shutil.copy(sdist, out))
    ours = [partial(_wheel, sdist, name, python, out) for name in platforms]
    _together([*ours, *(partial(_dependency, row, python, out) for row in rows)])
    _write_bill(out, newest(sdist))
    checksums.write(out)


def _write_bill(out: Path, epoch: int) -> None:
    """Put the bill of materials beside the wheels of mbmd."""
    files = {path.name: sha256(path) for path in out.glob("mbmd-*")}
    said = metadata(next(out.glob("mbmd-*.whl")))
    own = Package("mbmd", said["Version"], licence(said), needed(said), ())
    (out / f"mbmd-{own.version}.cdx.json").write_text(bill(own, files, list(packages().values()), epoch))


def _dependency(row: Lacking, python: Path, out: Path) -> None:
    wheel = built(row, python)
    folder = out / row.platform
    folder.mkdir(exist_ok=True)
    shutil.copy(wheel, folder)


def _sdist(python: Path, out: Path) -> Path:
    with tempfile.TemporaryDirectory(prefix="mbmd-source-") as name, step("sdist"):
        return build_sdist(exported(Path(name) / "source"), python, out)


def _wheel(sdist: Path, platform: str, python: Path, out: Path) -> None:
    with step(f"mbmd for {platform}"):
        build_wheel(sdist, target(recipe(), platform, ABI), python, out)


def _together(jobs: Iterable[Callable[[], None]]) -> None:
    """Do jobs, as many at a time as there are processors; after the first that fails, none is begun."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        waiting = [pool.submit(job) for job in jobs]
        try:
            for job in waiting:
                job.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            say("stopped")
            raise
