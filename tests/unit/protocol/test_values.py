"""Values of registers and bits: beside a slow reading of the same cells, there and back, and what is refused."""

import math
import struct
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mbmd.errors import UsageError
from mbmd.protocol.values import ENCODINGS, Encoding, Value, find_encoding

WORDS = st.integers(0, 0xFFFF)
INTEGERS = {
    name: (int(name.strip("uints")), name.startswith("u"), name.endswith("s"))
    for name in ENCODINGS
    if "int" in name and name[-2:].strip("s").isdigit()
}
FLOATS = {"float32": 32, "float32s": 32, "float64": 64, "float64s": 64}


def as_bits(cells: list[int], swapped: bool) -> str:
    """All bits, the highest first."""
    return "".join(f"{cell:016b}" for cell in (reversed(cells) if swapped else cells))


def slow_integer(cells: list[int], unsigned: bool, swapped: bool) -> int:
    """By the weight of each bit; that of the highest is negative where there is a sign."""
    bits = as_bits(cells, swapped)
    first, rest = bits[0], bits[1:]
    highest = int(first) << len(rest)
    return (highest if unsigned else -highest) + sum(int(bit) << at for at, bit in enumerate(reversed(rest)))


def slow_float(cells: list[int], swapped: bool) -> Fraction | str:
    """IEEE 754 by its parts: sign, exponent, and the fraction behind a 1 that is not written unless all is small."""
    bits = as_bits(cells, swapped)
    width = {32: 8, 64: 11}[len(bits)]
    sign, exponent, fraction = bits[0], int(bits[1 : 1 + width], 2), bits[1 + width :]
    bias = 2 ** (width - 1) - 1
    if exponent == 2**width - 1:
        return "nan" if "1" in fraction else "-inf" if sign == "1" else "inf"
    hidden = Fraction(exponent > 0)
    scale = Fraction(2 ** max(exponent, 1), 2**bias)
    size = (hidden + Fraction(int(fraction, 2), 2 ** len(fraction))) * scale
    return -size if sign == "1" else size


def cells_of(encoding: Encoding) -> st.SearchStrategy[list[int]]:
    return st.lists(WORDS, min_size=encoding.length, max_size=encoding.length)


def test_the_names() -> None:
    assert set(INTEGERS) == {
        "int16", "uint16", "int32", "uint32", "int64", "uint64", "int32s", "uint32s", "int64s", "uint64s",
    }  # fmt: skip
    sized = {"int", "uint", "float", "ints", "uints", "floats"}
    assert set(ENCODINGS) == {*INTEGERS, *FLOATS, *sized, "bit", "hex", "string", "strings"}
    assert len(ENCODINGS) == len(set(ENCODINGS))


