"""A pseudo terminal with a lasting name: the end of a serial line that a client opens."""

import os
import tty
from pathlib import Path

from mbmd.errors import UsageError

_PTYS = "/dev/pts/"


class PseudoTerminal:
    """A raw pty; `link` is a symlink to it as long as it is open.

    A link that a former run left behind is replaced, anything else is not: UsageError.
    """

    def __init__(self, link: str | None = None) -> None:
        self.master, self._slave = os.openpty()
        # Our own open slave keeps the master readable while no client has the line open.
        tty.setraw(self._slave)
        os.set_blocking(self.master, False)
        self.name = os.ttyname(self._slave)
        self._link = Path(link) if link is not None else None
        if self._link is not None:
            try:
                _make_link(self._link, self.name)
            except UsageError:
                self._close_files()
                raise

    def close(self) -> None:
        """Close it and remove the link, unless that leads elsewhere by now."""
        if self._link is not None and self._link.is_symlink() and str(self._link.readlink()) == self.name:
            self._link.unlink()
        self._close_files()

    def _close_files(self) -> None:
        os.close(self.master)
        os.close(self._slave)


def _make_link(link: Path, target: str) -> None:
    try:
        if link.is_symlink() and (not link.exists() or str(link.readlink()).startswith(_PTYS)):
            link.unlink()
        link.symlink_to(target)
    except FileExistsError:
        raise UsageError(f"cannot make a serial line at {link}: it exists and is no link to a pty") from None
    except OSError as error:
        raise UsageError(f"cannot make a serial line at {link}: {error.strerror}") from None
