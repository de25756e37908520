"""Device types by name: the built-in ones, and tables of users."""

from __future__ import annotations

from pathlib import Path

import pytest

from mbmd.devices import registry
from mbmd.devices.registry import BUILT_IN, LARGEST, SUNSPEC, Registry
from mbmd.devices.table import BaseOf, Table, parse
from mbmd.errors import DeviceTableError, UsageError
from mbmd.measurements import CATALOGUE, Kind
from tests import approve

TABLES = Path(registry.__file__).parent / "tables"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The table files that registries read from now on, in order."""
    sources: list[str] = []

    def spy(text: str, source: str, base_of: BaseOf) -> Table:
        sources.append(source)
        return parse(text, source, base_of)

    monkeypatch.setattr(registry, "parse", spy)
    return sources


def test_tables_are_as_approved() -> None:
    diff = approve.changes("devices.snapshot")
    assert not diff, f"device tables changed; if that is meant, run `python -m tests.approve`:\n{diff}"


def test_names_are_sorted_upper_case_and_read_no_table(read: list[str]) -> None:
    names = Registry().names()
    assert len(names) >= 34
    assert list(names) == sorted(name.upper() for name in names)
    assert read == []


@pytest.mark.parametrize("path", sorted(TABLES.iterdir()), ids=lambda path: path.name)
def test_file_is_named_after_its_type(path: Path) -> None:
    assert path.name == f"{BUILT_IN.get(path.stem).type.lower()}.toml"


@pytest.mark.parametrize("name", BUILT_IN.names())
def test_no_built_in_type_shadows_sunspec(name: str) -> None:
    assert name not in SUNSPEC


def test_get_reads_only_the_wanted_table_and_only_once(read: list[str]) -> None:
    types = Registry()
    assert types.get("orno1p") is types.get("ORNO1P") is types.get("ORNO1p")
    assert read == ["orno1p.toml"]


def test_the_type_keeps_its_spelling() -> None:
    assert BUILT_IN.get("ORNO1P").type == "ORNO1p"


@pytest.mark.parametrize("name", sorted(SUNSPEC))
def test_sunspec_types_have_no_table_in_any_case(name: str) -> None:
    with pytest.raises(UsageError, match="SunSpec devices have no table"):
        BUILT_IN.get(name.lower())


def test_an_unknown_type_names_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        BUILT_IN.get("SDN")
    assert str(caught.value) == "unknown device type 'SDN': did you mean SDM?"


@pytest.mark.parametrize("name", ["", "qqq", "../schema", "sdm.toml/..", "\0", "SDM:1\n"])
def test_a_type_like_no_other_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(UsageError, match=r"^unknown device type .*: (use one of ABB, .*, X961A|did you mean .*\?)$"):
        BUILT_IN.get(name)


CASES = Path(__file__).parents[2] / "cases" / "devices"


def table(name: str, description: str = "Own", measurement: str = "Power", more: str = "") -> str:
    row = f'{{ measurement = "{measurement}", function = 3, address = 0, type = "int16" }}'
    return f'type = "{name}"\ndescription = "{description}"\nmanufacturer = "Me"\nregisters = [{row}]\n{more}'


def own(name: str, unit: str, kind: str = "instant") -> str:
    return f'measurements = [{{ name = "{name}", description = "Own", unit = "{unit}", kind = "{kind}" }}]'


def folders(tmp_path: Path, *files: dict[str, str]) -> list[Path]:
    """Folders with files in them."""
    made = []
    for number, content in enumerate(files):
        folder = tmp_path / str(number)
        folder.mkdir()
        made.append(folder)
        for name, text in content.items():
            (folder / name).write_text(text)
    return made


def test_tables_of_users_are_named_after_their_files_and_read_when_wanted(tmp_path: Path, read: list[str]) -> None:
    [folder] = folders(
        tmp_path, {"boiler.toml": table("Boiler"), "Lamp.TOML": table("LAMP"), "note.txt": "", ".a.toml": ""}
    )
    types = Registry([tmp_path / "missing", folder])
    assert set(types.names()) - set(BUILT_IN.names()) == {"BOILER", "LAMP"}
    assert list(types.names()) == sorted(types.names())
    assert not read
    assert types.get("bOiler").type == "Boiler"
    assert types.path("lamp") == folder / "Lamp.TOML"
    assert read == [str(folder / "boiler.toml")]


def test_the_first_folder_wins_and_the_built_in_types_come_last(tmp_path: Path) -> None:
    made = folders(
        tmp_path, {"sdm.toml": table("SDM", "First")}, {"sdm.toml": table("SDM", "Second"), "x.toml": table("X")}
    )
    types = Registry(made)
    assert types.get("sdm").description == "First"
    assert not types.is_built_in("sdm")
    assert types.is_built_in("sdm120")
    assert types.get("x").description == "Own"
    assert types.path("sdm120").name == "sdm120.toml"
    assert BUILT_IN.get("sdm").description == "Eastron SDM630"


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        (
            "b.toml",
            table("BOILER").encode(),
            "type BOILER is not that of its file: name the file boiler.toml, or correct",
        ),
        (
            "sma.toml",
            table("SMA").encode(),
            "type SMA is that of SunSpec devices: choose another, such as MY_SMA in my_sm",
        ),
        ("b.toml", b"type = \xff", "this is not UTF-8 (at line 1): save it as UTF-8"),
        ("b.toml", b"a = 1\nb = \xc3", "this is not UTF-8 (at line 2): save it as UTF-8"),
        ("b.toml", b"#" * (LARGEST + 1), "this is larger than 1 MiB, no table is"),
        ("b.toml", None, "this is no file"),
        ("b.toml", b"", "type is missing: add it at the top of the file"),
    ],
)
def test_a_wrong_table_harms_only_who_uses_it(tmp_path: Path, name: str, content: bytes | None, complaint: str) -> None:
    path = tmp_path / name
    path.mkdir() if content is None else path.write_bytes(content)
    types = Registry([tmp_path])
    assert types.get("sdm") is types.get("SDM")
    assert types.measurements() == CATALOGUE
    with pytest.raises(DeviceTableError) as caught:
        types.get(path.stem)
    assert str(caught.value).startswith(f"{path}: {complaint}")


def test_a_table_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_bytes(b"\xef\xbb\xbf" + table("B").encode())
    assert Registry([tmp_path]).get("b").type == "B"


def test_two_tables_of_one_type_in_one_folder_are_refused(tmp_path: Path) -> None:
    types = Registry(folders(tmp_path, {"Lamp.toml": table("Lamp"), "lamp.toml": table("Lamp")}))
    with pytest.raises(
        DeviceTableError, match=r"Lamp\.toml: there is lamp\.toml beside it for the same type: remove one"
    ):
        types.get("lamp")


def test_a_folder_that_cannot_be_read_is_told_with_an_unknown_type(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    types = Registry([tmp_path / "file"])
    assert types.names() == BUILT_IN.names()
    with pytest.raises(UsageError) as caught:
        types.get("sdn")
    folder = f"the folder {tmp_path / 'file'} cannot be read (Not a directory)"
    assert str(caught.value) == f"unknown device type 'sdn': did you mean SDM?; {folder}"


def test_the_hint_knows_own_types(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^unknown device type 'boler': did you mean BOILER\?$"):
        Registry(folders(tmp_path, {"boiler.toml": table("Boiler")})).get("boler")


def test_a_table_need_not_be_in_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('type = "Mine"\nextends = "SDM"\n')
    assert BUILT_IN.load(path).registers == BUILT_IN.get("sdm").registers
    assert "MINE" not in BUILT_IN.names()
    with pytest.raises(DeviceTableError, match=r"other\.toml: there is no such file$"):
        BUILT_IN.load(tmp_path / "other.toml")


def test_all_measurements_are_known_but_those_of_wrong_tables(tmp_path: Path) -> None:
    one = {"a.toml": table("A", measurement="Heat", more=own("Heat", "kWh", "counter")), "b.toml": "type = 1"}
    two = {
        "c.toml": table("C", measurement="Heat", more=own("Heat", "J")),
        "sdm.toml": table("SDM", more=own("Lamp", "")),
    }
    types = Registry(folders(tmp_path, one, two))
    known = types.measurements()
    assert set(known) - set(CATALOGUE) == {"Heat", "Lamp"}
    assert list(known)[: len(CATALOGUE)] == list(CATALOGUE)
    assert (known["Heat"].unit, known["Heat"].kind) == ("kWh", Kind.COUNTER)
    assert types.get("c").measurements["Heat"].unit == "J"


def test_the_tables_of_the_cases_are_good() -> None:
    types = Registry([CASES])
    garage, sdm = types.get("garage"), BUILT_IN.get("sdm")
    assert len(garage.registers) == len(sdm.registers) - 5 + 2
    assert types.get("HEATPUMP").type == "HeatPump"