@pytest.mark.parametrize("name", INTEGERS)
@given(data=st.data())
def test_integers_are_what_their_bits_say(name: str, data: st.DataObject) -> None:
    size, unsigned, swapped = INTEGERS[name]
    encoding = find_encoding(name, None)
    assert encoding.length == size // 16
    cells = data.draw(cells_of(encoding))
    value = encoding.decode(cells)
    assert value == slow_integer(cells, unsigned, swapped)
    assert encoding.encode(str(value)) == cells


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_to_their_very_ends(name: str) -> None:
    size, unsigned, _ = INTEGERS[name]
    low, high = (0, 2**size - 1) if unsigned else (-(2 ** (size - 1)), 2 ** (size - 1) - 1)
    encoding = find_encoding(name, size // 16)
    for number in (low, high, 0, 1, low + 1):
        assert encoding.decode(encoding.encode(str(number))) == number
        assert encoding.decode(encoding.encode(f"{'-' if number < 0 else ''}0x{abs(number):X}")) == number
    for number in (low - 1, high + 1, 10**300):
        with pytest.raises(UsageError, match=f"does not fit {name}, which goes from {low} to {high}$"):
            encoding.encode(str(number))


@pytest.mark.parametrize("name", FLOATS)
@given(data=st.data())
def test_floats_are_what_their_bits_say(name: str, data: st.DataObject) -> None:
    encoding = find_encoding(name, None)
    assert encoding.length == FLOATS[name] // 16
    cells = data.draw(cells_of(encoding))
    value, true = encoding.decode(cells), slow_float(cells, name.endswith("s"))
    if isinstance(true, str):
        assert str(value) == true
        assert str(encoding.decode(encoding.encode(str(value)))) == true
    elif FLOATS[name] == 64:
        assert Fraction(value) == true
    if true != "nan":
        assert encoding.encode(str(value)) == cells


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
@example(3.4028234663852886e38)
@example(1.401298464324817e-45)
@example(-0.0)
def test_a_float32_is_shown_by_the_fewest_digits_that_mean_it(number: float) -> None:
    encoding = find_encoding("float32", None)
    cells = list(struct.unpack(">HH", struct.pack(">f", number)))
    value = encoding.decode(cells)
    assert isinstance(value, float)
    assert struct.pack(">f", value) == struct.pack(">f", number)
    digits = len(f"{value!r}".partition("e")[0].replace("-", "").replace(".", "").strip("0"))
    assert digits <= 9
    if digits > 1:
        shorter = float(f"{number:.{digits - 1}g}")
        assert abs(shorter) > 3.4e38 or struct.pack(">f", shorter) != struct.pack(">f", number)


@pytest.mark.parametrize(
    ("name", "text", "cells"),
    [
        ("float32", "230.1", [0x4366, 0x199A]),
        ("float32s", "230.1", [0x199A, 0x4366]),
        ("float32", "nan", [0x7FC0, 0]),
        ("float32", "-INF", [0xFF80, 0]),
        ("float32", "+infinity", [0x7F80, 0]),
        ("float64", "-1e3", [0xC08F, 0x4000, 0, 0]),
        ("float64s", "-.5", [0, 0, 0, 0xBFE0]),
        ("float32", "5.", [0x40A0, 0]),
        ("int16", "-0x10", [0xFFF0]),
        ("int32", "+007", [0, 7]),
        ("int32s", "-2", [0xFFFE, 0xFFFF]),
        ("uint32s", "0x12345678", [0x5678, 0x1234]),
        ("uint64", "18446744073709551615", [0xFFFF] * 4),
        ("int64s", "0x0001000200030004", [4, 3, 2, 1]),
    ],
)
def test_numbers_as_people_write_them(name: str, text: str, cells: list[int]) -> None:
    assert find_encoding(name, None).encode(text) == cells


@pytest.mark.parametrize(
    ("name", "length", "means"),
    [
        ("int", 1, "int16"),
        ("int", 2, "int32"),
        ("int", 4, "int64"),
        ("uint", 1, "uint16"),
        ("uint", 2, "uint32"),
        ("uint", 4, "uint64"),
        ("float", 2, "float32"),
        ("float", 4, "float64"),
        ("ints", 2, "int32s"),
        ("uints", 4, "uint64s"),
        ("floats", 2, "float32s"),
        ("floats", 4, "float64s"),
        ("int32s", 2, "int32s"),
    ],
)
def test_the_length_tells_the_size(name: str, length: int, means: str) -> None:
    encoding = find_encoding(name, length)
    assert (encoding.name, encoding.length) == (means, length)


@given(st.lists(WORDS, min_size=1, max_size=10))
def test_hex_and_register_bits_there_and_back(cells: list[int]) -> None:
    in_hex, bits = find_encoding("hex", len(cells)), find_encoding("bit", len(cells))
    value = in_hex.decode(cells)
    assert value == "0x" + "".join(f"{cell:04x}" for cell in cells)
    assert in_hex.encode(str(value)) == in_hex.encode(str(value)[2:].upper()) == cells
    assert in_hex.encode(" ".join(f"{cell:04x}" for cell in cells)) == cells
    digits = bits.decode(cells)
    assert str(digits).split() == [as_bits([cell], False) for cell in cells]
    assert bits.encode(str(digits)) == cells


@given(st.lists(st.integers(0, 1), min_size=1, max_size=40))
def test_bits_there_and_back(cells: list[int]) -> None:
    encoding = find_encoding("bit", len(cells), is_bits=True)
    assert encoding.decode(cells) == "".join(map(str, cells))
    assert encoding.encode(str(encoding.decode(cells))) == cells


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20), st.booleans())
def test_strings_there_and_back(text: str, swapped: bool) -> None:
    encoding = find_encoding("strings" if swapped else "string", 10)
    cells = encoding.encode(text)
    sent = b"".join(cell.to_bytes(2, "little" if swapped else "big") for cell in cells)
    assert sent == text.encode() + bytes(20 - len(text))
    assert encoding.decode(cells) == text.rstrip(" ")


