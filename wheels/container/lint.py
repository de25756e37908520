"""The linter of the Containerfile: dockerfile-utils of npm, as its lock has it."""

import shutil
from pathlib import Path

from wheels.programs import run
from wheels.progress import say

_PINS = Path(__file__).with_name("lint")


def lint(recipe: Path, work: Path) -> None:
    """Raises MbmdError with what the linter finds; without npm it is said that nothing was linted."""
    if not shutil.which("npm"):
        say("not linted: npm is not installed")
        return
    folder = work / "lint"
    shutil.copytree(_PINS, folder, dirs_exist_ok=True)
    run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], "npm ci", cwd=folder)
    run([folder / "node_modules" / ".bin" / "dockerfile-utils", "lint", recipe], "the linter of the Containerfile")
