"""`python -m wheels release-notes`: what CHANGELOG.md tells of this version."""

import argparse
import re

from mbmd import __version__
from mbmd.errors import UsageError
from wheels.folders import ROOT
from wheels.release.steps import semver


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    help_text = "print what CHANGELOG.md tells of this version"
    parser = subparsers.add_parser("release-notes", help=help_text, description=f"{help_text.capitalize()}.")
    parser.set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    """Print the section."""
    print(notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), semver(__version__)))
    return 0


def notes(text: str, version: str) -> str:
    """The lines below the heading of a version, without the addresses at the end; UsageError if there is none."""
    heading = rf"^## \[?{re.escape(version)}\]?(?: [^\n]*)?\n(.*?)(?=^## |^\[[^\]]+\]: |\Z)"
    found = re.search(heading, text, re.MULTILINE | re.DOTALL)
    if not found:
        raise UsageError(f"CHANGELOG.md: there is no section {version}")
    return found[1].strip()
