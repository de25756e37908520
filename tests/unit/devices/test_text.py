"""Text in registers, which may be anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.devices.text import decode_text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"SDM630\0\0", "SDM630"),
        (b"  SDM 630  ", "SDM 630"),
        (b"\0 \0A\0 \0", "A"),
        ("Zähler".encode(), "Zähler"),
        ("Zähler".encode("latin-1"), "Zähler"),
        (b"A\0B\nC\x1b[31m", "ABC[31m"),
        (b"\xff\xfe\x80", "ÿþ"),
        (b"\0" * 8, ""),
        (b"\x01\x02", ""),
        (b" \x01 ", ""),
        (b"", ""),
    ],
)
def test_padding_and_what_cannot_be_printed_are_left_out(data: bytes, text: str) -> None:
    assert decode_text(data) == text


def test_the_bytes_of_each_register_may_be_swapped() -> None:
    assert decode_text(b"BADC\0E", swapped=True) == "ABCDE"
    assert decode_text(b"\0E", swapped=True) == "E"


@given(st.binary(max_size=250), st.booleans())
def test_any_bytes_are_a_line_of_text(data: bytes, swapped: bool) -> None:
    text = decode_text(data, swapped)
    assert text.isprintable()
    assert text == text.strip()
