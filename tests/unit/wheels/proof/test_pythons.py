"""CPythons are believed by what they say, not by their names."""

import sys
from pathlib import Path

import pytest

from wheels.proof.pythons import VERSIONS, candidates, first, found


def python(folder: Path, name: str, said: str, code: int = 0) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{said}'\nexit {code}\n")
    path.chmod(0o755)
    return path


def test_the_first_that_is_what_it_is_called_is_taken(tmp_path: Path) -> None:
    paths = [
        tmp_path / "missing",
        python(tmp_path, "other", "pypy 3.12.4"),
        python(tmp_path, "older", "cpython 3.11.2"),
        python(tmp_path, "shim", "cpython 3.12.1", code=127),
        python(tmp_path, "good", "cpython 3.12.1"),
        python(tmp_path, "later", "cpython 3.12.9"),
    ]
    assert first(paths, "3.12") == ("3.12.1", str(tmp_path / "good"))
    assert first(paths[:-2], "3.12") is None


def test_what_is_no_program_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("text")
    assert first([tmp_path, tmp_path / "text"], "3.12") is None


def test_pyenvs_folder_is_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    path = tmp_path / "versions" / "3.12.1" / "bin" / "python3.12"
    path.parent.mkdir(parents=True)
    path.touch()
    assert [*candidates("3.12")][-1] == path
    assert path not in candidates("3.13")


def test_this_very_python_is_found() -> None:
    version = f"3.{sys.version_info.minor}"
    assert first([Path(sys.executable)], version) is not None
    assert set(found()) == set(VERSIONS)
