"""What of the installed libraries is needed."""

import pytest

from benchmarks.startup.size import needed

INSTALLED = {
    "sanic": ["sanic-routing>=23.12", "ujson>=1.35; sys_platform != 'nowhere'", "pytest; extra == 'test'"],
    "sanic-routing": [],
    "ujson": ["sanic"],
    "pytest": [],
    "winloop": [],
}


@pytest.mark.parametrize(
    ("roots", "expected"),
    [
        (["Sanic>=25,<26"], ["sanic", "sanic-routing", "ujson"]),
        (["winloop; sys_platform == 'nowhere'"], []),
        (["missing>=1"], []),
        (["sanic_routing", "sanic-routing"], ["sanic-routing"]),
    ],
)
def test_what_is_needed_is_found_through_and_through(roots: list[str], expected: list[str]) -> None:
    pytest.importorskip("packaging")
    assert needed(roots, INSTALLED.get) == expected
