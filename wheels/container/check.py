"""`python -m wheels container-check`: builds the image of mbmd, and polls a simulated meter with it."""

import argparse
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mbmd import __version__
from mbmd.errors import MbmdError, UsageError
from wheels.container import trial
from wheels.container.buildah import BASE, SUITE, Buildah, demand_buildah
from wheels.container.lint import lint
from wheels.deb.recipe import RELEASES
from wheels.folders import ROOT, bundle_folder
from wheels.progress import step

RECIPE = ROOT / "wheels" / "container" / "Containerfile"
WORK = ROOT / "build" / "container"
IMAGE = "localhost/mbmd"
BUNDLE = bundle_folder(platform.machine(), RELEASES[SUITE].python)
"""For the Python of the image, on this machine."""
_BUNDLED = f"make bundle PLATFORM={platform.machine()} CPYTHON={RELEASES[SUITE].python}"
_UNWANTED = ("gcc", "cc", "make", "pip", "pip3")
_MEGABYTE = 1_000_000

_EXAMPLES = """\
examples:
  sudo make container-check
  sudo .venv/bin/python -m wheels container-check build/wheels/bundle-x86_64-3.13
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "container-check",
        help="lint and build the image of mbmd, and poll with it",
        description="Build the image of mbmd for this machine with buildah, on a base that debootstrap makes, so that "
        "neither an engine nor a registry is needed; then poll a simulated meter with it. Only root may.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "bundle", nargs="?", type=Path, default=BUNDLE, metavar="DIR", help="of make bundle; default: %(default)s"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Lint, build, look and poll; MbmdError tells what is wrong."""
    if not next(args.bundle.glob("mbmd-*.whl"), None):
        raise UsageError(f"{args.bundle}: there is no wheel of mbmd: make wheels, then {_BUNDLED}")
    demand_buildah()
    WORK.mkdir(parents=True, exist_ok=True)
    lint(RECIPE, WORK)
    buildah = Buildah(WORK)
    if not buildah.has(BASE):
        with step("base image, by debootstrap"):
            buildah.make_base()
    with step("image"):
        buildah.build(RECIPE, args.bundle, IMAGE, {"VERSION": __version__})
    container = buildah.container(IMAGE)
    try:
        _look(buildah, container)
        with step("poll of a simulated meter"):
            trial.poll(buildah, container, buildah.settings(IMAGE))
    finally:
        buildah.remove(container)
    return 0


def _look(buildah: Buildah, container: str) -> None:
    wrong = unsafe(buildah.settings(IMAGE))
    found = buildah.inside(container, "sh", "-c", f"for name in {' '.join(_UNWANTED)}; do command -v $name; done; true")
    wrong += [f"has {path}, which it does not need" for path in found.split()]
    said = buildah.inside(container, "mbmd", "version")
    if not said.startswith(f"mbmd {__version__} "):
        wrong.append(f"has another version: {said}")
    if wrong:
        raise MbmdError("the image\n" + "\n".join(f"  {text}" for text in wrong))
    size = sum(path.lstat().st_size for path in buildah.root(container).rglob("*") if not path.is_dir())
    print(f"{said}; {size / _MEGABYTE:.0f} MB")


def unsafe(settings: Mapping[str, Any]) -> list[str]:
    """What an image says of itself that would make it unsafe or awkward to run."""
    rules: Sequence[tuple[bool, str]] = (
        (bool(re.fullmatch(r"[1-9]\d*:[1-9]\d*", settings.get("User", ""))), "runs as root, or as a user by name"),
        (settings.get("Entrypoint") == ["mbmd"] and settings.get("Cmd") == ["run"], "does not run `mbmd run`"),
        (settings.get("StopSignal") == "SIGTERM", "is not stopped by SIGTERM"),
        (settings.get("Healthcheck", {}).get("Test", [""])[0] == "CMD", "has no health check without a shell"),
        ("/var/lib/mbmd" in (settings.get("Volumes") or {}), "has no volume for what is learned"),
        (not any("PASSWORD" in text or "TOKEN" in text for text in settings.get("Env", [])), "holds a secret"),
    )
    return [text for is_right, text in rules if not is_right]
