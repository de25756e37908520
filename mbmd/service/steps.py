"""What installing and removing the service does, as data: planned out of what was found, carried out by others."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from mbmd.service import layout
from mbmd.service.layout import UNIT, UNIT_FILE, USERS_FILE, WANTED, Service


@dataclass(frozen=True, slots=True)
class Write:
    """A file is to have this text; `group` may read it besides its owner, or everyone where that is empty."""

    path: Path
    text: str
    group: str = ""

    def __str__(self) -> str:
        return f"write {self.path}"


@dataclass(frozen=True, slots=True)
class Keep:
    """A file stays as it is."""

    path: Path
    why: str

    def __str__(self) -> str:
        return f"keep {self.path}: {self.why}"


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link leads to a path."""

    path: Path
    to: Path

    def __str__(self) -> str:
        return f"link {self.path} to {self.to}"


@dataclass(frozen=True, slots=True)
class Remove:
    """A file or link goes; one that `is_folder` may be one, and goes with all that is in it."""

    path: Path
    is_folder: bool = False

    def __str__(self) -> str:
        return f"remove {self.path}"


@dataclass(frozen=True, slots=True)
class Run:
    """A program runs; what it prints is told only if it fails, and that it fails only if it must not."""

    words: tuple[str, ...]
    may_fail: bool = False

    def __str__(self) -> str:
        return " ".join(("run", *self.words))


Step: TypeAlias = Write | Keep | Link | Remove | Run


@dataclass(frozen=True, slots=True)
class Found:
    """What there is before: which of the files and users; `made` is the user that was made for a service.

    `is_tree`: it is a tree for another system, where nothing runs.
    """

    files: frozenset[Path] = frozenset()
    users: frozenset[str] = frozenset()
    made: str = ""
    is_tree: bool = False


def install(service: Service, config: str, found: Found, enable: bool, start: bool) -> Iterator[Step]:
    """The steps that install or renew the service; `config` is the text of a configuration where there is none.

    `enable`: it starts with the system; `start`: it is started now, or started anew.
    """
    if service.user not in found.users or service.user == found.made:
        yield Write(USERS_FILE, layout.users(service))
        if not found.is_tree:
            yield Run(("systemd-sysusers", str(USERS_FILE)))
    if service.config in found.files:
        yield Keep(service.config, "your configuration")
    else:
        yield Write(service.config, config, "" if found.is_tree else service.group)
    yield Write(UNIT_FILE, layout.unit(service))
    if found.is_tree:
        if enable:
            yield Link(WANTED, UNIT_FILE)
        return
    yield Run(("systemctl", "daemon-reload"))
    if enable:
        yield Run(("systemctl", "enable", UNIT))
    if start:
        yield Run(("systemctl", "restart", UNIT))


def uninstall(service: Service, found: Found, purge: bool) -> Iterator[Step]:
    """The steps that remove the service; with `purge` also its configuration, what it has learned, and its user."""
    if UNIT_FILE in found.files:
        if not found.is_tree:
            yield Run(("systemctl", "disable", "--now", UNIT))
            yield Run(("systemctl", "reset-failed", UNIT), may_fail=True)
        yield from (Remove(path) for path in (WANTED, UNIT_FILE) if path in found.files)
        if not found.is_tree:
            yield Run(("systemctl", "daemon-reload"))
    kept = [path for path in (service.config, *layout.REMAINS) if path in found.files]
    if not purge:
        yield from (Keep(path, "--purge removes it") for path in kept if path.parts[1] != "run")
        return
    yield from (Remove(path, path in layout.REMAINS) for path in kept)
    if found.made:
        if found.made in found.users and not found.is_tree:
            yield Run(("userdel", found.made))
        yield Remove(USERS_FILE)  # last: without it nobody knows that the user was made
