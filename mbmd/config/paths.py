"""Where files are kept unless the user says."""

from collections.abc import Mapping
from pathlib import Path

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
