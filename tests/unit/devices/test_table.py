"""Device tables: what is good and what each mistake is answered with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.config.options import PollClass
from mbmd.devices import table
from mbmd.devices.registry import BUILT_IN
from mbmd.devices.schema import DeviceType, Register
from mbmd.errors import DeviceTableError

if TYPE_CHECKING:
    from mbmd.devices.table import Table

GOOD = """\
type = "TEST1"
description = "Test meter"
manufacturer = "Test works"
function = 4
probe = { measurement = "Voltage", address = 100, type = "uint16" }
registers = [
    { measurement = "VoltageL1", address = 0, type = "float32" },
    { measurement = "Power", address = 2, type = "int32_swapped", divisor = 10 },
    { measurement = "Import", address = 6, type = "uint64", function = 3, nan = "0xffffffffffffffff" },
]
"""


def base_of(name: str) -> Table:
    """Built-in tables, to extend."""
    path = BUILT_IN.path(name)
    return table.parse(path.read_text(encoding="utf-8"), path.name, base_of)


def parse(text: str, source: str) -> DeviceType:
    return table.parse(text, source, base_of).device


NAMES = "must be a letter, then letters, digits or _"
TEXT = "must be one line of text in quotes"
WHOLE = "must be a whole number from"
DIVISOR = "register 2 (Power): divisor must be a number other than 0"
BITS = 'register 3 (Import): nan must be the raw bits as text such as "0xffff"'
CLASS = 'class must be "fast", "slow" or "once"'
LIST = "registers must be a list with at least one register"
ROW = "must be a register such as { measurement = ..., address = ..., type = ... }"

BAD = [  # what stands in GOOD, what replaces it, the complaint
    (
        "function = 4\n",
        "funktion = 4\nfunction = 4\n",
        "unknown key 'funktion': did you mean 'function'? Else remove it",
    ),
    ("divisor = 10", "factor = 10, adress = 1", "register 2 (Power): unknown key 'adress': did you mean 'address'?"),
    ('"uint16"', '"uint16", maximum = 3', "probe: unknown key 'maximum': did you mean"),
    (
        '"VoltageL1"',
        '"VoltagL1"',
        "register 1: measurement must be a known measurement such as 'VoltageL1' (or define it), not 'VoltagL1'",
    ),
    ('"VoltageL1"', "1", "register 1: measurement must be the name of a measurement in quotes, not 1"),
    (
        '"Voltage"',
        '"Volt"',
        "probe: measurement must be a known measurement such as 'Voltage' (or define it), not 'Volt'",
    ),
    (
        '"float32"',
        '"float23"',
        "register 1 (VoltageL1): type must be a known register type such as 'float32', not 'float23'",
    ),
    ('"float32"', "32", "register 1 (VoltageL1): type must be the name of a register type in quotes, not 32"),
    ('"Power"', '"VoltageL1"', "register 2 (VoltageL1): measurement is already that of register 1: remove one of them"),
    ('"TEST1"', '"1 TEST"', f"type {NAMES}, not '1 TEST'"),
    ('"TEST1"', '"TEST1.2"', f"type {NAMES}, not 'TEST1.2'"),
    ('"TEST1"', "1", f"type {NAMES}, not 1"),
    ('"Test meter"', '" "', f"description {TEXT}, not ' '"),
    ('"Test meter"', r'"a\nb"', f"description {TEXT}, not 'a\\nb'"),
    ('"Test works"', "[]", f"manufacturer {TEXT}, not an empty list"),
    ("function = 4\n", "function = 4\nmanual = 2020-01-01\n", f"manual {TEXT}, not a date or time"),
    ("function = 4\n", "function = 5\n", f"function {WHOLE} 1 to 4, not 5"),
    ("function = 3", "function = 3.0", f"register 3 (Import): function {WHOLE} 1 to 4, not 3.0"),
    ("function = 4\n", "", "register 1 (VoltageL1): function is missing: add it here or at the top of the file"),
    ("address = 0", "address = -1", f"register 1 (VoltageL1): address {WHOLE} 0 to 65535, not -1"),
    ("address = 0", "address = true", f"register 1 (VoltageL1): address {WHOLE} 0 to 65535, not true"),
    ("address = 0", 'address = "0"', f"register 1 (VoltageL1): address {WHOLE} 0 to 65535, not '0'"),
    ("address = 0", "address = 0x" + "f" * 9999, f"{WHOLE} 0 to 65535, not a number of more than 64 bits"),
    ("address = 0,", "", "register 1 (VoltageL1): address is missing: add it here"),
    ("address = 0", "address = 65535", "register 1 (VoltageL1): address 65535 is too high for float32: correct one"),
    ("divisor = 10", "divisor = 0", f"{DIVISOR}, not 0"),
    ("divisor = 10", "divisor = nan", f"{DIVISOR}, not nan"),
    ("divisor = 10", "divisor = -inf", f"{DIVISOR}, not -inf"),
    ("divisor = 10", "divisor = false", f"{DIVISOR}, not false"),
    ("divisor = 10", "divisor = 1" + "0" * 999, f"{DIVISOR}, not a number of more than 64 bits"),
    ('nan = "0xffffffffffffffff"', "nan = 0xffff", f"{BITS}, not 65535"),
    ("0xffffffffffffffff", "0x1ffffffffffffffff", f"{BITS}, not '0x1ffffffffffffffff'"),
    (
        "divisor = 10",
        'nan = "0x1ffffffff"',
        "register 2 (Power): nan 0x1ffffffff is too wide for int32_swapped: correct one",
    ),
    ("function = 4\n", "function = 4\nmax_registers = 0\n", f"max_registers {WHOLE} 1 to 125, not 0"),
    ("function = 4\n", "function = 4\nmax_registers = 126\n", f"max_registers {WHOLE} 1 to 125, not 126"),
    (
        "function = 4\n",
        "function = 4\nmax_registers = 3\n",
        "max_registers must be at least 4, the size of the largest",
    ),
    ("function = 4\n", "function = 4\nholes = 0\n", "holes must be true or false, not 0"),
    ("function = 4\n", "function = 4\npause = -0.1\n", "pause must be seconds, 0 or more, not -0.1"),
    ("function = 4\n", 'function = 4\npause = "50ms"\n', "pause must be seconds, 0 or more, not '50ms'"),
    ("function = 4\n", "function = 4\npause = true\n", "pause must be seconds, 0 or more, not true"),
    ("function = 4\n", "function = 4\ntimeout = 0\n", "timeout must be seconds, more than 0, not 0"),
    ("function = 4\n", 'function = 4\ntimeout = "1s"\n', "timeout must be seconds, more than 0, not '1s'"),
    ("function = 4\n", "function = 4\nrating = inf\n", "rating must be kW, more than 0, not inf"),
    ("function = 4\n", "function = 4\nrating = -1\n", "rating must be kW, more than 0, not -1"),
    ("divisor = 10", 'class = "often"', f"register 2 (Power): {CLASS}, not 'often'"),
    ("divisor = 10", "class = 1", f"register 2 (Power): {CLASS}, not 1"),
    ("function = 4\n", 'function = 4\nclass = "Slow"\n', f"{CLASS}, not 'Slow'"),
    ("registers = [", "registers = []\nregister = [", f"{LIST}, not an empty list"),
    ("registers = [", "registers = 1\nregister = [", f"{LIST}, not 1"),
    ("registers = [", "register = [", "registers is missing: add it at the top of the file"),
    ("registers = [", "registers = [\n    7,", f"register 1: {ROW}, not 7"),
    ('type = "TEST1"', "", "type is missing: add it at the top of the file"),
    ("probe = {", "probe = 1\nother = {", f"probe {ROW}, not 1"),
    (
        '"VoltageL1", address',
        '"VoltageL1" address',
        "this is not TOML, correct it there: Unclosed inline table (at line 7,",
    ),
    ("function = 4\n", "function = 4\nfunction = 4\n", "this is not TOML, correct it there: Cannot overwrite a value"),
    ("function = 4\n", "function = \n", "this is not TOML, correct it there: Invalid value (at line 4,"),
    ("function = 4\n", "a = " + "[" * 9999, "tables or lists are nested too deeply: put registers in one list"),
    ("function = 4\n", "a." * 2000 + "a = 1\n", "unknown key 'a': did you mean"),
]


def complaints(text: str) -> list[str]:
    with pytest.raises(DeviceTableError) as caught:
        parse(text, "test.toml")
    return str(caught.value).split("\n")


def test_a_good_table_is_read() -> None:
    assert parse(GOOD, "test.toml") == DeviceType(
        type="TEST1",
        description="Test meter",
        manufacturer="Test works",
        manual=None,
        registers=(
            Register("VoltageL1", 4, 0, "float32"),
            Register("Power", 4, 2, "int32_swapped", divisor=10.0),
            Register("Import", 3, 6, "uint64", nan=0xFFFF_FFFF_FFFF_FFFF),
        ),
        probe=Register("Voltage", 4, 100, "uint16"),
        max_registers=125,
        holes=True,
        pause=0.0,
    )


def test_the_optional_keys_are_read() -> None:
    head = 'manual = "The book"\nmax_registers = 4\nholes = false\npause = 1\n'
    device = parse(head + GOOD.replace("probe", "#"), "test.toml")
    assert (device.manual, device.max_registers, device.holes, device.pause) == ("The book", 4, False, 1.0)
    assert device.probe is None
    assert (device.timeout, device.rating) == (None, None)
    device = parse("timeout = 1.5\nrating = 70\n" + GOOD, "test.toml")
    assert (device.timeout, device.rating) == (1.5, 70.0)


def test_registers_have_a_class() -> None:
    slow = GOOD.replace("divisor = 10", 'class = "slow"')
    assert [register.poll for register in parse(slow, "test.toml").registers] == ["fast", "slow", "fast"]
    once = slow.replace("function = 4", 'function = 4\nclass = "once"')
    polls = [register.poll for register in parse(once, "test.toml").registers]
    assert polls == ["once", "slow", "once"]
    assert all(isinstance(poll, PollClass) for poll in polls)


def test_registers_may_be_toml_tables() -> None:
    head, _, _ = GOOD.partition("registers")
    device = parse(head + '[[registers]]\nmeasurement = "Power"\naddress = 65535\ntype = "int16"\n', "test.toml")
    assert device.registers == (Register("Power", 4, 65535, "int16"),)


@pytest.mark.parametrize(("old", "new", "complaint"), BAD, ids=[f"{number}" for number, _ in enumerate(BAD)])
def test_a_mistake_is_named(old: str, new: str, complaint: str) -> None:
    assert old in GOOD
    lines = complaints(GOOD.replace(old, new, 1))
    assert all(line.startswith("test.toml: ") for line in lines)
    assert any(complaint in line for line in lines), "\n".join(lines)


def test_all_mistakes_are_told_at_once() -> None:
    text = GOOD.replace("function = 4", "function = 9").replace("= 0,", "= -1,").replace('"Power"', '"Powr"')
    assert complaints(text) == [
        "test.toml: function must be a whole number from 1 to 4, not 9",
        "test.toml: register 1 (VoltageL1): address must be a whole number from 0 to 65535, not -1",
        "test.toml: register 2: measurement must be a known measurement such as 'Power' (or define it), not 'Powr'",
    ]


def test_a_mistake_is_told_once() -> None:
    assert len(complaints(GOOD.replace("function = 4", 'function = "four"'))) == 1
    assert len(complaints(GOOD.replace("function = 4", 'function = 4\nclass = "four"'))) == 1


def survives(text: str) -> None:
    """Anything is read, or refused with lines that a person can read."""
    try:
        parse(text, "test.toml")
    except DeviceTableError as error:
        lines = str(error).split("\n")
        assert all(line.startswith("test.toml: ") and len(line) < 500 for line in lines), lines


@given(st.text())
def test_any_text_is_survived(text: str) -> None:
    survives(text)


VALUES = ["true", "-1", "65536", "1e999", "nan", "-inf", "[]", "[[]]", "{}", '""', '"x"', "12:00:00", "0x" + "f" * 5000]
CUTS = st.integers(0, len(GOOD))


@given(CUTS, CUTS, st.text(max_size=10) | st.sampled_from(VALUES))
def test_any_cut_is_survived(start: int, end: int, insert: str) -> None:
    survives(GOOD[:start] + insert + GOOD[end:])


@given(st.dictionaries(st.integers(0, 19), st.sampled_from(VALUES), min_size=1, max_size=4))
def test_any_value_is_survived(values: dict[int, str]) -> None:
    head, *tails = GOOD.split(" = ")
    rest = [tail.partition("," if "," in tail else "\n") for tail in tails]
    changed = (values.get(i, value) + comma + end for i, (value, comma, end) in enumerate(rest))
    survives(" = ".join((head, *changed)))
