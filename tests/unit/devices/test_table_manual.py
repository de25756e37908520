"""The manual of device tables: its examples are good, and it names every key and type."""

import re
from pathlib import Path

import pytest

from mbmd.devices import rows, table
from mbmd.devices.registry import BUILT_IN
from mbmd.devices.schema import BIT, TEXT_TYPES, TYPES

MANUAL = (Path(__file__).parents[3] / "docs" / "device-tables.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", MANUAL, re.DOTALL)
HEAD = 'type = "example"\n'
REST = """\
[[measurements]]
name = "Mode"
description = "Mode"
[[measurements]]
name = "Defrost"
description = "Defrosting"
[[measurements]]
name = "Pump"
description = "Pump"
"""


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_is_a_good_table(example: str, tmp_path: Path) -> None:
    """One that is no whole table is put into an extension of a built-in type."""
    if not example.startswith("type"):
        example = f'{HEAD}extends = "ABB"\n{example}{REST if "Mode" in example else ""}'
    named = re.match(r'type = "(\w+)"', example)
    assert named
    path = tmp_path / f"{named[1]}.toml"
    path.write_text(example, encoding="utf-8")
    assert BUILT_IN.load(path).registers


def test_every_key_and_type_is_told() -> None:
    shapes = (table._DEVICE, rows._REGISTER, rows._SCALE, rows._MEASUREMENT)
    keys = {key for shape in shapes for key in shape.checks} | {"measurement"}
    types = {name for name in TYPES if not name.endswith("_swapped")} | {BIT, *TEXT_TYPES}
    assert [word for word in sorted(keys | types) if f"`{word}`" not in MANUAL] == []
