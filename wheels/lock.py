"""`python -m wheels lock`: pins anew what the build and mbmd need."""

import argparse
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mbmd.errors import MbmdError
from wheels import download, locked
from wheels.folders import PROOF_LOCK, ROOT, RUNTIME_LOCK, TOOLS_LOCK, WORK
from wheels.locked import File, Package
from wheels.metadata import applies, licence, metadata, needed
from wheels.programs import run
from wheels.progress import step
from wheels.recipe import ABI, recipe
from wheels.tags import PYTHONS, best, targets
from wheels.tools import enter_tools, tools_python

_HELP = "pin the newest tools of the build and the packages that mbmd needs"
_UV = "uv>=0.13,<1"
_LOOKED_AT = ("x86_64", ABI)
"""The target whose wheels are looked into for their licences: PyPI has all of them."""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("lock", help=_HELP, description=f"{_HELP.capitalize()}.")
    parser.set_defaults(run=run_lock)


def run_lock(args: argparse.Namespace) -> int:
    """Write the files of pins, once all of it is known."""
    enter_tools(args.words)
    with tempfile.TemporaryDirectory(prefix="mbmd-lock-") as name, step("asking PyPI"):
        folder = Path(name)
        uv = _installed_uv()
        tools = {TOOLS_LOCK: _tools(uv, folder, "build", recipe().tools)}
        tools[PROOF_LOCK] = _tools(uv, folder, "proof", recipe().proof_tools)
        text = locked.text_of(_described(_packages(uv, folder)))
    for path, pins in tools.items():
        path.write_text(pins)
    RUNTIME_LOCK.write_text(text)
    return 0


def _installed_uv() -> Path:
    python = tools_python()
    folder = WORK / "uv"
    pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--upgrade", "--target", folder, _UV], "installing uv")
    return folder / "bin" / "uv"


def _tools(uv: Path, folder: Path, what: str, names: Sequence[str]) -> str:
    """What the `tools.txt` of something shall hold."""
    wanted, pinned = folder / f"{what}.in", folder / f"{what}.txt"
    wanted.write_text("\n".join(names))
    _compile(uv, wanted, pinned, "--python-platform", "linux", "--generate-hashes", "--no-annotate")
    return f"# The tools of the {what}, pinned: python -m wheels lock\n{pinned.read_text()}"


def _packages(uv: Path, folder: Path) -> list[Package]:
    """What mbmd needs on Linux, with the files that the targets take."""
    found = folder / "pylock.toml"
    _compile(uv, ROOT / "pyproject.toml", found, "--universal", "--format", "pylock.toml")
    rows = tomllib.loads(found.read_text())["packages"]
    return [package_of(row) for row in rows if applies(row.get("marker"))]


def _compile(uv: Path, wanted: Path, found: Path, *words: str) -> None:
    command: list[str | Path] = [uv, "pip", "compile", wanted, "--output-file", found]
    run([*command, "--python-version", PYTHONS[0], "--no-header", "--system-certs", *words], "uv pip compile")


def package_of(row: Mapping[str, Any]) -> Package:
    """A package of uv's lock, with what the targets take of its files: the sdist where there is no wheel for one."""
    files = {file.name: file for file in map(File.read, row.get("wheels", []))}
    taken = [best(files, platform, python) for platform, python in targets(recipe().platforms)]
    wheels = tuple(files[name] for name in sorted({name for name in taken if name is not None}))
    if None in taken and "sdist" not in row:
        raise MbmdError(f"{row['name']} {row['version']}: PyPI has neither all wheels nor an sdist")
    return Package(row["name"], row["version"], "", (), wheels, File.read(row["sdist"]) if None in taken else None)


def _described(packages: Sequence[Package]) -> list[Package]:
    files = {package: file for package in packages if (file := package.wheel(*_LOOKED_AT)) is not None}
    paths = download.wheels(files, *_LOOKED_AT, tools_python())
    found = {package.name: metadata(path) for package, path in zip(files, paths, strict=True)}
    return [
        replace(package, license=licence(found[package.name]), needs=needed(found[package.name]))
        for package in packages
    ]
