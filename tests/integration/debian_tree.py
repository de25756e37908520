"""A tree of Debian to install into, and commands that run in it."""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mbmd import __version__

ROOT = Path(__file__).parents[2]
CACHE = ROOT / "build" / "deb"
"""What is the same for every run; it may be deleted."""
MIRROR = "http://deb.debian.org/debian"
PROGRAMS = ("debootstrap", "dpkg-deb", "chroot", "unshare", "tar")
PYTHON = "python3.11"
PACKAGES = (PYTHON, "systemd")
PLATFORMS = ("manylinux_2_28", "manylinux_2_24", "manylinux2014")
_IGNORED = (
    "proc",
    "sys",
    "dev",
    "tmp",
    "run/adduser",
    "run/systemd",
    "var/log",
    "var/cache",
    "var/lib/apt",
    "var/lib/dpkg",
)
"""What package managers keep for themselves, and what is none of a package."""


def missing() -> str:
    """Why there can be no tree here; empty if there can."""
    if os.geteuid() != 0:
        return "a tree of Debian is made by root"
    if lacking := [name for name in PROGRAMS if shutil.which(name) is None]:
        return f"there is no {lacking[0]} here"
    if os.uname().machine != "x86_64":
        return "the wheels that are fetched are those for x86_64"
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        return "nothing may be mounted here"
    return ""


class Tree:
    """A tree of Debian in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def command(self, *words: str, user: str = "") -> list[str]:
        """How a command is started in the tree, by a user of it: in a place of its own for what is mounted."""
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
        mounted = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
        return ["unshare", "--mount", "sh", "-c", mounted, str(self.folder), *as_user, *words]

    def run(self, *words: str, user: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a command to its end."""
        return subprocess.run(
            self.command(*words, user=user), env=environment(), capture_output=True, text=True, check=False
        )

    @contextmanager
    def running(self, *words: str, user: str = "", **variables: str) -> Iterator[Callable[[], None]]:
        """A command in the background, which has to end well when it is told to.

        What it yields fails with what the command has said if it has ended by itself.
        """
        env = {**environment(), **variables}
        with tempfile.TemporaryFile("w+") as log:
            process = subprocess.Popen(self.command(*words, user=user), env=env, stdout=log, stderr=log)

            def said() -> str:
                log.seek(0)
                return log.read()

            def check() -> None:
                assert process.poll() is None, said()

            try:
                yield check
            finally:
                process.terminate()
                code = process.wait(60)
            assert code == 0, said()

    def files(self) -> set[str]:
        """Every file, link and folder but those that nobody misses."""
        names = (str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))
        return {name for name in names if not name.startswith(_IGNORED) and "__pycache__" not in name}

    def text(self, path: str) -> str:
        return (self.folder / path).read_text(encoding="utf-8")


def environment() -> dict[str, str]:
    """What commands in a tree get: nothing of whoever runs the tests."""
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}


def make_tree(folder: Path) -> Tree:
    """A tree of Debian 12 with Python and systemd, which is fetched once. Skips the test if that fails."""
    packed = CACHE / "bookworm.tar"
    if not packed.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as name:
            made = f"{name}/tree"  # the folder above is closed to all but root, as a tree must not be
            _fetched(["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", "bookworm", made, MIRROR])
            subprocess.run(["tar", "-C", made, "-cf", f"{packed}.part", "."], check=True)
        Path(f"{packed}.part").replace(packed)
    folder.mkdir()
    subprocess.run(["tar", "-C", str(folder), "-xf", str(packed)], check=True)
    return Tree(folder)


def make_wheels(folder: Path) -> Path:
    """The wheels of mbmd as it stands here, and of all that it needs. Skips the test if they cannot be fetched."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [line.partition(";")[0].strip() for line in project["dependencies"]]
    kept = CACHE / "wheels"
    asked = CACHE / "wheels.txt"
    if not asked.exists() or asked.read_text(encoding="utf-8") != "\n".join(needed):
        shutil.rmtree(kept, ignore_errors=True)
        only = ["--only-binary", ":all:", "--python-version", "3.11", "--implementation", "cp"]
        platforms = [word for name in PLATFORMS for word in ("--platform", f"{name}_x86_64")]
        _fetched([sys.executable, "-m", "pip", "download", "-q", *only, *platforms, "-d", str(kept), *needed])
        asked.write_text("\n".join(needed), encoding="utf-8")
    shutil.copytree(kept, folder)
    _own_wheel(folder)
    return folder


def _fetched(command: Iterable[str]) -> None:
    done = subprocess.run(list(command), capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"what is needed of the network cannot be had: {(done.stderr or done.stdout).strip()[-300:]}")


def _own_wheel(folder: Path) -> None:
    """What an editable installation has, as a wheel: that a proper one has all of it is shown where they are made."""
    info = f"mbmd-{__version__}.dist-info"
    with zipfile.ZipFile(folder / f"mbmd-{__version__}-cp311-abi3-linux_x86_64.whl", "w") as wheel:
        for path in sorted((ROOT / "mbmd").rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix not in (".pyx", ".pxd"):
                wheel.write(path, str(path.relative_to(ROOT)))
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: mbmd\nVersion: {__version__}\n")
        wheel.writestr(f"{info}/RECORD", "")
