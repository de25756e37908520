"""`python -m wheels bundle`: a folder that mbmd is installed from, without a network and without a compiler."""

import argparse
import shutil
from pathlib import Path

from mbmd.errors import UsageError
from wheels import checksums, download
from wheels.dependencies import built, lacking
from wheels.folders import DIST, bundle_folder
from wheels.locked import packages
from wheels.output import replaced
from wheels.progress import step
from wheels.recipe import recipe
from wheels.tags import PYTHONS, best
from wheels.tools import enter_tools, tools_python

_HELP = "gather all wheels that one platform needs in a folder"
_EXAMPLES = """\
examples:
  python -m wheels bundle armv7l 3.13             into build/wheels/bundle-armv7l-3.13
  python -m wheels bundle aarch64 3.11 --out DIR

Then, where the folder is:
  pip install --no-index --find-links DIR mbmd
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "bundle",
        help=_HELP,
        description=f"{_HELP.capitalize()}: those of wheels/dist and the rest of PyPI.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    platforms = recipe().platforms
    parser.add_argument("platform", choices=platforms, metavar="PLATFORM", help=f"one of {', '.join(platforms)}")
    parser.add_argument(
        "python", choices=PYTHONS, metavar="CPYTHON", help=f"version of CPython: one of {', '.join(PYTHONS)}"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to; what was there is replaced")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Gather the wheels; print the folder."""
    enter_tools(args.words)
    print(make_bundle(args.platform, args.python, args.out or bundle_folder(args.platform, args.python)))
    return 0


def make_bundle(platform: str, python: str, out: Path) -> Path:
    """A folder with all wheels that mbmd needs on a platform with a CPython, and their checksums.

    The wheel of mbmd is that of wheels/dist. Raises UsageError if there is none, MbmdError if something can't be had.
    What was in the folder is replaced when all is there.
    """
    interpreter = tools_python()
    rows = lacking(packages().values(), platform, python)
    own = own_wheel(platform, python)
    with replaced(out) as folder, step(f"the wheels for {platform}, CPython {python}"):
        here = {package: file for package in packages().values() if (file := package.wheel(platform, python))}
        built_here = [built(row, interpreter) for row in rows]
        for path in (own, *built_here, *download.wheels(here, platform, python, interpreter)):
            shutil.copy(path, folder)
        checksums.write(folder)
    return out


def own_wheel(platform: str, python: str) -> Path:
    """The wheel of mbmd, of wheels/dist."""
    name = best([path.name for path in DIST.glob("mbmd-*.whl")], platform, python)
    if name is None:
        raise UsageError(f"{DIST}: no wheel of mbmd for {platform}: run: python -m wheels build")
    return DIST / name
