"""What is pinned is what mbmd asks for, and can be had for every platform."""

import tomllib
from email.message import Message
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mbmd.errors import MbmdError, UsageError
from wheels.dependencies import all_lacking, lacking
from wheels.folders import ROOT, RUNTIME_LOCK
from wheels.lock import package_of
from wheels.locked import File, Package, packages, parse, text_of
from wheels.metadata import applies, needed
from wheels.recipe import recipe
from wheels.tags import targets

ASKED = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
SMALL = Package(
    "a", "1", "MIT", ("b",), (File("https://x/a-1-py3-none-any.whl", "00"),), File("https://x/a-1.tar.gz", "11")
)


@pytest.mark.parametrize("text", ASKED)
def test_the_pins_are_what_the_project_asks_for(text: str) -> None:
    asked = Requirement(text)
    assert packages()[canonicalize_name(asked.name)].version in asked.specifier


def test_whatever_a_package_needs_is_pinned_too() -> None:
    assert {name for package in packages().values() for name in package.needs} <= set(packages())


@pytest.mark.parametrize(("platform", "python"), targets(recipe().platforms))
def test_every_platform_is_served_by_pypi_or_by_us(platform: str, python: str) -> None:
    if (platform, python) == ("armv7l", "3.12"):
        with pytest.raises(UsageError, match=r"no headers of CPython 3\.12: choose one of 3\.11, 3\.13"):
            lacking(list(packages().values()), platform, python)
        return
    names = [row.package.name for row in lacking(list(packages().values()), platform, python)]
    assert names == (["httptools", "msgspec", "pyyaml", "ujson", "uvloop"] if platform == "armv7l" else [])


def test_nothing_is_built_twice_and_the_longest_comes_first() -> None:
    rows = [(row.package.name, row.python) for row in all_lacking(list(packages().values()))]
    assert len(rows) == len(set(rows)) == 9
    assert [name for name, _ in rows[:2]] == ["uvloop", "uvloop"]
    assert [python for name, python in rows if name == "pyyaml"] == ["3.11"]


def test_a_package_that_the_recipe_does_not_know_is_named() -> None:
    package = Package("strange", "1", "MIT", (), ())
    with pytest.raises(UsageError, match=r"strange==1 for armv7l: tell wheels/recipe\.toml"):
        lacking([package], "armv7l", "3.11")


def test_what_is_written_is_read() -> None:
    assert parse(text_of([SMALL]), RUNTIME_LOCK) == {"a": SMALL}
    assert text_of(list(packages().values())) == RUNTIME_LOCK.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["packages = 3", "[[packages]]", "=", "[[packages]]\nname = 'a'\nversion = '1'"])
def test_a_lock_that_is_none_of_ours_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"^x\.toml: .*: write it anew with: python -m wheels lock"):
        parse(text, Path("x.toml"))


def file(name: str) -> dict[str, object]:
    return {"url": f"https://x/{name}", "hashes": {"sha256": "00"}}


def test_of_the_files_those_are_pinned_that_a_platform_takes() -> None:
    names = ["a-1-cp311-abi3-manylinux_2_17_x86_64.whl", "a-1-cp311-abi3-win_amd64.whl", "a-1-py3-none-any.whl"]
    row = {"name": "a", "version": "1", "wheels": [file(name) for name in names], "sdist": file("a-1.tar.gz")}
    package = package_of(row)
    assert [wheel.name for wheel in package.wheels] == [names[0], names[2]]
    assert package.sdist is None


def test_the_sdist_is_pinned_where_a_wheel_is_lacking() -> None:
    row = {"name": "a", "version": "1", "wheels": [], "sdist": file("a-1.tar.gz")}
    assert package_of(row).sdist == File("https://x/a-1.tar.gz", "00")
    with pytest.raises(MbmdError, match="a 1: PyPI has neither"):
        package_of({"name": "a", "version": "1"})


def test_markers_are_those_of_the_platforms() -> None:
    assert applies(None)
    assert applies("sys_platform != 'win32' and implementation_name == 'cpython'")
    assert applies("platform_machine not in 'armv6l armv7l'")
    assert not applies("python_version < '3.11'")
    assert not applies("extra == 'test'")


def test_needs_are_named_once_and_without_extras() -> None:
    said = Message()
    for text in ["B_c>=1", "B_c; python_version >= '3.13'", "tests; extra == 'test'", "old; python_version < '3.8'"]:
        said["Requires-Dist"] = text
    assert needed(said) == ("b-c",)