@given(st.lists(WORDS, min_size=1, max_size=10), st.sampled_from(["string", "strings"]))
def test_any_registers_are_a_string_that_harms_no_terminal(cells: list[int], name: str) -> None:
    value = find_encoding(name, len(cells)).decode(cells)
    assert isinstance(value, str)
    assert value.isascii()
    assert value.isprintable()


def test_what_is_no_text_in_a_string_is_shown_by_its_code() -> None:
    assert find_encoding("string", 4).decode([0x411B, 0x0042, 0xE420, 0]) == "A\\x1b\\x00B\\xe4"


@given(st.sampled_from(ENCODINGS), st.integers(1, 8), st.booleans(), st.text(max_size=20))
def test_any_text_is_cells_or_one_line_that_says_why_not(name: str, length: int, is_bits: bool, text: str) -> None:
    refusal, cells = "", [0] * length
    try:
        cells = find_encoding(name, length, is_bits).encode(text)
    except UsageError as error:
        refusal = str(error)
    assert refusal.isprintable()
    assert len(cells) == length
    assert all(0 <= cell <= (1 if is_bits else 0xFFFF) for cell in cells)


REFUSED_VALUES = [
    ("int16", 1, "", "'' is not a whole number, as in 42, -123 or 0x2a: int16 needs one"),
    ("int16", 1, "1.0", "'1.0' is not a whole number, as in 42, -123 or 0x2a: int16 needs one"),
    ("int16", 1, "1e3", "'1e3' is not a whole number, as in 42, -123 or 0x2a: int16 needs one"),
    ("int16", 1, "1_000", "'1_000' is not a whole number, as in 42, -123 or 0x2a: int16 needs one"),
    ("int16", 1, "\u0663", "'\u0663' is not a whole number, as in 42, -123 or 0x2a: int16 needs one"),
    ("int16", 1, "0x", "'0x' is not a whole number, as in 42, -123 or 0x2a: int16 needs one"),
    ("int16", 1, " 1", "' 1' is not a whole number, as in 42, -123 or 0x2a: int16 needs one"),
    ("int16", 1, "--1", "'--1' is not a whole number, as in 42, -123 or 0x2a: int16 needs one"),
    ("int16", 1, "32768", "'32768' does not fit int16, which goes from -32768 to 32767"),
    ("uint16", 1, "-1", "'-1' does not fit uint16, which goes from 0 to 65535"),
    ("float32", 2, "1,5", "'1,5' is not a number, as in 42, -1.5, 1e3 or nan: float32 needs one"),
    ("float32", 2, "", "'' is not a number, as in 42, -1.5, 1e3 or nan: float32 needs one"),
    ("float32", 2, "infinite", "'infinite' is not a number, as in 42, -1.5, 1e3 or nan: float32 needs one"),
    ("float32", 2, "1e39", "'1e39' is too large for float32"),
    ("float32", 2, "-3.5e38", "'-3.5e38' is too large for float32"),
    ("float64", 4, "1e400", "'1e400' is too large for float64"),
    ("float32", 2, "1e-50", "'1e-50' is too small for float32: it would be 0"),
    ("float64", 4, "-1e-400", "'-1e-400' is too small for float64: it would be 0"),
    ("hex", 2, "dead", "'dead' has 4 hex digits, not the 8 of 2 registers"),
    ("hex", 1, "0xdeadb", "'0xdeadb' has 5 hex digits, not the 4 of 1 register"),
    ("hex", 1, "xyz", "'xyz' is not hex, as in 0xdeadbeef or 'dead beef'"),
    ("hex", 1, "", "'' is not hex, as in 0xdeadbeef or 'dead beef'"),
    ("hex", 1, "-0x12", "'-0x12' is not hex, as in 0xdeadbeef or 'dead beef'"),
    ("string", 1, "abc", "'abc' has 3 characters, not the 2 of 1 register or fewer"),
    ("string", 2, "\u00e4", "'\u00e4' is not plain ASCII text: hex writes any bytes"),
    ("strings", 2, "a\n", "'a\\n' is not plain ASCII text: hex writes any bytes"),
    ("bit", 1, "101", "'101' has 3 bits: write all 16 of 1 register"),
    ("bit", 1, "0x5", "'0x5' is not made of bits: write each as 0 or 1"),
    ("int16", 1, "9" * 5000, f"'{'9' * 40}...' is not a whole number, as in 42, -123 or 0x2a: int16 needs one"),
]


