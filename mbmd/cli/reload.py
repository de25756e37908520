"""`mbmd reload`: a running daemon reads its configuration again."""

import argparse
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mbmd.cli.options import add_config
from mbmd.config.paths import SYSTEM_RUN_DIRECTORIES, home_directory, run_directories
from mbmd.errors import MbmdError, UsageError

if TYPE_CHECKING:
    from mbmd.running.runfile import Report

PATIENCE = 10.0
"""Seconds within which a daemon begins to reload."""
LONGEST = 80.0
"""Seconds that a reload may take, as one of a thousand devices on a small board; systemd waits for 90."""
STEP = 0.02

_EPILOG = """\
The daemon reads its configuration file and device tables again. Devices, adapters and sinks (MQTT, InfluxDB and others)
come and go, and those that are the same in both go on undisturbed. The web server takes other users, tokens, origins
and proxies, and a renewed certificate. A configuration with a mistake changes nothing. What cannot be changed while it
runs (api, state, whether there is a certificate) is named. SIGHUP to the daemon does the same; its log has the outcome.

exit codes: 0 reloaded, 1 no daemon or no answer, 2 the new configuration was refused

examples:
  mbmd reload
  mbmd reload -c /etc/mbmd.yaml
  mbmd reload --pid $(pgrep -o mbmd)
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "reload",
        help="let a running daemon read its configuration again",
        description="Let a running daemon read its configuration again, and tell what became of it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_config(parser)
    parser.add_argument("--pid", type=int, metavar="PID", help="process id of the daemon, where several run")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask for a reload and print its outcome."""
    daemon = _choose(_daemons(), args.pid, args.config)
    _signal(daemon)
    report = _outcome(daemon)
    if report.errors:
        reasons = "\n".join(f"  {error}" for error in report.errors)
        raise UsageError(
            f"the daemon (pid {daemon.pid}) refused its new configuration, nothing has changed:\n{reasons}"
        )
    print(report.summary)
    for note in report.notes:
        print(note)
    return 0


class _Daemon(NamedTuple):
    """A daemon that runs, and what it says of itself."""

    pid: int
    path: Path
    report: "Report"

    def __str__(self) -> str:
        return f"pid {self.pid}, {self.report.config or 'no configuration file'}, since {_since(self.report.started)}"


def _since(started: float) -> str:
    """A time as people write it, whatever it is: it comes out of a file."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(started))
    except (ValueError, OverflowError, OSError):
        return f"{started:g}"


def _daemons() -> list[_Daemon]:
    """All daemons that can be found. Raises MbmdError when there is none."""
    from mbmd.running import runfile

    folders = dict.fromkeys((*run_directories(os.environ, home_directory()), *SYSTEM_RUN_DIRECTORIES))
    daemons: list[_Daemon] = []
    forbidden: list[str] = []
    for folder in folders:
        try:
            found = runfile.find(folder)
        except PermissionError as error:
            forbidden.append(str(error.filename))
        else:
            daemons += [_Daemon(pid, path, report) for path, pid in found if pid and (report := _read(path))]
    if not daemons:
        more = f" that you may see: {', '.join(forbidden)} cannot be read by you" if forbidden else ""
        raise MbmdError(f"no daemon is running{more}: start one with mbmd run")
    return daemons


def _read(path: Path) -> "Report | None":
    """What a daemon says of itself, which it may be writing just now."""
    from mbmd.running import runfile

    for _ in range(10):
        if (report := runfile.read(path)) is not None:
            return report
        time.sleep(STEP)
    return None


def _choose(daemons: Sequence[_Daemon], pid: int | None, config: str | None) -> _Daemon:
    """The daemon that is meant."""
    wanted = Path(config).resolve() if config else None
    fitting = [
        daemon
        for daemon in daemons
        if pid in (None, daemon.pid)
        if wanted is None or (daemon.report.config and Path(daemon.report.config).resolve() == wanted)
    ]
    if len(fitting) == 1:
        return fitting[0]
    listed = "\n".join(f"  {daemon}" for daemon in (fitting or daemons))
    if fitting:
        raise UsageError(f"{len(fitting)} daemons are running, choose one with -c or --pid:\n{listed}")
    asked = [f"pid {pid}"] if pid is not None else []
    asked += [f"configuration {config}"] if config else []
    raise MbmdError(f"no daemon with {' and '.join(asked)} is running, but:\n{listed}")


def _signal(daemon: _Daemon) -> None:
    """Ask for a reload; only who holds the lock of its file is the daemon, as process ids are used again."""
    from mbmd.running import runfile

    try:
        if runfile.holder(daemon.path) != daemon.pid:
            raise ProcessLookupError
        os.kill(daemon.pid, signal.SIGHUP)
    except ProcessLookupError:
        raise MbmdError(f"the daemon (pid {daemon.pid}) has just ended") from None
    except PermissionError:
        raise MbmdError(
            f"the daemon (pid {daemon.pid}) is not yours, and you may not signal it: do this as its user, or with sudo"
        ) from None


def _outcome(daemon: _Daemon) -> "Report":
    """What became of the reload that was asked for: of the first that began when we had looked."""
    from mbmd.running import runfile

    started, patience = time.monotonic(), PATIENCE
    while time.monotonic() < started + patience:
        report = runfile.read(daemon.path)
        if report is not None and report.done > daemon.report.begun:
            return report
        if runfile.holder(daemon.path) != daemon.pid:
            raise MbmdError(f"the daemon (pid {daemon.pid}) has ended: see its log")
        if report is not None:
            patience = LONGEST if report.begun > report.done else PATIENCE
        time.sleep(STEP)
    raise MbmdError(f"the daemon (pid {daemon.pid}) has not reloaded within {patience:.0f} s: see its log")
