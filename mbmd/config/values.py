"""Small texts of the command line and the configuration file: durations, addresses, near misses."""

import difflib
import re
from collections.abc import Iterable
from decimal import Decimal

from mbmd.errors import UsageError

# The micro sign and the Greek letter look alike: people type either.
_UNITS = {"ns": 1e-9, "us": 1e-6, "\u00b5s": 1e-6, "\u03bcs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
DURATION_PART = r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)"
"""Regular expression of a number with its unit."""
_PART = re.compile(DURATION_PART)
_DURATION = re.compile(f"({DURATION_PART})+")
_LONGEST = 2**63 / 1e9
"""Seconds; longer ones are refused by Go, and by event loops."""


def parse_duration(text: str) -> float:
    """Seconds of a duration such as `300ms`, `1s` or `1m30s`; `0` alone needs no unit."""
    if text == "0":
        return 0.0
    if not _DURATION.fullmatch(text):
        raise UsageError(f"{text!r} is not a duration: write it as 300ms, 1s or 1m30s")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if seconds >= _LONGEST:
        raise UsageError(f"duration {text!r} is longer than 292 years")
    return seconds


def format_duration(seconds: float) -> str:
    """A text such as `10ms`, `1.5s` or `0` that `parse_duration` reads as exactly these seconds."""
    if not seconds:
        return "0"
    millis = f"{round(seconds * 1000)}ms"
    # Of fractions of a millisecond, and where the product is a bit off, only the seconds are exact.
    return millis if seconds < 1 and parse_duration(millis) == seconds else f"{format_number(seconds)}s"


def format_number(number: float) -> str:
    """The shortest decimal digits that `float` reads as exactly this number, never with an exponent."""
    return f"{Decimal(repr(number)):f}".removesuffix(".0")


def split_host_port(text: str) -> tuple[str, int] | None:
    """Host and port of `host:port` or `[ipv6]:port`; None when the text does not end in a port.

    The host may be empty (`:8080`: all interfaces). Raises UsageError for a port beyond 65535
    or an IPv6 address without brackets.
    """
    host, colon, digits = text.rpartition(":")
    if not colon or not digits.isascii() or not digits.isdigit():
        return None
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise UsageError(f"{text!r}: write an IPv6 address in brackets, as in [::1]:502")
    port = small_number(digits)
    if not 0 < port < 65536:
        raise UsageError(f"{text!r}: a port is a number from 1 to 65535")
    return host, port


def small_number(digits: str) -> int:
    """The number that digits say, or one beyond every bound: `int` refuses more than 4300 of them."""
    return int(digits) if len(digits) < 10 else 10**9


def join_host_port(host: str, port: int) -> str:
    """`host:port`, an IPv6 host in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`: did you mean X?` when a known word is near, else the list of all."""
    known = sorted(known)
    near = difflib.get_close_matches(word, known, n=1)
    return f": did you mean {near[0]}?" if near else f": it is one of {', '.join(known)}"
