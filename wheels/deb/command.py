"""`python -m wheels deb`: the Debian package, of a bundle of wheels."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from mbmd.errors import MbmdError, UsageError
from wheels import checksums
from wheels.deb.build import LEVEL, build
from wheels.deb.recipe import MACHINES, RELEASES
from wheels.folders import DIST, ROOT, bundle_folder

_HELP = "make the Debian package"
_EXAMPLES = """\
examples:
  python -m wheels deb
  python -m wheels deb --arch armhf --dist trixie
  python -m wheels deb DIR --out /srv/packages
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "deb",
        help=_HELP,
        description=f"{_HELP.capitalize()}, out of all wheels that mbmd needs there.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "wheels", type=Path, nargs="?", metavar="DIR", help="folder of the wheels; by default a bundle is made"
    )
    parser.add_argument("--arch", choices=MACHINES, default="amd64", help="architecture (default: %(default)s)")
    parser.add_argument("--dist", choices=RELEASES, default="bookworm", help="release (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=DIST, metavar="DIR", help="where to (default: wheels/dist)")
    parser.add_argument(
        "--level", type=int, choices=range(10), default=LEVEL, help="how hard it is packed (default: %(default)s)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make the package and print its path."""
    if args.wheels is not None and not args.wheels.is_dir():
        raise UsageError(f"{args.wheels}: no such folder")
    epoch = _epoch()
    wheels = args.wheels or _bundle(MACHINES[args.arch], RELEASES[args.dist].python)
    print(build(wheels, args.out, args.arch, args.dist, epoch, args.level))
    if (args.out / checksums.NAME).exists():
        checksums.write(args.out)
    return 0


def _bundle(machine: str, python: str) -> Path:
    """All wheels for a machine and a Python, gathered anew."""
    command = [sys.executable, "-m", "wheels", "bundle", machine, python]
    if subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode:  # noqa: S603
        raise MbmdError("there is no bundle to make the package of")
    return bundle_folder(machine, python)


def _epoch() -> int:
    """The time of the package: $SOURCE_DATE_EPOCH, or that of the commit."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given:
        if not given.isdecimal():
            raise UsageError(f"SOURCE_DATE_EPOCH={given}: not a number of seconds")
        return int(given)
    command = ["git", "log", "-1", "--format=%ct"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise MbmdError("no commit to take the time of the package from: set SOURCE_DATE_EPOCH")
    return int(done.stdout)
