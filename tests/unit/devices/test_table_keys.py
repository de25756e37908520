"""Device tables of users: own measurements, coils, texts, bit fields, offsets, scales, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mbmd.config.options import PollClass
from mbmd.devices.registry import BUILT_IN
from mbmd.devices.schema import DeviceType, Register, Scale
from mbmd.devices.table import Table, parse
from mbmd.errors import DeviceTableError
from mbmd.measurements import CATALOGUE, Kind, Measurement

HEAT_PUMP = (Path(__file__).parents[2] / "cases" / "devices" / "heatpump.toml").read_text(encoding="utf-8")


def base_of(name: str) -> Table:
    path = BUILT_IN.path(name)
    return parse(path.read_text(encoding="utf-8"), path.name, base_of)


def read(text: str) -> DeviceType:
    return parse(text, "test.toml", base_of).device


def complaints(text: str) -> list[str]:
    with pytest.raises(DeviceTableError) as caught:
        read(text)
    return str(caught.value).split("\n")


def test_all_that_a_table_can_say() -> None:
    device = read(HEAT_PUMP)
    assert device.registers == (
        Register("Power", 3, 100, "int16", scale=Scale(120)),
        Register("Current", 3, 101, "uint16", nan=0xFFFF, scale=Scale(121, nan=0x8000)),
        Register("Heat", 3, 102, "uint32_swapped", scale=Scale(120)),
        Register("Cosphi", 3, 104, "int16", scale=Scale(122, nan=0x8000)),
        Register("Mode", 3, 110, "uint16", bits=(0, 3)),
        Register("Defrost", 3, 110, "uint16", bits=(3, 1)),
        Register("Stage", 3, 110, "uint16", bits=(8, 8)),
        Register("Outside", 3, 111, "uint16", divisor=10.0, offset=-50.0),
        Register("Model", 3, 200, "string", length=8, poll=PollClass.ONCE),
        Register("Firmware", 3, 208, "string_swapped", length=4, poll=PollClass.SLOW),
        Register("Pump", 1, 3, "bit"),
        Register("Heater", 1, 12, "bit"),
        Register("Alarm", 2, 0, "bit"),
        Register("Voltage", 4, 0, "uint16", divisor=10.0),
    )
    assert device.measurements["Heat"] == Measurement("Heat", "Heat delivered", "kWh", Kind.COUNTER)
    assert device.measurements["Alarm"] == Measurement("Alarm", "Alarm", "", Kind.INSTANT)
    assert device.measurements["Model"] == Measurement("Model", "Model", "", Kind.TEXT)
    assert device.measurements["Power"] is CATALOGUE["Power"]
    assert list(device.measurements) == [register.measurement for register in device.registers]


def test_the_class_at_the_top_counts_for_texts_too() -> None:
    device = read('class = "slow"\n' + HEAT_PUMP)
    assert {register.poll for register in device.registers} == {PollClass.SLOW}


BOTH = "correct one of them"
BAD = [  # what stands in the heat pump's table, what replaces it, the complaint
    ("address = 3,", 'address = 3, offset = 1, bits = "3",', "register 11 (Pump): offset is not for bit: remove it"),
    ("address = 3,", "address = 3, divisor = 2,", "register 11 (Pump): divisor is not for bit: remove it"),
    ("address = 3,", 'address = 3, nan = "0x1",', "register 11 (Pump): nan is not for bit: remove it"),
    ("length = 8", "length = 8, scale = { address = 1 }", "register 9 (Model): scale is not for string: remove it"),
    ("length = 8", "divisor = 1", "register 9 (Model): length is missing: add how many registers the text has"),
    ("length = 8", "length = 126", "register 9 (Model): length must be a whole number from 1 to 125, not 126"),
    ("length = 8", "length = 0", "register 9 (Model): length must be a whole number from 1 to 125, not 0"),
    ('"uint16", bits = "3"', '"uint16", length = 3', "register 6 (Defrost): length is not for uint16: remove it"),
    ("function = 1, address = 3,", "address = 3,", "function 3 does not read bit: bits have functions 1 and 2, others"),
    (
        "function = 4, address = 0,  ",
        "function = 2, address = 0,",
        "register 14 (Voltage): function 2 does not read ui",
    ),
    ("address = 111", "address = 111, bits = 3", "register 8 (Outside): bits must be a bit or bits as text, the lowes"),
    ('bits = "0-2"', 'bits = "2-0"', 'bits must be a bit or bits as text, the lowest first, such as "3" or "4-7"'),
    ('bits = "0-2"', 'bits = "0-16"', f"register 5 (Mode): bits end at 15 in uint16: {BOTH}"),
    ('bits = "0-2"', 'bits = "64"', "register 5 (Mode): bits must be a bit or bits as text"),
    (
        '"uint16", bits = "3"',
        '"int16", bits = "3"',
        "bits are of uint16, uint32 or uint64, not of int16: correct the type, or",
    ),
    (
        '"uint16", bits = "3"',
        '"float32", bits = "3"',
        "register 6 (Defrost): bits are of uint16, uint32 or uint64, not of float32",
    ),
    ("offset = -50", "offset = inf", "register 8 (Outside): offset must be a number, not inf"),
    (
        "{ address = 120 }",
        "{ address = 250 }",
        "Power): scale at 250 is too far for one read of 125 registers: correct",
    ),
    ("{ address = 120 }", "120", 'Power): scale must be a register such as { address = ..., type = "int16" }, not 120'),
    ("{ address = 120 }", '{ type = "int16" }', "register 1 (Power): scale: address is missing: add it there"),
    (
        "{ address = 120 }",
        "{ address = 120, adress = 1 }",
        "Power): scale: unknown key 'adress': did you mean 'address'",
    ),
    ('address = 120, type = "int16"', 'address = 120, type = "float32"', "Heat): scale: type must be a known type of"),
    ('122, nan = "0x8000"', '122, nan = "0x18000"', "scale: nan 0x18000 is too wide for int16: correct one of them"),
    ('name = "Mode"', 'name = "Timestamp"', "measurement 2 (Timestamp): name must be another: this one is the time of"),
    ('name = "Mode"', 'name = "unix"', "measurement 2 (unix): name must be another"),
    (
        'name = "Mode"',
        'name = "Op Mode"',
        "measurement 2: name must be a letter, then letters, digits or _, not 'Op Mode",
    ),
    ('name = "Mode"', 'name = "' + "M" * 65 + '"', "measurement 2: name must be a letter, then"),
    (
        'name = "Mode"',
        'name = "power"',
        "measurement 2 (power): name power is like Power, which mbmd knows: write it so",
    ),
    (
        'name = "Mode"',
        'name = "PowerL1", unit = "kW"',
        "name PowerL1 has another meaning in mbmd (instant, W): leave it und",
    ),
    (
        'name = "Mode"',
        'name = "Import"',
        "name Import has another meaning in mbmd (counter, kWh): leave it undefined, or",
    ),
    (
        'name = "Mode"',
        'name = "Heat"',
        "measurement 2 (Heat): name is already that of measurement 1: remove one of them",
    ),
    ('name = "Defrost"', 'name = "mode"', "measurement mode is like Mode: choose another name for one"),
    ('name = "Mode"', 'nam = "Mode"', "measurement 2: unknown key 'nam': did you mean 'name'?"),
    (', description = "Mode of operation"', "", "measurement 2 (Mode): description is missing: add it here"),
    ('unit = "kWh"', "unit = 1", "measurement 1 (Heat): unit must be a text of at most 20 characters in quotes, not 1"),
    ('unit = "kWh"', 'unit = "' + "k" * 21 + '"', "unit must be a text of at most 20 characters in quotes"),
    (
        'kind = "counter"',
        'kind = "meter"',
        'measurement 1 (Heat): kind must be "instant", "counter" or "text", not \'meter',
    ),
    (
        '"Model", kind = "text"',
        '"Model"',
        "register 9 (Model): measurement Model is a number, string is not: correct one",
    ),
    ('kind = "counter"', 'kind = "text"', "measurement 1 (Heat): unit is not for a text: remove it"),
    (
        '"Mode of operation"',
        '"Mode", kind = "text"',
        "register 5 (Mode): measurement Mode is a text, uint16 is not: corr",
    ),
    (
        "measurements = [",
        "measurements = [7,",
        "measurement 1: must be a measurement such as { name = ..., description",
    ),
    ('measurement = "Mode"', 'measurement = "Mood"', "known measurement such as 'Mode' (or define it), not 'Mood'"),
    (
        'description = "Heat pump"',
        'remove = ["Power"]',
        "remove takes away from the type that extends names: add extends",
    ),
]


@pytest.mark.parametrize(("old", "new", "complaint"), BAD, ids=[f"{number}" for number, _ in enumerate(BAD)])
def test_a_mistake_is_named(old: str, new: str, complaint: str) -> None:
    assert old in HEAT_PUMP
    lines = complaints(HEAT_PUMP.replace(old, new, 1))
    assert all(line.startswith("test.toml: ") for line in lines)
    assert any(complaint in line for line in lines), "\n".join(lines)


def test_a_mistake_is_told_once() -> None:
    assert len(complaints(HEAT_PUMP.replace("{ address = 120 }", "{ address = 250 }"))) == 1
    assert len(complaints(HEAT_PUMP.replace('unit = "kWh"', "unit = 1"))) == 1
    assert len(complaints(HEAT_PUMP.replace('"Model", kind = "text"', '"Model", kind = "txt"'))) == 1


def test_a_measurement_of_the_catalogue_may_be_defined_as_it_is() -> None:
    again = '{ name = "ImportT1", description = "Day", unit = "kWh", kind = "counter" },\n'
    text = HEAT_PUMP.replace('measurement = "Heat"', 'measurement = "ImportT1"')
    device = read(text.replace("measurements = [", f"measurements = [\n{again}"))
    assert device.measurements["ImportT1"] is CATALOGUE["ImportT1"]


def survives(text: str) -> None:
    """Anything is read, or refused with lines that a person can read."""
    try:
        read(text)
    except DeviceTableError as error:
        lines = str(error).split("\n")
        assert all(line.startswith("test.toml: ") and len(line) < 500 for line in lines), lines


VALUES = [
    "true",
    "-1",
    "65536",
    "nan",
    "[]",
    "[[]]",
    "{}",
    '""',
    '"x"',
    "12:00:00",
    '"sdm"',
    '["*"]',
    "{ address = 1 }",
]
CUTS = st.integers(0, len(HEAT_PUMP))


@given(CUTS, CUTS, st.text(max_size=10) | st.sampled_from(VALUES))
def test_any_cut_is_survived(start: int, end: int, insert: str) -> None:
    survives(HEAT_PUMP[:start] + insert + HEAT_PUMP[end:])


KEYS = st.sampled_from(
    [
        *(
            "type",
            "extends",
            "remove",
            "function",
            "class",
            "probe",
            "registers",
            "measurements",
            "measurement",
            "name",
        ),
        *("address", "scale", "bits", "length", "kind", "unit", "nan", "divisor", "offset", "max_registers", "manual"),
    ]
)
WORDS = [
    "SDM",
    "Power",
    "Mode",
    "bit",
    "string",
    "int16",
    "uint64",
    "text",
    "counter",
    "once",
    "0x8000",
    "0-3",
    "*",
    "",
]
JSON = st.recursive(
    st.booleans() | st.integers(-3, 130) | st.floats() | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=30,
)


def toml(value: object) -> str:
    """A value as TOML has it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


@given(st.dictionaries(KEYS, JSON, max_size=8))
@example({"remove": ["SDM"], "extends": []})  # nothing to remove from, as it is unclear what it extends
def test_any_structure_is_survived(raw: dict[str, object]) -> None:
    survives("\n".join(f"{key} = {toml(value)}" for key, value in raw.items()))
