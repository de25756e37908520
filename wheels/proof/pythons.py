"""The CPythons of this machine."""

import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

VERSIONS = ("3.11", "3.12", "3.13", "3.14")
"""What is looked for."""
_PATIENCE = 60.0
_ASK = "import sys, venv, ensurepip; print(sys.implementation.name, '.'.join(map(str, sys.version_info[:3])))"


def found() -> dict[str, tuple[str, str] | None]:
    """Of each version the full version and the path of the first that has venv and pip, None if there is none."""
    return {version: first(candidates(version), version) for version in VERSIONS}


def candidates(version: str) -> Iterator[Path]:
    """Where a CPython may be: in PATH, where Debian and makers of their own put it, and in pyenv's folder."""
    for folder in [*os.get_exec_path(), "/usr/bin", "/usr/local/bin"]:
        yield Path(folder) / f"python{version}"
    home = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(home.glob(f"versions/{version}.*/bin/python{version}"))


def first(paths: Iterable[Path], version: str) -> tuple[str, str] | None:
    """Full version and path of the first that is a CPython of the version and can make environments."""
    for path in paths:
        said = _ask(path).split()
        if len(said) == 2 and said[0] == "cpython" and said[1].startswith(f"{version}."):
            return said[1], str(path)
    return None


def _ask(path: Path) -> str:
    if not path.exists():
        return ""
    try:
        command = [str(path), "-I", "-c", _ASK]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
