"""What the service is written from is installed with it."""

import tomllib
from importlib.resources import files
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_templates_are_part_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    named = set(project["tool"]["setuptools"]["package-data"]["mbmd.service"])
    there = {path.name for path in files("mbmd.service").iterdir() if path.is_file()}
    assert {name for name in there if not name.endswith(".py")} == named
