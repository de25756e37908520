"""What other users see of this process in `ps` and `/proc`: no secrets."""

from __future__ import annotations

import os
import sys

from mbmd.cli.secret_words import spans

# Known to type checkers as that of typing, whose import would be an eighth of what `mbmd --help` takes.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ARG_START = 48
"""Place of arg_start among the fields of /proc/PID/stat, counted from 1, see proc(5); arg_end is the next."""
_STATE = 3
"""Place of the first field behind the name of the program, which may have spaces and brackets."""


def hide_secrets(words: Sequence[str]) -> None:
    """Overwrite the secrets among the last words that this process was started with.

    Says on standard error where that does not work.
    """
    found = [span for span in spans(words) if span[1] < span[2]]
    if not found:
        return
    before = _joined(map(os.fsencode, words))
    try:
        _overwrite(before, _joined(_masked(words, found)))
        hidden = not _read("cmdline").endswith(before)
    except (OSError, ValueError, IndexError):
        hidden = False
    if not hidden:
        print(
            "mbmd: warning: the password is there for all to see in the list of processes: give it by the "
            "configuration file, or by a variable such as MBMD_MQTT_PASSWORD",
            file=sys.stderr,
        )


def _masked(words: Sequence[str], found: Sequence[tuple[int, int, int]]) -> list[bytes]:
    masked = [os.fsencode(word) for word in words]
    for number, start, end in found:
        first, last = (len(os.fsencode(words[number][:place])) for place in (start, end))
        masked[number] = masked[number][:first] + b"*" * (last - first) + masked[number][last:]
    return masked


def _overwrite(before: bytes, after: bytes) -> None:
    """Put `after` where the memory of the arguments ends in `before`, which is as long."""
    import ctypes

    fields = _read("stat").rpartition(b")")[2].split()
    start, end = map(int, fields[_ARG_START - _STATE :][:2])
    if start and ctypes.string_at(start, end - start).endswith(before):
        ctypes.memmove(end - len(before), after, len(after))


def _joined(words: Iterable[bytes]) -> bytes:
    return b"".join(word + b"\0" for word in words)


def _read(name: str) -> bytes:
    with open(f"/proc/self/{name}", "rb") as file:  # noqa: PTH123 - pathlib is slow to import
        return file.read()
