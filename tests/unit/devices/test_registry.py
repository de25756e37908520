"""The built-in device types."""

from __future__ import annotations

from pathlib import Path

import pytest

from mbmd.devices import registry
from mbmd.devices.registry import BUILT_IN, SUNSPEC, Registry
from mbmd.devices.schema import DeviceType, parse
from mbmd.errors import UsageError
from tests import approve

TABLES = Path(registry.__file__).parent / "tables"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The table files that registries read from now on, in order."""
    sources: list[str] = []

    def spy(text: str, source: str) -> DeviceType:
        sources.append(source)
        return parse(text, source)

    monkeypatch.setattr(registry, "parse", spy)
    return sources


def test_tables_are_as_approved() -> None:
    diff = approve.changes("devices.snapshot")
    assert not diff, f"device tables changed; if that is meant, run `python -m tests.approve`:\n{diff}"


def test_names_are_sorted_upper_case_and_read_no_table(read: list[str]) -> None:
    names = Registry().names()
    assert len(names) == 34
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
def test_sunspec_is_refused_in_any_case(name: str) -> None:
    with pytest.raises(UsageError, match="SunSpec devices are not supported by this version yet"):
        BUILT_IN.get(name.lower())


def test_an_unknown_type_names_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        BUILT_IN.get("SDN")
    assert str(caught.value) == "unknown device type 'SDN': did you mean SDM?"


@pytest.mark.parametrize("name", ["", "qqq", "../schema", "sdm.toml/..", "\0", "SDM:1\n"])
def test_a_type_like_no_other_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(UsageError, match=r"^unknown device type .*: (use one of ABB, .*, X961A|did you mean .*\?)$"):
        BUILT_IN.get(name)