@pytest.mark.parametrize(("name", "length", "text", "message"), REFUSED_VALUES)
def test_values_that_do_not_fit(name: str, length: int, text: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        find_encoding(name, length).encode(text)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2", "'2' is not made of bits: write each as 0 or 1"),
        ("", "'' is not made of bits: write each as 0 or 1"),
        ("10", "'10' has 2 bits: write all 4"),
        ("\u0661\u0660\u0661\u0660", "'\u0661\u0660\u0661\u0660' is not made of bits: write each as 0 or 1"),
    ],
)
def test_bits_that_do_not_fit(text: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        find_encoding("bit", 4, is_bits=True).encode(text)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("name", "length", "is_bits", "message"),
    [
        ("flaot", 2, False, "encoding 'flaot' is unknown: did you mean float?"),
        ("int16s", 1, False, "encoding 'int16s' is unknown: did you mean int16?"),
        ("int", None, False, "int takes its size from LENGTH: give 1, 2 or 4, or say -e int16, int32 or int64"),
        ("floats", None, False, "floats takes its size from LENGTH: give 2 or 4, or say -e float32s or float64s"),
        ("int", 3, False, "int takes 1, 2 or 4 registers, not 3: read several values with --count"),
        ("uints", 1, False, "uints takes 2 or 4 registers, not 1: read several values with --count"),
        ("float", 1, False, "float takes 2 or 4 registers, not 1: read several values with --count"),
        (
            "uint32",
            4,
            False,
            "uint32 takes 2 registers, not 4: leave LENGTH out, read several values with --count",
        ),
        ("int16", 2, False, "int16 takes 1 register, not 2: leave LENGTH out, read several values with --count"),
        ("hex", None, False, "hex needs a LENGTH in registers"),
        ("strings", None, False, "strings needs a LENGTH in registers"),
        ("int", 1, True, "coils and discrete inputs are bits, not int: leave -e out, or say -e bit"),
    ],
)
def test_encodings_that_do_not_fit(name: str, length: int | None, is_bits: bool, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        find_encoding(name, length, is_bits)
    assert str(raised.value) == message


def test_bits_without_a_length_are_one_bit_or_one_register() -> None:
    coil, register = find_encoding("bit", None, is_bits=True), find_encoding("bit", None)
    assert (coil.length, register.length) == (1, 1)
    decoded: list[Value] = [coil.decode([1]), register.decode([5])]
    assert decoded == ["1", "0000000000000101"]


def test_a_nan_of_any_payload_is_nan() -> None:
    assert math.isnan(float(find_encoding("float32", None).decode([0x7F80, 1])))
