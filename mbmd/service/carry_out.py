"""Carrying out the steps of installing and removing the service."""

import grp
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from mbmd.errors import MbmdError
from mbmd.service.steps import Keep, Link, Remove, Run, Step, Write

SYSTEM = Path("/")
_PATIENCE = 120.0
"""Seconds that a program may take: the start of a service waits for the first devices."""


def within(root: Path, path: Path) -> Path:
    """Where a path of the system is in a tree."""
    return root / path.relative_to("/")


def carry_out(step: Step, root: Path = SYSTEM) -> str:
    """Carry out a step; returns what was done. Raises MbmdError for what cannot be done.

    So it is where a link in a tree leads out of that: it means a place of the other system, and would change this one.
    """
    try:
        if not isinstance(step, Run):
            _check_inside(step, root)
        return _carry_out(step, root)
    except OSError as error:
        raise MbmdError(f"{step}: {error.strerror or error}") from None


def _check_inside(step: Write | Link | Remove | Keep, root: Path) -> None:
    folder = within(root, step.path).parent
    if not folder.resolve().is_relative_to(root.resolve()):
        raise MbmdError(f"{step}: a link leads from {folder} out of {root}")


def _carry_out(step: Step, root: Path) -> str:
    match step:
        case Write():
            return _write(step, within(root, step.path))
        case Link():
            return _link(within(root, step.path), step.to)
        case Remove():
            return _remove(within(root, step.path), step.is_folder)
        case Run():
            return _run(step)
        case Keep():
            return f"kept {within(root, step.path)}: {step.why}"


def _write(step: Write, path: Path) -> str:
    with suppress(FileNotFoundError, UnicodeDecodeError):
        if not path.is_symlink() and path.read_text(encoding="utf-8") == step.text:
            return f"{path} is as it should be"
    _make_folder(path.parent)
    fd, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(step.text)
            file.flush()
            if step.group:
                os.fchown(fd, -1, grp.getgrnam(step.group).gr_gid)
            os.fchmod(fd, 0o640 if step.group else 0o644)
            os.fsync(fd)
        Path(name).replace(path)
    except KeyError:
        raise MbmdError(f"{step}: there is no group {step.group}") from None
    finally:
        Path(name).unlink(missing_ok=True)
    return f"wrote {path}"


def _make_folder(path: Path) -> None:
    """Make a folder and those above it, for everyone to enter whatever the umask is: the service has to."""
    if not path.is_dir():
        _make_folder(path.parent)
        path.mkdir()
        path.chmod(0o755)


def _link(path: Path, to: Path) -> str:
    _make_folder(path.parent)
    path.unlink(missing_ok=True)
    path.symlink_to(to)
    return f"linked {path} to {to}"


def _remove(path: Path, is_folder: bool) -> str:
    if is_folder and path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    return f"removed {path}"


def _run(step: Run) -> str:
    said = " ".join(step.words)
    try:
        done = subprocess.run(step.words, capture_output=True, text=True, timeout=_PATIENCE, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise MbmdError(f"{said} has not ended within {_PATIENCE:.0f} s") from None
    except FileNotFoundError:
        raise MbmdError(f"{said}: there is no {step.words[0]} here") from None
    if done.returncode and not step.may_fail:
        lines = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
        raise MbmdError("\n".join([f"{said} failed:", *(f"  {line}" for line in lines)]))
    return f"ran {said}"
