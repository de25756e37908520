"""What PyPI has, by pip, which knows the mirrors and proxies of this machine."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from wheels.fetch import sha256
from wheels.folders import WORK
from wheels.programs import run
from wheels.tags import abis, platform_tags

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wheels.locked import File, Package

_FOLDER = WORK / "downloads"


def wheels(files: Mapping[Package, File], platform: str, python: str, interpreter: Path) -> list[Path]:
    """The wheels of packages for a platform with a CPython; only those are asked for that are not here yet."""
    words = ["--only-binary", ":all:", "--implementation", "cp", "--python-version", python]
    for tag in platform_tags(platform):
        words += ["--platform", tag]
    for abi in abis(python):
        words += ["--abi", abi]
    return _kept(files, words, interpreter)


def sdist(package: Package, file: File, interpreter: Path) -> Path:
    """The sdist of a package, which is `file`."""
    (path,) = _kept({package: file}, ["--no-binary", ":all:", "--no-build-isolation"], interpreter)
    return path


def _kept(files: Mapping[Package, File], words: Sequence[str], interpreter: Path) -> list[Path]:
    _FOLDER.mkdir(parents=True, exist_ok=True)
    missing = {package: file for package, file in files.items() if not _is_here(file)}
    if missing:
        _download(missing, words, interpreter)
    return [_FOLDER / file.name for file in files.values()]


def _is_here(file: File) -> bool:
    path = _FOLDER / file.name
    return path.exists() and sha256(path) == file.sha256


def _download(files: Mapping[Package, File], words: Sequence[str], interpreter: Path) -> None:
    """Have pip put files into the folder, whole or not at all."""
    with tempfile.TemporaryDirectory(prefix=".pip-", dir=_FOLDER) as name:
        pins = Path(name) / "pins.txt"
        pins.write_text("".join(f"{package.pin} --hash=sha256:{file.sha256}\n" for package, file in files.items()))
        pip: list[str | Path] = [interpreter, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        run([*pip, "--no-deps", "--require-hashes", "-r", pins, "--dest", name, *words], "downloading from PyPI")
        for file in files.values():
            (Path(name) / file.name).replace(_FOLDER / file.name)
