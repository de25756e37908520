"""What can be told of wheels by looking at them."""

import zipfile
from pathlib import Path

import pytest

from mbmd.errors import MbmdError, UsageError
from wheels import checksums
from wheels.proof.files import check_metadata, check_sums, check_wheel, tags_of, wheel_for

NAME = "mbmd-1.0-cp311-abi3-manylinux2014_armv7l.manylinux_2_17_armv7l.whl"
TAGS = ("cp311-abi3-manylinux2014_armv7l", "cp311-abi3-manylinux_2_17_armv7l")


def wheel(folder: Path, name: str = NAME, tags: tuple[str, ...] = TAGS) -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mbmd-1.0.dist-info/WHEEL", "".join(f"Tag: {tag}\n" for tag in tags))
    return path


def test_a_wheel_is_found_by_its_platform(tmp_path: Path) -> None:
    path = wheel(tmp_path)
    assert wheel_for(tmp_path, "armv7l") == path
    with pytest.raises(UsageError, match=r"0 wheels of mbmd for x86_64: run: python -m wheels build"):
        wheel_for(tmp_path, "x86_64")
    wheel(tmp_path, "mbmd-1.1-cp311-abi3-manylinux_2_17_armv7l.whl")
    with pytest.raises(UsageError, match="2 wheels"):
        wheel_for(tmp_path, "armv7l")


def test_name_and_contents_have_the_same_tags(tmp_path: Path) -> None:
    assert sorted(map(str, tags_of(wheel(tmp_path)))) == sorted(TAGS)
    with pytest.raises(MbmdError, match="its WHEEL file has the tags cp311-abi3-linux_armv7l"):
        tags_of(wheel(tmp_path, tags=("cp311-abi3-linux_armv7l",)))


@pytest.mark.parametrize(
    "platform", ["linux_armv7l", "manylinux_2_28_armv7l.manylinux_2_17_armv7l", "manylinux_2_17_armv7l"]
)
def test_a_wheel_for_a_newer_system_is_refused(platform: str, tmp_path: Path) -> None:
    tags = tuple(f"cp311-abi3-{tag}" for tag in platform.split("."))
    with pytest.raises(MbmdError, match="want the tags cp311-abi3-manylinux2014_armv7l, cp311-abi3-manylinux_2_17"):
        check_wheel(wheel(tmp_path, f"mbmd-1.0-cp311-abi3-{platform}.whl", tags), "armv7l")


def test_checksums_are_those_of_the_files(tmp_path: Path) -> None:
    with pytest.raises(MbmdError, match="missing"):
        check_sums(tmp_path)
    path = wheel(tmp_path)
    (tmp_path / checksums.NAME).write_text(checksums.checksums(tmp_path))
    assert check_sums(tmp_path) == "1 files"
    path.write_bytes(b"changed")
    (tmp_path / "more").touch()
    with pytest.raises(MbmdError, match=r"does not fit mbmd-1.0.*whl, more$"):
        check_sums(tmp_path)


def test_wheels_without_their_sdist_are_refused(tmp_path: Path) -> None:
    wheel(tmp_path)
    with pytest.raises(MbmdError, match="no sdist"):
        check_metadata(tmp_path)
