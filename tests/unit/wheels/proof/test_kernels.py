"""What judges installed kernels: it finds nothing wrong with good ones, and a planted difference in each."""

import sys
from collections.abc import Callable
from pathlib import Path
from pkgutil import iter_modules
from time import monotonic
from typing import Any

import pytest

from mbmd import _native
from tests import reference
from wheels.proof.inside import wire
from wheels.proof.inside.judge import MismatchError, must_be_near, must_equal_bits
from wheels.proof.inside.kernels import CHECKS, check_module, main, must_be_installed

NAN = float("nan")


@pytest.mark.parametrize("name", CHECKS)
def test_good_kernels_are_as_the_oracle_has_them(name: str) -> None:
    assert check_module(name, 1) == sum(times for _, times in CHECKS[name])


def test_every_native_module_is_checked() -> None:
    assert {module.name for module in iter_modules(_native.__path__)} == set(CHECKS)


def other(function: Callable[..., Any], change: Callable[[Any], Any]) -> Callable[..., Any]:
    """A function whose results are not those of another."""
    return lambda *args: change(function(*args))


@pytest.mark.parametrize(
    ("module", "place", "name", "change"),
    [
        ("counters", reference.Counter, "look", lambda looked: (looked[0], looked[1] or "held back")),
        ("counters", reference.Counter, "reaches", lambda reaches: not reaches),
        ("crc", reference, "crc16", lambda crc: crc ^ 1),
        ("decode", reference, "decode", lambda value: value + 1),
        ("exchange", reference, "decode", lambda value: value + 1),
        ("framing", reference, "rtu_frame", lambda frame: frame[:-1]),
        ("framing", reference, "lrc", lambda lrc: lrc ^ 0x80),
        ("framing", reference, "mbap_frame", lambda frame: b"\1" + frame[1:]),
        ("query", reference, "rtu_frame", lambda frame: frame[:-1]),
        ("window", reference.Minute, "mean", lambda means: [mean + 1 for mean in means]),
    ],
)
def test_a_planted_difference_is_found(
    module: str, place: Any, name: str, change: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, name, other(getattr(place, name), change))
    with pytest.raises(MismatchError, match=f"^{module} check_"):
        check_module(module, 1)


def test_an_alarm_that_is_early_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    behind = iter(range(100))
    monkeypatch.setattr(wire, "monotonic", lambda: monotonic() - next(behind))
    with pytest.raises(MismatchError, match="early"):
        check_module("timer", 1)


def test_the_checkouts_own_kernels_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["kernels"])
    with pytest.raises(MismatchError, match="not the installed one"):
        must_be_installed()
    assert main() == 1
    assert "not the installed one" in capsys.readouterr().err


def test_numbers_are_compared_bit_for_bit() -> None:
    must_equal_bits([1.0, NAN], [1.0, -NAN], "same")
    for wrong in ([1.0], [1.0, 0.0], [-1.0, NAN]):
        with pytest.raises(MismatchError, match=r"^what"):
            must_equal_bits(wrong, [1.0, NAN], "what")
    with pytest.raises(MismatchError):
        must_equal_bits([0.0], [-0.0], "zeros")


def test_sums_may_differ_in_their_last_digits() -> None:
    must_be_near([1e12, NAN], [1e12 + 0.1, NAN], "near")
    with pytest.raises(MismatchError, match=r"^what"):
        must_be_near([1.0], [1.1], "what")
