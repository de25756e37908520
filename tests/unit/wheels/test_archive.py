"""The bits of an archive depend on what is in it, not on when, where and in what order it was packed."""

import gzip
import stat
import tarfile
import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest

from mbmd.errors import MbmdError
from wheels.archive import repack_tar_gz, repack_zip, unpack_files, unpack_sdist

EPOCH = 1_700_000_000
FILES = ["m-1.dist-info/RECORD", "m/b.py", "m-1.dist-info/METADATA", "m/a.so"]


def wheel(path: Path, names: Sequence[str], mode: int, year: int) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("m/", (year, 1, 1, 0, 0, 0)), b"")
        for name in names:
            info = zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0))
            info.external_attr = (stat.S_IFREG | mode | (0o100 if name.endswith(".so") else 0)) << 16
            archive.writestr(info, name.encode())
    repack_zip(path, EPOCH)
    return path


def sdist(path: Path, names: Sequence[str], mode: int, owner: str) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            info = tarfile.TarInfo(f"m-1/{name}")
            info.size, info.mode, info.uname, info.mtime = len(name), mode, owner, mode
            archive.addfile(info, BytesIO(name.encode()))
    repack_tar_gz(path, EPOCH)
    return path


def test_two_wheels_of_the_same_files_are_the_same(tmp_path: Path) -> None:
    one = wheel(tmp_path / "one.whl", FILES, 0o644, 1999)
    other = wheel(tmp_path / "other.whl", FILES[::-1], 0o664, 2026)
    assert one.read_bytes() == other.read_bytes()


def test_a_wheel_keeps_its_files_and_has_its_record_last(tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel(tmp_path / "one.whl", FILES, 0o600, 2026)) as archive:
        assert archive.namelist() == ["m/a.so", "m/b.py", "m-1.dist-info/METADATA", "m-1.dist-info/RECORD"]
        assert all(archive.read(name) == name.encode() for name in FILES)
        modes = [stat.S_IMODE(info.external_attr >> 16) for info in archive.infolist()]
        assert modes == [0o755, 0o644, 0o644, 0o644]
        assert {info.date_time for info in archive.infolist()} == {(2023, 11, 14, 22, 13, 20)}


def test_two_sdists_of_the_same_files_are_the_same(tmp_path: Path) -> None:
    one = sdist(tmp_path / "one.tar.gz", FILES, 0o644, "root")
    other = sdist(tmp_path / "other.tar.gz", FILES[::-1], 0o600, "someone")
    assert one.read_bytes() == other.read_bytes()
    assert b"one" not in gzip.decompress(one.read_bytes())


def test_an_unpacked_sdist_tells_its_time(tmp_path: Path) -> None:
    folder, epoch = unpack_sdist(sdist(tmp_path / "one.tar.gz", FILES, 0o644, "root"), tmp_path / "out")
    assert folder == tmp_path / "out/m-1"
    assert (folder / "m/b.py").read_text() == "m/b.py"
    assert epoch == EPOCH


def test_nothing_is_unpacked_beside_its_folder(tmp_path: Path) -> None:
    content = BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        member = tarfile.TarInfo("../beside")
        member.size = 3
        archive.addfile(member, BytesIO(b"abc"))
    content.seek(0)
    with tarfile.open(fileobj=content) as archive, pytest.raises(MbmdError, match=r"\.\./beside"):
        unpack_files(archive, tmp_path / "folder")
    assert not (tmp_path / "beside").exists()


def test_links_are_left_out(tmp_path: Path) -> None:
    content = BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    content.seek(0)
    with tarfile.open(fileobj=content) as archive:
        unpack_files(archive, tmp_path)
    assert not list(tmp_path.iterdir())
