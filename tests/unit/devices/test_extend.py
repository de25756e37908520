"""Tables that take over what another one says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mbmd.config.options import PollClass
from mbmd.devices.registry import Registry
from mbmd.devices.schema import Register
from mbmd.errors import DeviceTableError, UsageError
from mbmd.measurements import Kind

if TYPE_CHECKING:
    from pathlib import Path

BASE = """\
type = "BASE"
description = "Base"
manufacturer = "Works"
manual = "Book"
max_registers = 50
pause = 0.5
function = 4
class = "slow"
probe = { measurement = "Voltage", address = 9, type = "uint16", divisor = 10 }
registers = [
    { measurement = "Power", address = 0, type = "int32", divisor = 10 },
    { measurement = "Import", address = 2, type = "uint32", function = 3, nan = "0xffffffff" },
    { measurement = "THDL1", address = 4, type = "uint16", class = "fast" },
    { measurement = "THDL2", address = 5, type = "uint16" },
    { measurement = "Door", function = 1, address = 7, type = "bit" },
]
measurements = [{ name = "Door", description = "Door is open" }, { name = "Note", description = "Note", kind = "text" }]
"""
SLOW = PollClass.SLOW


@pytest.fixture
def types(tmp_path: Path) -> Registry:
    (tmp_path / "base.toml").write_text(BASE)
    return Registry([tmp_path])


def extended(types: Registry, tmp_path: Path, text: str, name: str = "mine") -> Path:
    path = tmp_path / f"{name}.toml"
    path.write_text(f'type = "{name}"\nextends = "Base"\n{text}')
    return path


def test_everything_is_taken_over_but_the_type(types: Registry, tmp_path: Path) -> None:
    mine, base = types.load(extended(types, tmp_path, "")), types.get("base")
    assert mine.type == "mine"
    for key in (
        "description",
        "manufacturer",
        "manual",
        "max_registers",
        "pause",
        "probe",
        "registers",
        "measurements",
    ):
        assert getattr(mine, key) == getattr(base, key), key


def test_what_is_given_counts(types: Registry, tmp_path: Path) -> None:
    probe = 'probe = { measurement = "Power", address = 1, type = "int16" }'
    given = f'description = "Mine"\nmax_registers = 20\nholes = false\n{probe}'
    mine = types.load(extended(types, tmp_path, given))
    assert (mine.description, mine.manufacturer, mine.max_registers, mine.holes) == ("Mine", "Works", 20, False)
    assert mine.probe == Register("Power", 4, 1, "int16", poll=SLOW)


def test_registers_are_changed_in_what_is_given_and_added(types: Registry, tmp_path: Path) -> None:
    mine = types.load(
        extended(
            types,
            tmp_path,
            """
            registers = [
                { measurement = "Frequency", address = 30, type = "uint16" },
                { measurement = "Import", divisor = 1000, class = "once" },
                { measurement = "Note", address = 31, type = "string", length = 4 },
            ]
            """,
        )
    )
    assert [register.measurement for register in mine.registers] == [
        *("Power", "Import", "THDL1", "THDL2", "Door", "Frequency", "Note")
    ]
    assert mine.registers[1] == Register("Import", 3, 2, "uint32", 1000.0, 0xFFFFFFFF, PollClass.ONCE)
    assert mine.registers[5] == Register("Frequency", 4, 30, "uint16", poll=SLOW)
    assert mine.registers[6] == Register("Note", 4, 31, "string", poll=SLOW, length=4)


def test_a_new_default_counts_for_new_registers_alone(types: Registry, tmp_path: Path) -> None:
    text = 'function = 3\nclass = "fast"\nregisters = [{ measurement = "Frequency", address = 30, type = "uint16" }]'
    mine = types.load(extended(types, tmp_path, text))
    assert mine.registers[0] == types.get("base").registers[0]
    assert mine.registers[5] == Register("Frequency", 3, 30, "uint16")


def test_registers_are_removed_by_patterns_and_may_be_defined_anew(types: Registry, tmp_path: Path) -> None:
    text = """
    remove = ["THD*", "Import"]
    registers = [{ measurement = "Import", address = 40, type = "uint16" }]
    """
    mine = types.load(extended(types, tmp_path, text))
    assert [register.measurement for register in mine.registers] == ["Power", "Door", "Import"]
    assert mine.registers[2] == Register("Import", 4, 40, "uint16", poll=SLOW)


def test_own_measurements_are_taken_over_changed_and_added(types: Registry, tmp_path: Path) -> None:
    text = """
    measurements = [
        { name = "Door", description = "Openings", kind = "counter" },
        { name = "Lid", description = "Lid" },
    ]
    registers = [{ measurement = "Lid", function = 2, address = 0, type = "bit" }]
    """
    mine = types.load(extended(types, tmp_path, text))
    assert (mine.measurements["Door"].description, mine.measurements["Door"].kind) == ("Openings", Kind.COUNTER)
    assert "Lid" in mine.measurements
    assert types.get("base").measurements["Door"].description == "Door is open"


def test_chains_may_be_long(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(BASE)
    before = "base"
    for number in range(12):
        text = (
            f"type = 'A{number}'\nextends = '{before}'\nregisters = [{{ measurement = 'Power', address = {number} }}]"
        )
        (tmp_path / f"a{number}.toml").write_text(text)
        before = f"a{number}"
    made = Registry([tmp_path]).get("a11")
    assert made.registers[0] == Register("Power", 4, 11, "int32", 10.0, poll=SLOW)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('remove = ["THDX*"]', "remove 'THDX*' is no measurement of BASE: did you mean 'THDL2'?"),
        ("remove = []", 'remove must be a list of names or patterns such as ["THD*", "Cosphi"], not an empty list'),
        ("remove = [1]", 'remove must be a list of names or patterns such as ["THD*", "Cosphi"], not a list'),
        ('remove = ["*"]', "remove leaves nothing of BASE: leave some registers, or add some"),
        ("registers = []", "registers must be a list with at least one register, not an empty list"),
        ("registers = 3", "registers must be a list with at least one register, not 3"),
        (
            'registers = [{ measurement = "Power", adress = 3 }]',
            "register 1 (Power): unknown key 'adress': did you mean 'address'? Else remove it",
        ),
        (
            'registers = [{ measurement = "Cosphi", divisor = 3 }]',
            "register 1 (Cosphi): address is missing: add it here",
        ),
        (
            'registers = [{ measurement = "Import", type = "uint16" }]',
            "register 1 (Import): nan 0xffffffff is too wide for uint16: correct one of them",
        ),
        (
            'registers = [{ measurement = "Power", class = "once" }, { measurement = "Power", address = 1 }]',
            "register 2 (Power): measurement is already that of register 1: remove one of them",
        ),
        ("max_registers = 1", "max_registers must be at least 2, the size of the largest value"),
        (
            'measurements = [{ name = "Door", kind = "text" }]',
            "register Door of BASE: measurement Door is a text, bit is not: correct one of them",
        ),
        ("extends = 1 #", "this is not TOML"),
    ],
)
def test_a_mistake_is_named(types: Registry, tmp_path: Path, text: str, complaint: str) -> None:
    path = extended(types, tmp_path, text)
    with pytest.raises(DeviceTableError) as caught:
        types.load(path)
    lines = str(caught.value).split("\n")
    assert all(line.startswith(f"{path}: ") for line in lines)
    assert any(complaint in line for line in lines), "\n".join(lines)


def test_the_line_of_a_wrong_base_is_of_its_own_file(types: Registry, tmp_path: Path) -> None:
    path = extended(types, tmp_path, "")
    (tmp_path / "base.toml").write_text(BASE.replace('"int32"', '"int31"'))
    with pytest.raises(DeviceTableError) as caught:
        types.load(path)
    assert str(caught.value).startswith(f"{tmp_path / 'base.toml'}: register 1 (Power): type must be")


def table(folder: Path, name: str, extends: str, text: str = "") -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.toml").write_text(f'type = "{name}"\nextends = "{extends}"\n{text}')


def test_a_table_may_extend_the_one_that_it_hides(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    table(one, "sdm", "SDM", 'description = "First"\nremove = ["THD*"]')
    table(two, "sdm", "sdm", "max_registers = 30")
    types = Registry([one, two])
    assert types.path("SDM") == one / "sdm.toml"
    assert (types.get("sdm").description, types.get("sdm").max_registers) == ("First", 30)
    assert types.get("sdm").manufacturer == "Eastron"
    assert not any(name.startswith("THD") for name in types.get("sdm").measurements)
    assert types.load(two / "sdm.toml").description == "Eastron SDM630"
    assert types.load(two / ".." / "two" / "sdm.toml").description == "Eastron SDM630"
    assert types.load(one / "sdm.toml") is types.get("sdm")


@pytest.mark.parametrize(
    ("tables", "wanted", "complaint"),
    [
        (
            {"a": "b", "b": "a"},
            "a",
            "a.toml: extends goes round in a circle: A extends B extends A: take it out of one",
        ),
        ({"a": "b", "b": "b"}, "a", "b.toml: extends: there is no other table of type 'b' to extend"),
        ({"sdm": "foo", "foo": "sdm"}, "sdm", "circle: SDM extends FOO extends SDM: take"),
        ({"a": "sdn"}, "a", "a.toml: extends: unknown device type 'sdn': did you mean SDM?"),
        ({"a": "sma"}, "a", "a.toml: extends: device type 'sma': SunSpec devices have no table"),
    ],
)
def test_a_base_that_cannot_be(tmp_path: Path, tables: dict[str, str], wanted: str, complaint: str) -> None:
    for name, extends in tables.items():
        table(tmp_path, name, extends)
    with pytest.raises(DeviceTableError) as caught:
        Registry([tmp_path]).get(wanted)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_chains_end(tmp_path: Path) -> None:
    for number in range(40):
        table(tmp_path, f"a{number}", f"a{number + 1}")
    with pytest.raises(
        UsageError, match=r"a0\.toml: more than 16 tables extend each other: let it extend one further down"
    ):
        Registry([tmp_path]).get("a0")
