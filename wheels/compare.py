"""`python -m wheels compare`: whether two builds are the same, and what differs if not."""

import argparse
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from mbmd.errors import UsageError
from wheels.fetch import sha256

_HELP = "tell whether two folders hold the same files"


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    description = f"{_HELP.capitalize()}, to the bit; of wheels and sdists that differ, tell what differs in them."
    parser = subparsers.add_parser("compare", help=_HELP, description=description)
    parser.add_argument("folders", nargs=2, type=Path, metavar="DIR")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the differences; exit code 1 if there are any."""
    for folder in args.folders:
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder")
    count = len(_files(args.folders[0]))
    found = list(differences(*args.folders))
    print("\n".join(found) or f"the same: {count} file{'s' * (count != 1)}")
    return 1 if found else 0


def differences(one: Path, other: Path) -> Iterator[str]:
    """A line for each file that only one folder has or that differs."""
    names = _files(one) | _files(other)
    for name in sorted(names):
        here, there = one / name, other / name
        if not (here.exists() and there.exists()):
            yield f"{name}: only in {one if here.exists() else other}"
        elif sha256(here) != sha256(there):
            yield f"{name}: {_reason(here, there)}"


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def _reason(one: Path, other: Path) -> str:
    """What differs in two archives, or in how they are packed."""
    ours, theirs = _members(one), _members(other)
    names = sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
    return f"differs in {', '.join(names)}" if names else "packed differently, nothing in it differs"


def _members(path: Path) -> dict[str, bytes]:
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}
    if path.name.endswith(".tar.gz"):
        with tarfile.open(path) as sdist:
            return {member.name: file.read() for member in sdist if (file := sdist.extractfile(member)) is not None}
    return {}
