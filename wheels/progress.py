"""What is told while it is done: a line each, with the seconds since the start."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_START = time.monotonic()


def say(text: str) -> None:
    """A line on stderr."""
    sys.stderr.write(f"{time.monotonic() - _START:6.1f} s  {text}\n")


@contextmanager
def step(text: str) -> Iterator[None]:
    """Tell when something begins, and how long it took when it is done."""
    say(text)
    start = time.monotonic()
    yield
    say(f"{text}: done in {time.monotonic() - start:.1f} s")
