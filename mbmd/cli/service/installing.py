"""`mbmd service install` and `uninstall`: what they refuse, what they do, and what is left to do then."""

import argparse
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from mbmd.errors import MbmdError, UsageError
from mbmd.service import layout, program, steps
from mbmd.service.carry_out import SYSTEM, carry_out, within
from mbmd.service.found import found, group_of, installed, package_unit, serial_group
from mbmd.service.layout import Service

_ELSEWHERE = """\
install mbmd where it does, and let that install the service:
  sudo python3 -m venv /opt/mbmd
  sudo /opt/mbmd/bin/pip install mbmd
  sudo /opt/mbmd/bin/mbmd service install"""

_ENABLE = f"sudo systemctl enable --now {layout.UNIT}"
_RUNNING = Path("/run/systemd/system")
"""Is there where systemd runs, as sd_booted(3) has it."""
_AGAIN = "do this once more"


def install(args: argparse.Namespace) -> int:
    """Install the service, or renew it."""
    from mbmd.config.example import example_without_devices

    root = _root(args)
    _refuse_package(root, _ENABLE)
    service = _service(args, root)
    problem = _problem(root, service)
    is_fine = not problem  # what cannot start would be started again and again
    planned = steps.install(
        service, example_without_devices(), found(root, service), enable=is_fine, start=is_fine and not args.no_start
    )
    if args.dry_run:
        print(layout.unit(service))
    _do(planned, root, args.dry_run)
    for line in () if args.dry_run else _next(root, service, problem, args.no_start):
        print(line)
    return 0


def uninstall(args: argparse.Namespace) -> int:
    """Remove the service."""
    root = _root(args)
    _refuse_package(root, "sudo apt-get remove mbmd")
    service = installed(root)
    planned = list(steps.uninstall(service, found(root, service), args.purge))
    if all(isinstance(step, steps.Keep) for step in planned):
        print("the service is not installed")
    _do(planned, root, args.dry_run)
    return 0


def _root(args: argparse.Namespace) -> Path:
    """The tree that is written to. UsageError if this user or system cannot do that."""
    if args.root is not None:
        root = Path(args.root).resolve()
        if not root.is_dir():
            raise UsageError(f"--root {args.root}: no such folder")
        return root
    if not args.dry_run:
        if os.geteuid() != 0:
            raise UsageError("services belong to the system: do this as root, with sudo, or look at it with --dry-run")
        if not _RUNNING.is_dir():
            raise UsageError("systemd does not run here: --root writes the service into the tree of another system")
    return SYSTEM


def _refuse_package(root: Path, instead: str) -> None:
    """UsageError where a package of the distribution has the service."""
    if (path := package_unit(root)) is not None:
        raise UsageError(f"{path} is of the package mbmd, which has the service: {instead}")


def _service(args: argparse.Namespace, root: Path) -> Service:
    """What is to be installed. UsageError if that could not run."""
    user = args.user_name or layout.USER
    if not layout.is_user_name(user):
        raise UsageError(f"--user-name {user}: no name of a user: it has small letters, digits, - and _")
    if args.path is None:
        command = program.own_command()
        _check_readable(list(program.needed_files(command)))
    else:
        command = (args.path,)
        _check_path("--command", args.path)
    config = args.file or str(layout.CONFIG)
    _check_path("--config", config)
    return Service(command, Path(config), user, group_of(user), serial_group(root))


def _check_path(option: str, path: str) -> None:
    if not path.startswith("/") or ".." in Path(path).parts or not path.isprintable():
        raise UsageError(f"{option} {path}: the service needs the whole path, which begins with / and has no ..")
    if program.hidden([Path(path)]):
        raise UsageError(f"{option} {path}: the service does not see {_hidden_folders()}: choose another place")


def _check_readable(paths: Iterable[Path]) -> None:
    """UsageError if the service could not run the command that runs now."""
    if (path := program.hidden(paths)) is not None:
        raise UsageError(f"this mbmd needs {path}, and the service does not see {_hidden_folders()}: {_ELSEWHERE}")
    if (path := program.closed(paths)) is not None:
        raise UsageError(f"this mbmd needs {path}, which the user of the service may not read: {_ELSEWHERE}")


def _hidden_folders() -> str:
    return f"{', '.join(program.HIDDEN[:-1])} and {program.HIDDEN[-1]}"


def _problem(root: Path, service: Service) -> str:
    """What is wrong with the configuration that the service will have; empty if nothing is."""
    from mbmd.cli.config import problems
    from mbmd.config.build import build
    from mbmd.config.load import load
    from mbmd.config.paths import SYSTEM_TABLES

    path = within(root, service.config)
    if not path.exists():
        return f"{service.config} names no devices yet"
    try:
        loaded = load(path, {}, {})
        wrong = problems(loaded, build(loaded, (*loaded.config.devices_dir, SYSTEM_TABLES)))
    except MbmdError as error:
        return str(error).splitlines()[0]
    return str(wrong[0]) if wrong else ""


def _do(planned: Iterable[steps.Step], root: Path, is_dry: bool) -> None:
    """Carry out the steps, or tell them. An error says what became of those before it."""
    for number, step in enumerate(planned):
        if is_dry:
            print(step)
            continue
        try:
            print(carry_out(step, root), flush=True)
        except MbmdError as error:
            before = "what is told above is done" if number else "nothing is done"
            raise MbmdError(f"{error}\n  {before}; do the same again when this is mended") from None


def _next(root: Path, service: Service, problem: str, no_start: bool) -> Iterator[str]:
    """What is left to be done."""
    if problem:
        yield f"mbmd is not started: {problem}"
        yield f"name your meters in {within(root, service.config)}, then: {_ENABLE if root == SYSTEM else _AGAIN}"
    elif root != SYSTEM:
        yield "mbmd starts with that system"
    elif no_start:
        yield f"mbmd starts with the system, or now by: sudo systemctl restart {layout.UNIT}"
    else:
        yield "mbmd runs: mbmd service status tells how it is, journalctl -u mbmd shows its log"
