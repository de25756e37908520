"""What cannot be run on the machine of the tests, and what is checked of it instead: all of it is in STAND_INS."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from tests.manual import site
from tests.manual.systemd import journalctl, systemctl

BIN = Path("/run/bin")
"""Where stand-ins are, in front of all other programs."""
ROOT = Path(__file__).parents[2]

_WHEELS = re.compile(r"mbmd-[^/]*\.(?:whl|tar\.gz)")
_DEB = re.compile(r"mbmd_[^/]*\.deb")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")


class NotSoError(Exception):
    """A command line that would not work."""


class StandIn(NamedTuple):
    """Why a program is not run, and what does its part; that gets the arguments and returns an exit code."""

    why: str
    play: Callable[[list[str]], int]


def mbmd(python: str, folder: Path) -> None:
    """Put the command `mbmd` into a folder: the one under test."""
    script(folder / "mbmd", python, "from mbmd.cli import main", "sys.exit(main())", before=_ELSEWISE)


_ELSEWISE = (
    f"if sys.argv[1:2] == ['scan']: import os; os.environ.setdefault('MBMD_TIMEOUT', '{site.SCAN_TIMEOUT}')",
    "if sys.argv[1:2] == ['service']: import mbmd.service.program as p; p.hidden = p.closed = lambda _: None",
)
"""How the command differs from what users have: silent units are waited for less long, and it may install itself as a
service from where developers have it."""


def script(path: Path, python: str, *lines: str, before: tuple[str, ...] = ()) -> None:
    """A program that has the repository's modules."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = [f"#!{python}", "import sys", f"sys.path.insert(0, {str(ROOT)!r})", *before, *lines]
    path.unlink(missing_ok=True)
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    path.chmod(0o755)


def install(python: str) -> None:
    """Put `mbmd` and all stand-ins in front of other programs."""
    mbmd(python, BIN)
    for name in STAND_INS:
        stand_in(BIN / name, python, name)


def environment(python: str, folder: Path) -> None:
    """What make and pip leave of a virtual environment of the checkout."""
    for name in ("python", "python3", "pip"):
        stand_in(folder / "bin" / name, python, name)
    mbmd(python, folder / "bin")
    (folder / "bin" / "activate").write_text(f"PATH={folder}/bin:$PATH\n", encoding="utf-8")


def stand_in(path: Path, python: str, name: str) -> None:
    """Put one of them at a path."""
    script(path, python, "from tests.manual.standins import main", f"sys.exit(main({name!r}, sys.argv[1:]))")


def main(name: str, arguments: list[str]) -> int:
    """Play a program."""
    try:
        return STAND_INS[name].play(arguments)
    except NotSoError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 64


def _run(name: str, arguments: list[str]) -> int:
    """The real program."""
    path = os.pathsep.join(folder for folder in os.environ["PATH"].split(os.pathsep) if Path(folder) != BIN)
    return subprocess.run([shutil.which(name, path=path) or name, *arguments], check=False).returncode


def _sudo(arguments: list[str]) -> int:
    while arguments and arguments[0].startswith("-"):
        arguments = arguments[2 if arguments[0] in ("-u", "-g") else 1 :]
    _must(bool(arguments), "nothing to run")
    return subprocess.run(arguments, check=False).returncode


def _make(arguments: list[str]) -> int:
    return _run("make", ["-n", *arguments])


def _python(arguments: list[str]) -> int:
    match arguments:
        case ["-m", "venv", *options, folder]:
            code = _run("python3", ["-m", "venv", "--without-pip", *options, folder])
            for name in ("pip", "pip3"):
                stand_in(Path(folder) / "bin" / name, sys.executable, "pip")
            return code
        case ["-m", "pip", *rest]:
            return _pip(rest)
        case ["-m", "pytest", *rest]:
            return _exist([word for option, word in pairwise(["", *rest]) if option != "-n"])
        case ["-m", "tests.approve"]:
            return _exist(["tests/approve.py"])
        case ["-m", "benchmarks" | "tests.soak" as module, *rest]:
            return subprocess.run([sys.executable, "-m", module, "--help", *rest], check=False).returncode
        case _:
            return subprocess.run([sys.executable, *arguments], check=False).returncode


def _pip(arguments: list[str]) -> int:
    _must(arguments[:1] == ["install"], f"what is {arguments}")
    words = [word for word in arguments[1:] if not word.startswith("-")]
    _must(bool(words), "nothing to install")
    for word in words:
        if "/" in word or word == ".":
            _exists_or_is_built(Path(word.partition("[")[0]))
    _command_of_venv()
    return 0


def _exists_or_is_built(path: Path) -> None:
    built = _WHEELS.fullmatch(path.name)
    _must((path / "pyproject.toml").exists() or bool(built) or path.is_dir(), f"there is no {path}")


