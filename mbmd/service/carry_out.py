"""Carrying out the steps of installing and removing the service."""

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
    """Carry out a step; returns what was done. Raises MbmdError for what cannot be done."""
    try:
        return _carry_out(step, root)
    except OSError as error:
        raise MbmdError(f"{step}: {error.strerror or error}") from None


def _carry_out(step: Step, root: Path) -> str:
    match step:
        case Write():
            return _write(step, within(root, step.path))
        case Link():
            return _link(within(root, step.path), step.to)
        case Remove():
            return _remove(within(root, step.path))
        case Run():
            return _run(step)
        case Keep():
            return f"kept {within(root, step.path)}: {step.why}"


def _write(step: Write, path: Path) -> str:
    with suppress(FileNotFoundError, UnicodeDecodeError):
        if path.read_text(encoding="utf-8") == step.text:
            return f"{path} is as it should be"
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    fd, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(step.text)
            file.flush()
            os.fchmod(fd, 0o640 if step.group else 0o644)
            if step.group:
                shutil.chown(name, group=step.group)
            os.fsync(fd)
        Path(name).replace(path)
    except LookupError:
        raise MbmdError(f"{step}: there is no group {step.group}") from None
    finally:
        Path(name).unlink(missing_ok=True)
    return f"wrote {path}"


def _link(path: Path, to: Path) -> str:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(to)
    return f"linked {path} to {to}"


def _remove(path: Path) -> str:
    if path.is_dir() and not path.is_symlink():
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
