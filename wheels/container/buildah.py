"""Images without a daemon and without a registry: buildah in a store of its own, in chroot isolation."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mbmd.errors import MbmdError
from wheels.programs import demand, run

SUITE = "trixie"
"""The release of Debian that the image is made of."""
BASE = f"docker.io/library/debian:{SUITE}-slim"
MIRROR = "http://deb.debian.org/debian"
_UNWANTED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/lib/apt/lists", "var/cache/apt")
"""What the slim image of Debian leaves out too."""
_PATIENCE = 30
"""Seconds for a program to stop."""


class Buildah:
    """Images and containers in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program = ["buildah", "--root", f"{folder}/root", "--runroot", f"{folder}/run", "--storage-driver", "vfs"]

    def has(self, image: str) -> bool:
        """Whether there is such an image."""
        return bool(self._run("looking for images", "images", "--quiet", "--filter", f"reference={image}"))

    def make_base(self) -> None:
        """An image of Debian by the name of the official one, which cannot be fetched without its registry."""
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            tree, archive = Path(name) / "tree", Path(name) / "tree.tar"
            run(["debootstrap", "--variant=minbase", SUITE, tree, MIRROR], "debootstrap")
            excluded = [f"--exclude=./{path}/*" for path in _UNWANTED]
            run(["tar", "-C", tree, *excluded, "-cf", archive, "."], "tar")
            container = self._run("an empty container", "from", "scratch")
            self._run("filling the base", "add", container, str(archive), "/")
            self._run("committing the base", "commit", "--quiet", "--rm", container, BASE)

    def build(self, recipe: Path, context: Path, image: str, arguments: Mapping[str, str]) -> None:
        """Build an image, without asking any registry."""
        given = [text for name, value in arguments.items() for text in ("--build-arg", f"{name}={value}")]
        how = ["--isolation", "chroot", "--format", "docker", "--pull-never"]
        self._run("building the image", "build", *how, *given, "-f", str(recipe), "-t", image, str(context))

    def settings(self, image: str) -> dict[str, Any]:
        """What the image says of how it is run."""
        text = self._run("reading the image", "inspect", "--type", "image", image)
        found: dict[str, Any] = json.loads(text)["Docker"]["config"]
        return found

    def container(self, image: str) -> str:
        """A new container of an image; its name."""
        return self._run("making a container", "from", "--pull-never", image)

    def root(self, container: str) -> Path:
        """Where the files of a container are."""
        return Path(self._run("mounting the container", "mount", container))

    def remove(self, container: str) -> None:
        """Remove a container."""
        self._run("removing the container", "rm", container)

    def command(self, container: str, argv: Sequence[str], options: Sequence[str] = ()) -> list[str]:
        """The command that runs a program in a container, as the user and in the environment of its image."""
        return [*self._program, "run", "--isolation", "chroot", *options, container, "--", *argv]

    def inside(self, container: str, *argv: str) -> str:
        """What a program in a container prints."""
        return run(self.command(container, argv), f"{argv[0]} in the container").strip()

    def _run(self, what: str, *argv: str) -> str:
        return run([*self._program, *argv], what).strip()


def demand_buildah() -> None:
    """Raises MbmdError if images cannot be built here."""
    demand(["buildah", "debootstrap"])
    if os.geteuid() != 0:
        raise MbmdError("images are built in chroots, which only root may make: sudo make container-check")


def children(pid: int) -> list[int]:
    """The processes that a process has started, and what those have."""
    own = [int(text) for path in Path(f"/proc/{pid}/task").glob("*/children") for text in path.read_text().split()]
    return [*own, *(found for child in own for found in children(child))]


def stop(started: subprocess.Popen[bytes], program: str) -> int:
    """End a program in a container as an engine does, by SIGTERM to the program itself; its exit code."""
    for pid in children(started.pid):
        if Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip() == program:
            os.kill(pid, signal.SIGTERM)
    try:
        return started.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        raise MbmdError(f"{program} does not stop") from None
