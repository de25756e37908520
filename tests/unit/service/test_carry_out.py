"""Steps are carried out in a tree."""

import grp
import os
from pathlib import Path

import pytest

from mbmd.errors import MbmdError
from mbmd.service.carry_out import carry_out
from mbmd.service.steps import Keep, Link, Remove, Run, Step, Write

FILE = Path("/etc/systemd/system/mbmd.service")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_file_is_written_with_its_folders_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "etc/systemd/system/mbmd.service"
    assert carry_out(Write(FILE, "text"), tmp_path) == f"wrote {path}"
    assert (path.read_text(encoding="utf-8"), mode(path)) == ("text", 0o644)
    assert list(path.parent.iterdir()) == [path]


def test_a_file_with_that_text_is_left_alone_and_another_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "etc/systemd/system/mbmd.service"
    carry_out(Write(FILE, "text"), tmp_path)
    before = path.stat()
    assert carry_out(Write(FILE, "text"), tmp_path) == f"{path} is as it should be"
    assert path.stat().st_ino == before.st_ino
    path.write_bytes(b"\xff")
    assert carry_out(Write(FILE, "text"), tmp_path) == f"wrote {path}"


def test_what_a_group_may_read_others_may_not(tmp_path: Path) -> None:
    group = grp.getgrgid(os.getgid()).gr_name
    carry_out(Write(FILE, "text", group), tmp_path)
    path = tmp_path / "etc/systemd/system/mbmd.service"
    assert (mode(path), path.stat().st_gid) == (0o640, os.getgid())


def test_a_group_that_is_not_there_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(MbmdError, match=r"write /etc/.*: there is no group no-such-group"):
        carry_out(Write(FILE, "text", "no-such-group"), tmp_path)
    assert list((tmp_path / "etc/systemd/system").iterdir()) == []


def test_a_link_replaces_another(tmp_path: Path) -> None:
    path = tmp_path / "etc/wanted"
    for to in ("/a", "/b"):
        assert carry_out(Link(Path("/etc/wanted"), Path(to)), tmp_path) == f"linked {path} to {to}"
        assert str(path.readlink()) == to


def test_files_links_and_folders_go_and_what_a_link_leads_to_stays(tmp_path: Path) -> None:
    (tmp_path / "folder" / "in").mkdir(parents=True)
    (tmp_path / "file").touch()
    (tmp_path / "kept").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    for name in ("folder", "file", "link", "missing"):
        assert carry_out(Remove(Path("/", name), is_folder=True), tmp_path) == f"removed {tmp_path / name}"
    assert list(tmp_path.iterdir()) == [tmp_path / "kept"]


def test_a_folder_in_the_place_of_a_file_stays(tmp_path: Path) -> None:
    (tmp_path / "etc/mbmd.yaml").mkdir(parents=True)
    with pytest.raises(MbmdError, match=r"^remove /etc/mbmd.yaml: "):
        carry_out(Remove(Path("/etc/mbmd.yaml")), tmp_path)
    assert (tmp_path / "etc/mbmd.yaml").is_dir()


STEPS = (Write(FILE, "text"), Link(FILE, FILE), Remove(FILE), Remove(FILE, is_folder=True))


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_link_of_a_tree_that_leads_to_this_system_is_not_followed(step: Step, tmp_path: Path) -> None:
    root, outside = tmp_path / "tree", tmp_path / "outside"
    (outside / "system").mkdir(parents=True)
    (outside / "system/mbmd.service").write_text("kept")
    (root / "etc").mkdir(parents=True)
    (root / "etc/systemd").symlink_to(outside)
    with pytest.raises(MbmdError, match=f"a link leads from .* out of {root}$"):
        carry_out(step, root)
    assert (outside / "system/mbmd.service").read_text() == "kept"


def test_a_link_that_stays_in_the_tree_is_followed(tmp_path: Path) -> None:
    (tmp_path / "usr/systemd").mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/systemd").symlink_to("../usr/systemd")
    carry_out(Write(FILE, "text"), tmp_path)
    assert (tmp_path / "usr/systemd/system/mbmd.service").read_text() == "text"


def test_a_link_in_the_place_of_a_file_is_replaced_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    path, other = tmp_path / "etc/systemd/system/mbmd.service", tmp_path / "other"
    path.parent.mkdir(parents=True)
    other.write_text("text")
    path.symlink_to(other)
    assert carry_out(Write(FILE, "text"), tmp_path) == f"wrote {path}"
    assert (path.is_symlink(), other.read_text()) == (False, "text")


def test_folders_are_for_everyone_whatever_the_umask_is(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        carry_out(Write(FILE, "text"), tmp_path)
    finally:
        os.umask(before)
    assert {mode(tmp_path / name) for name in ("etc", "etc/systemd", "etc/systemd/system")} == {0o755}


def test_what_is_kept_is_told(tmp_path: Path) -> None:
    assert carry_out(Keep(FILE, "yours"), tmp_path) == f"kept {tmp_path}{FILE}: yours"


def test_a_program_that_fails_is_told_with_what_it_said() -> None:
    assert carry_out(Run(("true",))) == "ran true"
    assert carry_out(Run(("false",), may_fail=True)) == "ran false"
    with pytest.raises(MbmdError) as caught:
        carry_out(Run(("sh", "-c", "echo out; echo wrong >&2; exit 3")))
    assert str(caught.value).endswith(" failed:\n  wrong")
    with pytest.raises(MbmdError, match=r"^false failed:\n  exit code 1$"):
        carry_out(Run(("false",)))


def test_a_program_that_is_missing_is_told() -> None:
    with pytest.raises(MbmdError, match=r"^no-such-program now: there is no no-such-program here$"):
        carry_out(Run(("no-such-program", "now")))


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "etc").touch()
    with pytest.raises(MbmdError, match=r"^write /etc/systemd/system/mbmd.service: "):
        carry_out(Write(FILE, "text"), tmp_path)
