"""What is built is the last commit, or the work tree as it stands where it differs."""

import subprocess
from pathlib import Path

import pytest

from mbmd.errors import UsageError
from wheels import source


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A work tree with one commit and one file that git ignores."""
    folder = tmp_path / "tree"
    folder.mkdir()
    for name, text in {"kept": "1", "gone": "1", ".gitignore": "built\n", "built": "1"}.items():
        (folder / name).write_text(text)
    for key, text in {"NAME": "a", "EMAIL": "a@example.org", "DATE": "1700000000 +0000"}.items():
        monkeypatch.setenv(f"GIT_AUTHOR_{key}", text)
        monkeypatch.setenv(f"GIT_COMMITTER_{key}", text)
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run(["git", "-C", folder, *words], check=True)
    monkeypatch.setattr(source, "ROOT", folder)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_clean_tree_is_the_commit(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = source.exported(tmp_path / "out")
    assert made.epoch == 1_700_000_000
    assert names(made.folder) == [".gitignore", "gone", "kept"]
    assert capsys.readouterr().err == ""


def test_a_changed_tree_is_taken_as_it_stands_and_that_is_said(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / "kept").write_text("2")
    (tree / "new").touch()
    (tree / "gone").unlink()
    made = source.exported(tmp_path / "out")
    assert names(made.folder) == [".gitignore", "kept", "new"]
    assert (made.folder / "kept").read_text() == "2"
    assert "3 files differ from the last commit: they are built as they stand" in capsys.readouterr().err


def test_without_git_the_sdist_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "ROOT", tmp_path)
    with pytest.raises(UsageError, match="not a git work tree: give what to build with --sdist"):
        source.exported(tmp_path / "out")
