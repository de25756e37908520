"""How the service is, as systemd tells it."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mbmd.service import layout
from mbmd.service.layout import UNIT

_ASKED = (
    "ActiveState",
    "SubState",
    "Result",
    "UnitFileState",
    "FragmentPath",
    "ActiveEnterTimestamp",
    "MainPID",
    "MemoryCurrent",
    "NRestarts",
)


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of the service; texts are empty and numbers None where nothing is.

    `unit` is the file of its unit, None if it is not installed. `state` is as systemctl has it: active, activating,
    reloading, inactive or failed, and `detail` says more, such as running or exit-code. `pid` is its process, `memory`
    bytes, `restarts` how often it was started anew by itself.
    """

    unit: Path | None
    state: str = "inactive"
    detail: str = ""
    enabled: str = ""
    since: str = ""
    pid: int | None = None
    memory: int | None = None
    restarts: int | None = None

    @property
    def is_active(self) -> bool:
        """It runs."""
        return self.state in ("active", "reloading")


def status() -> Status:
    """How the service is; where no systemd runs it is known by its files alone."""
    there = unit_file()
    shown = _show()
    if shown is None:
        return Status(there, detail="systemd does not run here")
    return parse(shown, there)


def unit_file() -> Path | None:
    """The unit that is installed, that of the administrator before that of a package."""
    return next((path for path in (layout.UNIT_FILE, *layout.PACKAGED) if path.exists()), None)


def parse(shown: Mapping[str, str], there: Path | None) -> Status:
    """The status out of the properties that systemctl shows; `there` is the unit that is on the disk."""
    state, result = shown.get("ActiveState", "inactive"), shown.get("Result", "")
    path = shown.get("FragmentPath")
    return Status(
        Path(path) if path else there,
        state=state,
        detail=result if state == "failed" else shown.get("SubState", ""),
        enabled=shown.get("UnitFileState", ""),
        since=shown.get("ActiveEnterTimestamp", "") if state in ("active", "reloading") else "",
        pid=_number(shown.get("MainPID")) or None,
        memory=_number(shown.get("MemoryCurrent")),
        restarts=_number(shown.get("NRestarts")),
    )


def _number(text: str | None) -> int | None:
    """A count; [not set] is none, and neither is the largest that there is, which older systemd says for that."""
    return int(text) if text and text.isdecimal() and int(text) < (1 << 64) - 1 else None


def _show() -> dict[str, str] | None:
    """The properties of the unit; None where systemctl tells nothing."""
    command = ["systemctl", "show", UNIT, f"--property={','.join(_ASKED)}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line) if not done.returncode else None
