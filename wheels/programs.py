"""Programs that are run; what they say is kept for when they fail."""

import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mbmd.errors import MbmdError

_LAST_LINES = 15


def run(command: Sequence[str | Path], what: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """What a program printed on stdout. Raises MbmdError with its last lines if it fails; `what` is what it was for."""
    demand([str(command[0])])
    done = subprocess.run(  # noqa: S603 - commands are put together here, from the recipe
        [str(part) for part in command],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = "\n".join(f"{done.stdout}\n{done.stderr}".strip().splitlines()[-_LAST_LINES:])
        raise MbmdError(f"{what} failed (exit code {done.returncode}):\n{said}")
    return done.stdout


def demand(names: Iterable[str]) -> None:
    """Raises MbmdError that names the programs which are not on this machine."""
    missing = [name for name in dict.fromkeys(names) if shutil.which(name) is None]
    if missing:
        raise MbmdError(f"not found: {', '.join(missing)}: install with: apt-get install {' '.join(missing)}")
