"""What plays systemd where none runs: it starts the service mbmd as its unit says, and waits until it is ready."""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

UNIT = Path("/etc/systemd/system/mbmd.service")
LOG = Path("/run/systemd/mbmd.log")
_PID = Path("/run/systemd/mbmd.pid")
_READY = 60.0


def systemctl(arguments: list[str]) -> int:
    """Play it: what it says of the unit mbmd is so, of others it believes all."""
    verb, *units = (word for word in arguments if not word.startswith("-"))
    if verb not in _VERBS:
        return _fail(f"Unknown command verb {verb}.")
    if not {unit.removesuffix(".service") for unit in units} & {"mbmd"}:
        return 0
    if "--now" in arguments:
        verb = {"enable": "start", "disable": "stop"}[verb]
    return _VERBS[verb]()


def journalctl(arguments: list[str]) -> int:
    """Show what the service has logged."""
    if "mbmd" not in arguments:
        return _fail("it is asked of no unit")
    follow = ["--lines=+1", "--follow"] if "-f" in arguments else ["--lines=+1"]
    return subprocess.run(["tail", *follow, str(LOG)], check=False).returncode


def _start() -> int:
    if not UNIT.exists():
        return _fail("Unit mbmd.service not found.")
    if _pid():
        return 0
    command = shlex.split(_setting("ExecStart"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told, LOG.open("a") as log:
        told.settimeout(_READY)
        address = f"\0ready-{os.getpid()}"
        told.bind(address)
        folders = {"STATE_DIRECTORY": "/var/lib/mbmd", "RUNTIME_DIRECTORY": "/run/mbmd"}
        for folder in folders.values():
            Path(folder).mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, **folders, "NOTIFY_SOCKET": f"@{address[1:]}"}
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
        _PID.write_text(str(process.pid))
        return 0 if _is_ready(told) else _fail(f"it does not become ready: {LOG.read_text(encoding='utf-8')}")


def _is_ready(told: socket.socket) -> bool:
    with suppress(TimeoutError):
        while b"READY=1" not in told.recv(4096):
            pass
        return True
    return False


def _stop() -> int:
    if pid := _pid():
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + _READY
        while _pid() and time.monotonic() < end:
            time.sleep(0.01)
    return 0


def _restart() -> int:
    return _stop() or _start()


def _reload() -> int:
    pid = _pid()
    if not pid:
        return _fail("mbmd.service is not active, cannot reload.")
    return subprocess.run(shlex.split(_setting("ExecReload").replace("$MAINPID", str(pid))), check=False).returncode


def _show() -> int:
    pid = _pid()
    print(f"ActiveState={'active' if pid else 'inactive'}\nSubState={'running' if pid else 'dead'}\nMainPID={pid}")
    print(f"UnitFileState=enabled\nFragmentPath={UNIT}" if UNIT.exists() else "FragmentPath=")
    return 0


def _status() -> int:
    if not UNIT.exists():
        return 4
    return 0 if _pid() else 3


def _fine() -> int:
    return 0


def is_active() -> bool:
    """The service runs."""
    return _pid() != 0


def _pid() -> int:
    """The process of the service, 0 if it does not run."""
    with suppress(OSError, ValueError, IndexError):
        pid = int(_PID.read_text())
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
            return pid
    return 0


def _setting(name: str) -> str:
    lines = UNIT.read_text(encoding="utf-8").splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith(f"{name}="))


def _fail(text: str) -> int:
    print(text, file=sys.stderr)
    return 1


_VERBS: Mapping[str, Callable[[], int]] = MappingProxyType(
    {
        "start": _start,
        "stop": _stop,
        "restart": _restart,
        "reload": _reload,
        "show": _show,
        "status": _status,
        "is-active": _status,
        **dict.fromkeys(("enable", "disable", "daemon-reload", "reset-failed", "edit", "is-enabled", "cat"), _fine),
    }
)
