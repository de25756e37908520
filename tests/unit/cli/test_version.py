"""`mbmd version`."""

import json
import re
import sys
import tomllib
from pathlib import Path

import pytest

from mbmd import __version__, cli
from mbmd.cli import version

ROOT = Path(__file__).parents[3]


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert cli.main(["version", *words]) == 0
    return capsys.readouterr().out


def test_one_line_says_what_runs_on_what(capsys: pytest.CaptureFixture[str]) -> None:
    line = said(capsys)
    assert line.startswith(f"mbmd {__version__} (Python {sys.version_info.major}.{sys.version_info.minor}.")
    assert line.endswith(")\n")
    assert "Linux" in line


@pytest.mark.parametrize("words", [("--verbose",), ("-v",)])
def test_verbose_adds_the_native_core_and_the_libraries(words: tuple[str], capsys: pytest.CaptureFixture[str]) -> None:
    rows = dict(re.split(r"  +", line, maxsplit=1) for line in said(capsys, *words).splitlines())
    assert rows["mbmd"] == __version__
    kernels = {source.stem for source in (ROOT / "mbmd" / "_native").glob("*.pyx")}
    assert rows["native core"].split(", ") == sorted(kernels)
    assert all(re.match(r"\d+\.", rows[name]) for name in version.LIBRARIES)


def test_json_has_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    short, long = json.loads(said(capsys, "--json")), json.loads(said(capsys, "--json", "-v"))
    assert set(short) == {"mbmd", "python", "system"}
    assert short.items() <= long.items()
    assert set(version.LIBRARIES) <= set(long)


def test_verbose_may_stand_before_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["-v", "version"]) == 0
    assert "native core" in capsys.readouterr().out


def test_the_libraries_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert [re.split("[<>=]", line)[0] for line in project["dependencies"]] == list(version.LIBRARIES)


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(version, "LIBRARIES", ("no-such-library",))
    monkeypatch.setitem(sys.modules, "mbmd._native.crc", None)
    lines = said(capsys, "-v")
    assert re.search("^no-such-library  +missing$", lines, re.MULTILINE)
    assert re.search("^native core  +does not load: ", lines, re.MULTILINE)
