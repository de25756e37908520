"""The steps of the release check: each gives what is wrong, as lines; none is that all is well."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mbmd.errors import MbmdError
from wheels import locked
from wheels.folders import PROOF_LOCK
from wheels.release import changelog, licences
from wheels.release.ground import Ground, NotCheckedError
from wheels.tools import tools_python

_VERSION = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)
_RELEASE = re.compile(r"\d+\.\d+\.\d+(rc\d+)?")
"""Versions that SemVer and Python read alike, but for the hyphen of a release candidate."""
_PYTHON = sys.executable


@dataclass(frozen=True)
class Step:
    """One thing that has to be right before a release."""

    name: str
    says: str
    check: Callable[[Ground], list[str]]
    after: tuple[str, ...] = field(default=())
    """Steps without whose success this one has nothing to look at."""


def _command(step: str, *argv: str) -> Callable[[Ground], list[str]]:
    return lambda ground: ground.run(step, argv)


def _tool(*words: str) -> list[str]:
    """A command line of the pinned tools; NotCheckedError if they cannot be had."""
    try:
        return [str(tools_python(PROOF_LOCK)), "-m", *words]
    except MbmdError as error:
        raise NotCheckedError(str(error)) from None


def _tree(ground: Ground) -> list[str]:
    return [f"not committed: {line}" for line in ground.git("status", "--porcelain")]


def version(ground: Ground) -> str:
    """The version of this checkout; empty if its one place has none."""
    found = _VERSION.search(ground.read("mbmd/__init__.py"))
    return found[1] if found else ""


def _version(ground: Ground) -> list[str]:
    here = version(ground)
    if not _RELEASE.fullmatch(here):
        return [f"mbmd/__init__.py: the version '{here}' is neither as 1.2.3 nor as 1.2.3rc1"]
    project = tomllib.loads(ground.read("pyproject.toml"))["project"]
    fixed = "version" in project or "version" not in project.get("dynamic", [])
    said = ["pyproject.toml: the version is to be dynamic, from mbmd.__version__"] if fixed else []
    elsewhere = ["pyproject.toml", "setup.py", "Makefile", "docs/conf.py", "mbmd"]
    files = [path for path in ground.git("ls-files", "--", *elsewhere) if path != "mbmd/__init__.py"]
    return said + [f"{path}: has the version {here} too" for path in files if ground.has(path, here)]


def _changelog(ground: Ground) -> list[str]:
    log, here = changelog.parse(ground.read("CHANGELOG.md")), semver(version(ground))
    section, pending = log.section(here), log.section(changelog.UNRELEASED)
    said = list(log.complaints)
    if section is None and not (ground.rehearse and pending):
        said.append(f"CHANGELOG.md: there is no section '## {here} - {ground.today}'")
    if section and section.released and section.released > ground.today:
        said.append(f"CHANGELOG.md:{section.line}: {here} is of a day to come")
    if section and pending and pending.entries and not ground.rehearse:
        said.append(f"CHANGELOG.md:{pending.line}: changes stand under {changelog.UNRELEASED}, beside those of {here}")
    return said


def semver(here: str) -> str:
    """The version as the changelog has it."""
    return re.sub(r"rc(\d+)$", r"-rc.\1", here)


def _tag(ground: Ground) -> list[str]:
    wanted = f"v{version(ground)}"
    tags = [tag for tag in ground.git("tag", "--points-at", "HEAD") if tag.startswith("v")]
    if wrong := [tag for tag in tags if tag != wanted]:
        return [f"the commit is tagged {', '.join(wrong)}, but its version is {wanted[1:]}"]
    if not tags and ground.git("tag", "--list", wanted):
        return [f"{wanted} is another commit already: a new version is due in mbmd/__init__.py"]
    return []


def _licences(ground: Ground) -> list[str]:
    policy = licences.Policy.read(ground.root / "wheels" / "release" / "licences.toml")
    return licences.complaints({package.name: package.license for package in locked.packages().values()}, policy)


def _audit(ground: Ground) -> list[str]:
    pins = ground.build / "audited.txt"
    pins.parent.mkdir(parents=True, exist_ok=True)
    pins.write_text("".join(f"{package.pin}\n" for package in locked.packages().values()), encoding="ascii")
    how = ["--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    command = _tool("pip_audit", "-r", str(pins), *how)
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return vulnerabilities(done.stdout, done.stderr)


def vulnerabilities(output: str, errors: str) -> list[str]:
    """What pip-audit found; NotCheckedError if its database knows nothing, which pip-audit itself takes for success."""
    try:
        rows = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (errors.strip().splitlines() or ["no output"])[-1]
        raise NotCheckedError(f"pip-audit could not ask its database: {last}") from None
    if unknown := [row["name"] for row in rows if "skip_reason" in row]:
        raise NotCheckedError(f"pip-audit's database did not answer for {', '.join(unknown)}")
    return [f"{row['name']} {row['version']}: {found['id']}, {_fix(found)}" for row in rows for found in row["vulns"]]


def _fix(found: Mapping[str, Any]) -> str:
    return f"mended in {', '.join(found['fix_versions'])}" if found["fix_versions"] else "not mended yet"


def _twine(ground: Ground) -> list[str]:
    dist, here = ground.root / "wheels" / "dist", version(ground)
    files = sorted([*dist.glob(f"mbmd-{here}-*.whl"), *dist.glob(f"mbmd-{here}.tar.gz")])
    if {path.suffix for path in files} != {".whl", ".gz"}:
        return [f"wheels/dist has not both wheels and source of {here}"]
    return ground.run("twine", _tool("twine", "check", "--strict", *map(str, files)))


_SPHINX = ("-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "docs", "build/docs")

STEPS = (
    Step("tree", "nothing is changed or left over in the checkout", _tree),
    Step("version", "the version stands in mbmd/__init__.py alone", _version),
    Step("changelog", "CHANGELOG.md has the form of Keep a Changelog, and tells of this version", _changelog),
    Step("tag", "the tag of this commit is that of the version", _tag),
    Step("licences", "the runtime dependencies have licences that are allowed", _licences),
    Step("audit", "the runtime dependencies have no known vulnerabilities", _audit),
    Step("docs", "the manual builds without a warning", _command("docs", _PYTHON, *_SPHINX)),
    Step(
        "tests",
        "all tests pass, those of the man page and the generated pages too",
        _command("tests", _PYTHON, "-m", "pytest"),
    ),
    Step("wheels", "wheels and source are built", _command("wheels", _PYTHON, "-m", "wheels", "build")),
    Step(
        "proof", "the wheels work on every platform", _command("proof", _PYTHON, "-m", "wheels", "prove"), ("wheels",)
    ),
    Step("twine", "PyPI will take the files and show the README", _twine, ("wheels",)),
)
"""In the order they run: what is quick and often wrong comes first."""
