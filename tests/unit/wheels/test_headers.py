"""Headers are unpacked of Debian's packages, which are ar archives of tar archives."""

import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.errors import MbmdError
from wheels.headers import unpack


def tar(*names: str) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:xz") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(name)
            archive.addfile(info, io.BytesIO(name.encode()))
    return content.getvalue()


def package(**members: bytes) -> bytes:
    parts = [b"!<arch>\n"]
    for name, data in members.items():
        header = f"{name.replace('_', '.'):<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n"
        parts += [header.encode(), data, b"\n" * (len(data) % 2)]
    return b"".join(parts)


def test_headers_are_unpacked_and_nothing_else(tmp_path: Path) -> None:
    data = tar("./usr/include/python3.13/Python.h", "./usr/lib/python3.13/libpython.a")
    unpack(package(control_tar_xz=b"odd", data_tar_xz=data), tmp_path)
    files = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert files == ["usr/include/python3.13/Python.h"]


@pytest.mark.parametrize("broken", [b"", b"PK\3\4", b"!<arch>\n", package(control_tar_xz=b"x")])
def test_what_is_no_package_is_refused(tmp_path: Path, broken: bytes) -> None:
    with pytest.raises(MbmdError, match="delete build/wheels/downloads"):
        unpack(broken, tmp_path)


@given(st.binary(max_size=200) | st.binary(min_size=60, max_size=200))
def test_rubbish_is_refused(rubbish: bytes) -> None:
    with pytest.raises(MbmdError):
        unpack(b"!<arch>\n" + rubbish, Path("/nonexistent"))
