"""Where files are kept unless the user says."""

from collections.abc import Mapping
from pathlib import Path

SYSTEM_TABLES = Path("/etc/mbmd/devices")
SYSTEM_RUN_DIRECTORIES = (Path("/run/mbmd"), Path("/var/lib/mbmd"))
"""Where a service has its files that systemd runs with RuntimeDirectory=mbmd or StateDirectory=mbmd."""
_NAME = "learned.json"


def state_file(environment: Mapping[str, str], home: Path | None) -> Path | None:
    """The file for what was learned of devices; None where there is no place for it.

    It is in the first of systemd's $STATE_DIRECTORY (a list), $XDG_STATE_HOME/mbmd and ~/.local/state/mbmd.
    """
    systemd = environment.get("STATE_DIRECTORY", "").partition(":")[0]
    if systemd:
        return Path(systemd, _NAME)
    # The XDG Base Directory Specification has relative paths ignored.
    xdg = Path(environment.get("XDG_STATE_HOME", ""))
    if xdg.is_absolute():
        return xdg / "mbmd" / _NAME
    return home / ".local" / "state" / "mbmd" / _NAME if home else None


def run_directories(environment: Mapping[str, str], home: Path | None) -> tuple[Path, ...]:
    """The folders for what a running daemon says of itself, the first usable of which counts.

    They are systemd's $RUNTIME_DIRECTORY (a list), $XDG_RUNTIME_DIR/mbmd and the folder of the state file.
    """
    systemd = environment.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    xdg = Path(environment.get("XDG_RUNTIME_DIR", ""))
    state = state_file(environment, home)
    places = (Path(systemd) if systemd else None, xdg / "mbmd" if xdg.is_absolute() else None, state and state.parent)
    return tuple(place for place in places if place is not None)


def device_directories(environment: Mapping[str, str], home: Path | None) -> tuple[Path, ...]:
    """The folders for device tables of the user, the first of which wins: $XDG_CONFIG_HOME or ~/.config, /etc."""
    xdg = Path(environment.get("XDG_CONFIG_HOME", ""))
    own = xdg if xdg.is_absolute() else home and home / ".config"
    return (*((own / "mbmd" / "devices",) if own else ()), SYSTEM_TABLES)


def home_directory() -> Path | None:
    """The user's home; None for a user that the system does not know, as in a container."""
    try:
        return Path.home()
    except RuntimeError:
        return None
