"""`python -m wheels.deb`: the Debian package, of a folder of wheels."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from mbmd.errors import MbmdError
from wheels.deb.build import LEVEL, ROOT, build
from wheels.deb.recipe import MACHINES, RELEASES


def main(argv: Sequence[str] | None = None) -> int:
    """Make the package and print its path; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m wheels.deb", description="Make a Debian package of mbmd.")
    parser.add_argument("wheels", type=Path, metavar="FOLDER", help="all wheels that it needs, as a bundle has them")
    parser.add_argument("--arch", choices=MACHINES, default="amd64", help="default: %(default)s")
    parser.add_argument("--dist", choices=RELEASES, default="bookworm", help="default: %(default)s")
    parser.add_argument("--out", type=Path, default=ROOT / "wheels" / "dist", help="default: wheels/dist")
    parser.add_argument(
        "--level", type=int, choices=range(10), default=LEVEL, help="how hard xz tries; default: %(default)s"
    )
    args = parser.parse_args(argv)
    try:
        print(build(args.wheels, args.out, args.arch, args.dist, _epoch(), args.level))
    except MbmdError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    return 0


def _epoch() -> int:
    """The time of the package: $SOURCE_DATE_EPOCH, or that of the commit."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    command = ["git", "log", "-1", "--format=%ct"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise MbmdError("no commit to take the time of the package from: set SOURCE_DATE_EPOCH")
    return int(done.stdout)


if __name__ == "__main__":
    sys.exit(main())
