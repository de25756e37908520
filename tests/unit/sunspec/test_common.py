"""What a SunSpec device says that it is."""

from hypothesis import given
from hypothesis import strategies as st

from mbmd.sunspec.common import Common, parse_common


def text(value: str, registers: int) -> bytes:
    return value.encode().ljust(2 * registers, b"\0")


def test_texts_are_trimmed() -> None:
    data = text("SMA ", 16) + text("STP 8.0", 16) + text("", 8) + text("1.2", 8) + text("  4711", 16) + b"\0\x7e\x80\0"
    assert parse_common(data) == Common("SMA", "STP 8.0", "", "1.2", "4711")


def test_registers_of_ones_are_no_text() -> None:
    data = b"ACME".ljust(32, b"\xff") + b"\xff" * 32 + b"\xff" * 16 + "1.2\u00ff\0".encode("latin-1") + b"\xff" * 11
    assert parse_common(data) == Common("ACME", "", "", "1.2", "")


@given(st.binary(max_size=140))
def test_whatever_comes_is_text_that_can_be_printed(data: bytes) -> None:
    common = parse_common(data)
    assert all(value.isprintable() for value in (common.manufacturer, common.model, common.serial))
