"""Folders are written whole or not at all, listed as sha256sum does, and compared."""

import contextlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from mbmd.errors import MbmdError, UsageError
from wheels import checksums
from wheels.__main__ import main
from wheels.compare import differences
from wheels.fetch import fetched, sha256
from wheels.output import kept, replaced


def test_a_folder_takes_the_place_of_what_was_made_before(tmp_path: Path) -> None:
    for name in ("old", "new"):
        with replaced(tmp_path / "out") as folder:
            (folder / name).touch()
            checksums.write(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["SHA256SUMS", "new"]


def test_what_was_there_stays_where_a_build_fails(tmp_path: Path) -> None:
    with replaced(tmp_path / "out") as folder:
        checksums.write(folder)
    with contextlib.suppress(KeyboardInterrupt), replaced(tmp_path / "out") as folder:
        (folder / "half").touch()
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "SHA256SUMS"]


def test_what_was_not_made_so_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "letters").write_text("dear")
    with pytest.raises(UsageError, match="holds something else"), replaced(tmp_path):
        pytest.fail("unreachable")
    assert (tmp_path / "letters").read_text() == "dear"


def test_of_two_that_make_the_same_the_first_is_kept(tmp_path: Path) -> None:
    with kept(tmp_path / "x") as one:
        (one / "first").touch()
        with kept(tmp_path / "x") as other:
            (other / "second").touch()
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["second"]
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_sha256sum_reads_the_list(tmp_path: Path) -> None:
    (tmp_path / "armv7l").mkdir()
    (tmp_path / "armv7l/b.whl").write_text("b")
    (tmp_path / "a.whl").write_text("a")
    checksums.write(tmp_path)
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "a.whl: OK\narmv7l/b.whl: OK\n"


def make(folder: Path, word: str) -> Path:
    folder.mkdir()
    with zipfile.ZipFile(folder / "a.whl", "w") as archive:
        archive.writestr(zipfile.ZipInfo("same"), "same")
        archive.writestr(zipfile.ZipInfo("told"), word)
    return folder


def test_the_same_folders_have_no_differences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = make(tmp_path / "one", "x"), make(tmp_path / "other", "x")
    assert main(["compare", str(one), str(other)]) == 0
    assert capsys.readouterr().out == "the same: 1 file\n"


def test_what_differs_is_named_down_to_the_file_in_a_wheel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = make(tmp_path / "one", "x"), make(tmp_path / "other", "y")
    (other / "more").touch()
    assert list(differences(one, other)) == ["a.whl: differs in told", f"more: only in {other}"]
    assert main(["compare", str(one), str(other)]) == 1
    assert main(["compare", str(one), str(tmp_path / "none")]) == 2
    assert "no such folder" in capsys.readouterr().err


def test_a_file_is_taken_of_the_first_place_that_has_it(tmp_path: Path) -> None:
    source, wanted = tmp_path / "source", tmp_path / "kept/wanted"
    source.write_text("what is meant")
    expected = sha256(source)
    urls = [f"file://{tmp_path}/none", source.as_uri()]
    assert fetched(urls, expected, wanted).read_text() == "what is meant"
    source.unlink()
    assert fetched(urls, expected, wanted) == wanted


def test_another_file_than_expected_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "source").write_text("something else")
    with pytest.raises(MbmdError, match=r"wanted: not to be had:\nfile://.*: another file than the recipe's"):
        fetched([(tmp_path / "source").as_uri()], "00", tmp_path / "wanted")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]
