"""Commands in a tree end as they do by themselves."""

import errno
import sys
from pathlib import Path

import pytest

from wheels.proof import enter
from wheels.proof.enter import advice, entering


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree that is this machine."""
    monkeypatch.setattr(enter, "_prepare", lambda *_: None)
    monkeypatch.setattr(enter, "WORK", str(tmp_path))
    monkeypatch.setattr("os.chroot", lambda _: None)
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, tree: Path, *command: str) -> int:
    monkeypatch.setattr(sys, "argv", ["enter", "armv7l", "/usr/bin/qemu", str(tree), str(tree), *command])
    return enter.main()


def test_a_command_runs_in_the_folder_with_an_environment_of_its_own(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/ours")
    assert run(monkeypatch, tree, "sh", "-c", "echo $PWD $HOME $QEMU_CPU $PYTHONPATH > said; exit 3") == 3
    assert (tree / "said").read_text() == f"{tree} /work/home cortex-a7,neon=off\n"


def test_a_crash_is_told(tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, tree, "sh", "-c", "kill -SEGV $$") == 139
    assert capsys.readouterr().err == "ended by SIGSEGV\n"


def test_a_command_that_is_not_there_is_told(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, tree, "no-such-program") == enter.CANNOT_ENTER
    assert "no-such-program" in capsys.readouterr().err


def test_a_kernel_that_runs_no_foreign_programs_is_told() -> None:
    assert "Linux 6.7 or later, or apt-get install binfmt-support" in advice(OSError(errno.ENOEXEC, "no"), "armv7l")


def test_a_tree_is_entered_by_namespaces_of_ones_own() -> None:
    line = entering("armv7l", "/usr/bin/qemu", Path("/tree"), Path("/here"), ["mbmd", "version"])
    assert line[0] == "unshare"
    assert {"--user", "--net", "--pid", "--kill-child"} <= set(line)
    assert line[-6:] == ["armv7l", "/usr/bin/qemu", "/tree", "/here", "mbmd", "version"]
