"""The pseudo terminal and its symlink."""

import os
from pathlib import Path

import pytest

from mbmd.errors import UsageError
from mbmd.simulator.pty import PseudoTerminal


@pytest.fixture
def link(tmp_path: Path) -> Path:
    return tmp_path / "meters"


def test_link_is_there_while_it_is_open(link: Path) -> None:
    terminal = PseudoTerminal(str(link))
    assert str(link.readlink()) == terminal.name
    terminal.close()
    assert not link.is_symlink()


def test_bytes_pass_as_they_are_while_clients_come_and_go(link: Path) -> None:
    terminal = PseudoTerminal(str(link))
    for _ in range(3):
        client = os.open(link, os.O_RDWR | os.O_NOCTTY)
        os.write(client, b"\x00\r\n\x03\x04\x11\xff")
        assert os.read(terminal.master, 100) == b"\x00\r\n\x03\x04\x11\xff"
        os.write(terminal.master, b"\x04\n\r\x7f")
        assert os.read(client, 100) == b"\x04\n\r\x7f"
        os.close(client)
    with pytest.raises(BlockingIOError):
        os.read(terminal.master, 100)
    terminal.close()


@pytest.mark.parametrize("target", ["/nowhere/at/all", "/dev/pts/ptmx"])
def test_a_link_left_behind_is_replaced(link: Path, target: str) -> None:
    link.symlink_to(target)
    terminal = PseudoTerminal(str(link))
    assert str(link.readlink()) == terminal.name
    terminal.close()


def test_anything_else_is_left_alone(link: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("data")
    link.symlink_to(precious)
    for path in (precious, link, tmp_path):
        with pytest.raises(UsageError, match="is no link to a pty"):
            PseudoTerminal(str(path))
    assert precious.read_text() == "data"
    assert link.readlink() == precious


def test_no_directory_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        PseudoTerminal(str(tmp_path / "missing" / "meters"))


def test_a_link_that_was_taken_over_is_not_removed(link: Path) -> None:
    first, second = PseudoTerminal(str(link)), PseudoTerminal(str(link))
    first.close()
    assert str(link.readlink()) == second.name
    second.close()


def test_files_are_closed_when_the_link_is_refused(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with pytest.raises(UsageError):
            PseudoTerminal(str(tmp_path))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
