"""Wheels unpacked for another machine than this."""

import zipfile
from pathlib import Path

import pytest

from mbmd.errors import MbmdError
from wheels.deb.unpack import check, unpack, wheels_in

OWN = "mbmd-1.0-cp311-abi3-manylinux_2_17_aarch64.whl"


def wheel(folder: Path, name: str, *files: str) -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        for file in files:
            archive.writestr(file, file)
    return path


def test_wheels_are_known_by_their_names(tmp_path: Path) -> None:
    wheel(tmp_path, OWN)
    wheel(tmp_path, "paho_mqtt-2.2.0-1-py2.py3-none-any.whl")
    (tmp_path / "SHA256SUMS").touch()
    assert [(found.name, found.version) for found in wheels_in(tmp_path)] == [("mbmd", "1.0"), ("paho-mqtt", "2.2.0")]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "no wheel of mbmd"),
        (["yaml-1-py3-none-any.whl"], "no wheel of mbmd"),
        ([OWN, "mbmd-1.1-cp311-abi3-manylinux_2_17_aarch64.whl"], "has mbmd more than once"),
        ([OWN, "wrong.whl"], "is not named as wheels are"),
    ],
)
def test_a_folder_that_will_not_do_is_refused(names: list[str], message: str, tmp_path: Path) -> None:
    for name in names:
        wheel(tmp_path, name)
    with pytest.raises(MbmdError, match=message):
        wheels_in(tmp_path)


@pytest.mark.parametrize(
    ("tags", "python", "machine", "fits"),
    [
        ("cp311-abi3-manylinux_2_17_aarch64", "3.11", "aarch64", True),
        ("cp311-abi3-manylinux_2_17_aarch64", "3.13", "aarch64", True),
        ("cp312-abi3-manylinux_2_17_aarch64", "3.11", "aarch64", False),
        ("cp311-abi3-manylinux_2_17_aarch64", "3.11", "x86_64", False),
        ("cp311-cp311-manylinux1_x86_64.manylinux_2_28_x86_64", "3.11", "x86_64", True),
        ("cp311-cp311-manylinux1_x86_64.manylinux_2_28_x86_64", "3.13", "x86_64", False),
        ("cp39-abi3-linux_armv7l", "3.13", "armv7l", True),
        ("py3-none-any", "3.13", "armv7l", True),
        ("py2.py3-none-any", "3.11", "x86_64", True),
        ("py2-none-any", "3.11", "x86_64", False),
    ],
)
def test_a_wheel_has_to_be_for_the_python_and_the_machine(
    tags: str, python: str, machine: str, fits: bool, tmp_path: Path
) -> None:
    wheel(tmp_path, f"mbmd-1.0-{tags}.whl")
    found = wheels_in(tmp_path)
    if fits:
        check(found, python, machine)
        return
    with pytest.raises(MbmdError, match=r"mbmd-1\.0-.*\.whl is not for "):
        check(found, python, machine)


def test_what_is_imported_is_unpacked_and_scripts_are_not(tmp_path: Path) -> None:
    names = ("mbmd/a.py", "mbmd-1.0.data/purelib/b.py", "mbmd-1.0.data/scripts/c", "mbmd-1.0.data/data/share/d")
    wheel(tmp_path, OWN, *names)
    (found,) = wheels_in(tmp_path)
    unpack(found, tmp_path / "out")
    out = {str(path.relative_to(tmp_path / "out")): path for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert {name: path.read_text(encoding="utf-8") for name, path in out.items()} == {
        "mbmd/a.py": "mbmd/a.py",
        "b.py": "mbmd-1.0.data/purelib/b.py",
    }


@pytest.mark.parametrize("name", ["../outside", "/outside", "mbmd-1.0.data/purelib/../../outside"])
def test_a_file_that_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    wheel(tmp_path, OWN, name)
    (found,) = wheels_in(tmp_path)
    with pytest.raises(MbmdError, match="leads elsewhere"):
        unpack(found, tmp_path / "in" / "out")
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no wheel"])
def test_what_is_no_wheel_inside_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / OWN).write_bytes(content)
    (found,) = wheels_in(tmp_path)
    with pytest.raises(MbmdError, match="cannot be unpacked"):
        unpack(found, tmp_path / "out")
