"""The definitions of models: found, read when they are needed, and a clear error where they are broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mbmd.errors import MbmdError, UsageError
from mbmd.sunspec import definitions
from mbmd.sunspec.definitions import DefinitionsError, definition
from tests import sunspec_reference as oracle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mbmd.sunspec.definitions import Group

IDS = [number for number in range(1, 0x10000) if oracle.definition(number)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in place of that of pysunspec2."""
    monkeypatch.setattr(definitions, "_folder", lambda: tmp_path)
    definition.cache_clear()
    yield tmp_path
    definition.cache_clear()


def same(group: Group, found: dict[str, Any]) -> bool:
    return (
        [point.name for point in group.points] == [point["name"] for point in found["points"]]
        and len(group.groups) == len(found.get("groups", []))
        and all(same(*pair) for pair in zip(group.groups, found.get("groups", []), strict=True))
    )


@pytest.mark.parametrize("number", IDS)
def test_each_definition_has_the_points_and_groups_of_its_file(number: int) -> None:
    known, found = definition(number), oracle.definition(number)
    assert known is not None
    assert found is not None
    assert (known.id, known.name) == (number, found["name"])
    assert same(known.group, found)
    assert [point.name for point in known.group.points[:2]] == ["ID", "L"]


def test_a_point_is_as_it_is_defined() -> None:
    known = definition(103)
    assert known is not None
    points = {point.name: point for point in known.group.points}
    power = points["W"]
    assert (power.label, power.type, power.size, power.scale, power.unit) == ("Watts", "int16", 1, "W_SF", "W")
    assert points["St"].symbols[4] == "MPPT"
    assert points["Evt1"].symbols[0] == "GROUND_FAULT"
    assert known.label == "Inverter (Three Phase)"


@pytest.mark.parametrize("number", [64999, 0, -1, 65536])
def test_a_model_that_is_not_defined_is_none(number: int) -> None:
    assert definition(number) is None


GOOD = {"group": {"name": "x", "type": "group", "points": [{"name": "ID", "type": "uint16", "size": 1}]}}
POINT: dict[str, Any] = {"name": "A", "type": "uint16", "size": 1}


BROKEN_GROUPS: list[Any] = [
    [],
    {"name": "x"},
    {"points": []},
    {"name": "x", "points": 3},
    {"name": "x", "points": ["A"]},
    {"name": "x", "points": [{"name": "A"}]},
    *({"name": "x", "points": [POINT | {"size": size}]} for size in ("1", 0, -1, 1.5, None)),
    *({"name": "x", "points": [POINT | {"symbols": symbols}]} for symbols in ([3], None)),
    {"name": "x", "points": [], "groups": [{}]},
    {"name": "x", "points": [], "groups": 3},
]
BROKEN = [b"", b"{", b"\xff\xfe", b"[]", b"null", b"{}"]


@pytest.mark.parametrize("content", [*BROKEN, *(json.dumps({"group": group}).encode() for group in BROKEN_GROUPS)])
def test_a_broken_file_is_a_clear_error(folder: Path, content: bytes) -> None:
    path = folder / "model_103.json"
    path.write_bytes(content)
    with pytest.raises(DefinitionsError) as caught:
        definition(103)
    assert str(caught.value) == f"{path}: this is no definition of a model: install pysunspec2 anew"


def test_a_file_that_cannot_be_read_is_a_clear_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "model_103.json").write_text(json.dumps(GOOD))
    assert definition(103) is not None
    definition.cache_clear()

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DefinitionsError, match="no definition of a model"):
        definition(103)


@pytest.mark.parametrize("has_package", [False, True])
def test_missing_definitions_are_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_package: bool
) -> None:
    class Package:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr(definitions, "find_spec", lambda _: Package() if has_package else None)
    definitions._folder.cache_clear()
    definition.cache_clear()
    try:
        with pytest.raises(DefinitionsError, match="are missing: install pysunspec2"):
            definition(103)
    finally:
        definitions._folder.cache_clear()
        definition.cache_clear()


def test_it_is_no_fault_of_the_user() -> None:
    assert issubclass(DefinitionsError, MbmdError)
    assert not issubclass(DefinitionsError, UsageError)
