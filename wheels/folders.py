"""Where things are; all but the recipe is ignored by git."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
RECIPE = ROOT / "wheels" / "recipe.toml"
TOOLS_LOCK = ROOT / "wheels" / "tools.txt"
PROOF_LOCK = ROOT / "wheels" / "proof" / "tools.txt"
RUNTIME_LOCK = ROOT / "wheels" / "pylock.toml"

DIST = ROOT / "wheels" / "dist"
"""What a build leaves."""

WORK = ROOT / "build" / "wheels"
"""What a build keeps to be quicker the next time; it may be deleted."""


def bundle_folder(platform: str, python: str) -> Path:
    """Where the bundle for a platform with a CPython is, if it is not wanted elsewhere."""
    return WORK / f"bundle-{platform}-{python}"
