"""What is taken of the disk."""

import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from benchmarks.effort import Effort
from benchmarks.figure import Figure
from benchmarks.machine import ROOT

WHEEL = "size: the wheel"
LIBRARIES = "size of the libraries"
SMALL = 256 << 10
"""Libraries of fewer bytes are told in one."""

_MIB = 1 << 20
_SOURCES = ("mbmd", "pyproject.toml", "setup.py", "README.md", "LICENSE")
"""What a wheel is made of."""
_IGNORED = shutil.ignore_patterns("__pycache__", "*.so")


def sizes(effort: Effort) -> Iterator[Figure]:
    """MiB of the installed files, the largest packages first, and of the wheel."""
    yield from _wheel(effort)
    own = _size(path for path in (ROOT / "mbmd").rglob("*") if path.is_file())
    yield _figure("size: installed mbmd", own)
    if find_spec("packaging") is None:
        effort.left_out[LIBRARIES] = "packaging is not installed: pip install -e .[bench]"
        return
    found = {name: _size(_files(package)) for name, package in _libraries()}
    yield _figure("size: installed in all", own + sum(found.values()))
    for name, size in sorted(found.items(), key=lambda row: -row[1]):
        if size >= SMALL:
            yield _figure(f"size: installed {name}", size)
    yield _figure("size: installed others", sum(size for size in found.values() if size < SMALL))


def needed(roots: Iterable[str], requirements: Callable[[str], Iterable[str] | None]) -> list[str]:
    """The names of all that is needed by requirements, through and through, by what each needs in turn.

    `requirements` gives those of a distribution, None for one that is not there, which is left out with what it needs.
    """
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found: dict[str, None] = {}
    open_ = [Requirement(line) for line in roots]
    while open_:
        requirement = open_.pop()
        name = canonicalize_name(requirement.name)
        wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if name in found or not wanted or (lines := requirements(name)) is None:
            continue
        found[name] = None
        open_ += [Requirement(line) for line in lines]
    return sorted(found)


def _libraries() -> Iterator[tuple[str, Distribution]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name in needed(project["dependencies"], _requirements):
        yield name, distribution(name)


def _requirements(name: str) -> list[str] | None:
    try:
        return distribution(name).requires or []
    except PackageNotFoundError:
        return None


def _files(package: Distribution) -> Iterator[Path]:
    for file in package.files or ():
        path = Path(str(file.locate()))
        if path.is_file():
            yield path


def _size(files: Iterable[Path]) -> float:
    """Of files but for byte code, which is made anew."""
    return sum(path.stat().st_size for path in files if path.suffix != ".pyc")


def _wheel(effort: Effort) -> Iterator[Figure]:
    if (why := _no_wheel(effort)) is not None:
        effort.left_out[WHEEL] = why
        return
    effort.tell("building a wheel")
    with tempfile.TemporaryDirectory(prefix="mbmd-bench-") as name:
        folder = Path(name)
        for source in _SOURCES:
            path = ROOT / source
            if path.is_dir():
                shutil.copytree(path, folder / source, ignore=_IGNORED)
            else:
                shutil.copy(path, folder / source)
        options = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", name]
        command = [sys.executable, "-m", "pip", "wheel", *options, name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            effort.left_out[WHEEL] = f"it cannot be built here: {(done.stderr.splitlines() or ['?'])[-1]}"
            return
        yield _figure(WHEEL, _size(folder.glob("*.whl")))


def _no_wheel(effort: Effort) -> str | None:
    """Why no wheel can be built here."""
    if effort.quick:
        return "it takes a while to build: run without --quick"
    if missing := [name for name in ("pip", "setuptools", "Cython") if find_spec(name) is None]:
        return f"{', '.join(missing)} not installed: pip install 'setuptools>=77,<90' 'cython>=3.1,<4'"
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        return f"there is no {compiler}: install gcc"
    return None


def _figure(name: str, size: float) -> Figure:
    return Figure(name, "MiB", (size / _MIB,), "lower")
