"""The command that the service runs, and whether it can."""

import sys
from pathlib import Path

import pytest

from mbmd.service import program


def test_the_command_is_the_one_that_was_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / "mbmd"
    command.touch(0o755)
    monkeypatch.setattr(sys, "argv", [str(command)])
    assert program.own_command() == (str(command),)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["mbmd"])
    assert program.own_command() == (str(command),)


@pytest.mark.parametrize("called", ["/somewhere/mbmd/__main__.py", "-c", ""])
def test_a_module_is_run_by_its_interpreter(called: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [called])
    assert program.own_command() == (sys.executable, "-m", "mbmd")


def test_all_that_the_command_is_read_from_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "mbmd").symlink_to(tmp_path / "elsewhere")
    needed = set(program.needed_files([str(tmp_path / "mbmd")]))
    assert {tmp_path / "mbmd", tmp_path / "elsewhere", Path(sys.executable).resolve(), Path(sys.prefix)} <= needed


@pytest.mark.parametrize("path", ["/home/pi/.local/bin/mbmd", "/root/x", *program.HIDDEN])
def test_what_the_unit_hides_is_found(path: str) -> None:
    assert program.hidden([Path("/usr/bin/mbmd"), Path(path)]) == Path(path)


def test_what_the_service_sees_is_not_hidden() -> None:
    assert program.hidden([Path("/opt/mbmd/bin/mbmd"), Path("/homes/x"), Path("/usr/local/bin/mbmd")]) is None


def test_what_only_its_owner_may_read_is_found(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    inner = tmp_path / "inner"
    inner.mkdir(0o755)
    file = inner / "mbmd"
    file.touch(0o644)
    outside = {*tmp_path.parents}

    def closed() -> Path | None:
        found = program.closed([file])
        return None if found in outside else found  # pytest's own folders are closed

    for path, at_first in ((file, 0o644), (inner, 0o755)):
        path.chmod(0o700)
        assert program._is_open(path) is False
        path.chmod(at_first)
        assert program._is_open(path)
    assert closed() is None
    assert program.closed([Path("/no/such/file")]) == Path("/no")