def _command_of_venv() -> None:
    """The environment that this pip is of has mbmd from now on."""
    folder = Path(sys.argv[0]).parent
    if folder != BIN:
        mbmd(sys.executable, folder)


def _apt(arguments: list[str]) -> int:
    words = [word for word in arguments if not word.startswith("-")]
    _must(words[:1] in (["update"], ["install"], ["remove"], ["purge"], ["autoremove"]), f"what is {arguments}")
    for word in words[1:]:
        _must(bool((_DEB if "/" in word else _PACKAGE).fullmatch(Path(word).name)), f"{word} is no package")
    if not any(_DEB.fullmatch(Path(word).name) or word == "mbmd" for word in words[1:]):
        return 0
    purge = ["--purge"] if words[0] == "purge" else []
    does = ["install"] if words[0] == "install" else ["uninstall", *purge]
    return subprocess.run(["mbmd", "service", *does], check=False).returncode


def _accounts(arguments: list[str]) -> int:
    groups = [word for option, word in pairwise(arguments) if option in ("-aG", "-G")]
    _must(all(group == "dialout" for group in groups), f"which group is {groups}?")
    return 0


def _sysusers(arguments: list[str]) -> int:
    """Make the users of a file; they are root by another name, for there are no other numbers here."""
    names = [line.split()[1] for file in arguments for line in Path(file).read_text().splitlines() if line[:2] == "u "]
    for name in names:
        _users(name, f"{name}:x:0:0::/:/usr/sbin/nologin\n", f"{name}:x:0:\n")
    return 0


def _userdel(arguments: list[str]) -> int:
    _users(arguments[-1])
    return 0


def _users(name: str, entry: str = "", group: str = "") -> None:
    """Put a user in the place of one of that name, or of none."""
    for path, line in ((Path("/etc/passwd"), entry), (Path("/etc/group"), group)):
        others = (other for other in path.read_text().splitlines(keepends=True) if not other.startswith(f"{name}:"))
        path.write_text("".join(others) + line)


def _nothing(arguments: list[str]) -> int:
    _must(bool(arguments), "nothing to do")
    return 0


def _exist(arguments: list[str]) -> int:
    for word in arguments:
        _must(word.startswith("-") or Path(word).exists(), f"there is no {word}")
    return 0


def _containers(arguments: list[str]) -> int:
    """Of `run` what the container would do is done here."""
    for option, word in pairwise(arguments):
        if option in ("-f", "--file") or (option in ("-v", "--volume") and word[0] in "./"):
            _must(Path(word.partition(":")[0]).exists(), f"there is no {word}")
    images = [at for at, (option, word) in enumerate(pairwise(arguments), 1) if word == "mbmd" and option != "--name"]
    command = arguments[images[0] + 1 :] if arguments[0] == "run" and images else []
    return subprocess.run(["mbmd", *command], check=False).returncode if command else 0


def _must(holds: bool, complaint: str) -> None:
    if not holds:
        raise NotSoError(complaint)


_ENGINE = "no container engine runs here; files that are named must be there, and what a container runs is run"
_PYTHON = "tests and benchmarks take minutes: their words are checked; a venv gets a stand-in for pip"
_REGISTRY = "it would fetch from the network; what is named must be there, or be something that is built here"
_USERS = "there is one user here; the group must be the one of serial devices"
STAND_INS: Mapping[str, StandIn] = MappingProxyType(
    {
        "sudo": StandIn("everybody is root here; it runs the rest", _sudo),
        "make": StandIn("a target may take minutes; that it is there, and all it needs, is seen by make -n", _make),
        "python": StandIn(_PYTHON, _python),
        "python3": StandIn("the same", _python),
        "pip": StandIn(_REGISTRY, _pip),
        "apt": StandIn(_REGISTRY, _apt),
        "apt-get": StandIn(_REGISTRY, _apt),
        "systemctl": StandIn("no systemd runs here; it starts and stops the service mbmd as the unit says", systemctl),
        "journalctl": StandIn("no journal is here; it shows what that service has logged", journalctl),
        "systemd-sysusers": StandIn("users have no numbers of their own here", _sysusers),
        "usermod": StandIn(_USERS, _accounts),
        "userdel": StandIn(_USERS, _userdel),
        **dict.fromkeys(("nano", "editor"), StandIn("it would wait for somebody who types", _nothing)),
        **dict.fromkeys(("git", "gh"), StandIn("it would ask the network, or make the checkout another", _nothing)),
        "udevadm": StandIn("no udev runs here", _nothing),
        "fuser": StandIn("it is not installed everywhere; what it is asked about must be there", _exist),
        "docker": StandIn(_ENGINE, _containers),
        "podman": StandIn(_ENGINE, _containers),
    }
)
