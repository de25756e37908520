"""A build for another machine sees that machine's Python, and nothing of the one that runs it."""

import subprocess
import sys
from pathlib import Path

import pytest

from wheels.cross import Target, building, variables
from wheels.recipe import recipe

PRINT = """
import sysconfig
for name in ("EXT_SUFFIX", "SOABI", "CC", "INCLUDEPY", "py_version_nodot"):
    print(sysconfig.get_config_var(name))
print(sysconfig.get_platform())
"""


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return Target(recipe().platforms["armv7l"], "3.13", tmp_path / "headers")


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """An interpreter in an environment that has a compiler."""
    compiler = tmp_path / "lib/python3.11/site-packages/ziglang/zig"
    compiler.parent.mkdir(parents=True)
    compiler.write_text('#!/bin/sh\necho "$@"\n')
    compiler.chmod(0o755)
    return tmp_path / "bin/python"


def test_python_says_what_it_would_say_there(target: Target, python: Path, tmp_path: Path) -> None:
    with building(target, python, tmp_path, 0) as env:
        done = subprocess.run([sys.executable, "-c", PRINT], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [
        ".cpython-313-arm-linux-gnueabihf.so",
        "cpython-313-arm-linux-gnueabihf",
        "cc",
        f"{tmp_path}/headers/usr/include/python3.13",
        "313",
        "linux-armv7l",
    ]


def test_the_compiler_is_found_first_and_is_given_the_target(target: Target, python: Path, tmp_path: Path) -> None:
    with building(target, python, tmp_path, 0) as env:
        done = subprocess.run(["cc", "-c", "a b.c"], env=env, capture_output=True, text=True, check=True)
    words = done.stdout.split()
    assert words[:3] == ["cc", "-target", "arm-linux-gnueabihf.2.17"]
    assert "-mcpu=generic+v7a+vfp3d16-neon-d32" in words
    assert f"-ffile-prefix-map={tmp_path}=." in words
    assert words[-3:] == ["-c", "a", "b.c"]


def test_nothing_of_this_machine_goes_into_a_build(
    target: Target, python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CFLAGS", "-march=native")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt")
    with building(target, python, tmp_path, 1_700_000_000) as env:
        assert not {"CFLAGS", "LD_LIBRARY_PATH"} & set(env)
        assert env["SOURCE_DATE_EPOCH"] == "1700000000"
        assert env["TZ"] == "UTC"
        assert not Path(env["TMPDIR"]).is_relative_to(tmp_path)
    assert not Path(env["TMPDIR"]).exists()


def test_another_python_has_other_names(tmp_path: Path) -> None:
    other = Target(recipe().platforms["aarch64"], "3.11", tmp_path)
    assert variables(other)["EXT_SUFFIX"] == ".cpython-311-aarch64-linux-gnu.so"
