"""The files of the pages: each that is named is there, and none of them loads anything from outside."""

import re
import tomllib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from mbmd.web.assets import STATIC, names

ROOT = STATIC.parents[2]
NAMESPACE = "http://www.w3.org/2000/svg"
OWN = sorted(path for path in STATIC.rglob("*") if path.is_file() and "vendor" not in path.parts)
IMPORTED = re.compile(r'''(?:\bfrom +|^import +|\bimport\()"([^"]+)"''', re.MULTILINE)
NAMED = re.compile(r"""\s(?:href|src)="([^"]*)\"""")


def _id(path: Path) -> str:
    return path.relative_to(STATIC).as_posix()


def _imports(path: Path) -> Iterator[Path]:
    return ((path.parent / name).resolve() for name in IMPORTED.findall(path.read_text("utf-8")))


@pytest.mark.parametrize("page", sorted(STATIC.glob("*.html")), ids=_id)
def test_all_that_a_page_names_below_static_is_served(page: Path) -> None:
    named = [
        name.removeprefix("static/") for name in NAMED.findall(page.read_text("utf-8")) if name.startswith("static/")
    ]
    assert named
    assert set(named) <= names()


@pytest.mark.parametrize("module", sorted((STATIC / "js").glob("*.js")), ids=_id)
def test_all_that_a_module_imports_is_served(module: Path) -> None:
    assert {path.relative_to(STATIC).as_posix() for path in _imports(module)} <= names()


def test_every_module_is_used() -> None:
    reached, waiting = {STATIC / "js" / "theme.js"}, [STATIC / "js" / "main.js"]
    while waiting:
        path = waiting.pop()
        reached.add(path)
        waiting += [other for other in _imports(path) if "vendor" not in other.parts and other not in reached]
    assert reached == set((STATIC / "js").glob("*.js"))


@pytest.mark.parametrize("path", OWN, ids=_id)
def test_no_file_names_another_host_or_a_place_from_the_root(path: Path) -> None:
    text = path.read_text("utf-8").replace(NAMESPACE, "")
    assert "http:" not in text
    assert "https:" not in text
    assert not re.search(r"""(?:href|src|url|import|ask)\s*[=(]\s*["'`]/""", text)


@pytest.mark.parametrize("path", OWN, ids=_id)
def test_no_file_needs_what_the_content_security_policy_forbids(path: Path) -> None:
    text = path.read_text("utf-8")
    for forbidden in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "<style",
    ):
        assert forbidden not in text
    assert not re.search(r"""\sstyle="|\son\w+="|<script(?![^>]*\ssrc=)""", text)


def test_vendored_files_are_recorded_with_their_licences() -> None:
    record = (STATIC / "vendor" / "README.md").read_text("utf-8")
    folders = [path for path in (STATIC / "vendor").iterdir() if path.is_dir()]
    assert folders
    for folder in folders:
        assert (folder / "LICENSE").is_file()
        for path in folder.iterdir():
            assert f"`{folder.name}/{path.name}`" in record


def test_vendored_uplot_is_as_its_package_has_it() -> None:
    sums = {name: sha256((STATIC / "vendor" / "uplot" / name).read_bytes()).hexdigest() for name in SUMS}
    assert sums == SUMS


def test_the_package_takes_all_files_of_the_pages() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        taken = tomllib.load(file)["tool"]["setuptools"]["package-data"]["mbmd.web"]
    packed = {path for pattern in taken for path in STATIC.parent.glob(pattern) if path.is_file()}
    assert packed >= {path for path in STATIC.rglob("*") if path.is_file()}


SUMS = {
    "uPlot.esm.js": "5dd9b3281aa64b461b42d9945f6adb2649d346502b12281a9ae0d46599a80eba",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
}
