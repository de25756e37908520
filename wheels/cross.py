"""Building for another machine: a compiler, and what a Python there would say of itself.

Python's own way for this is a module of build-time variables (`_PYTHON_SYSCONFIGDATA_NAME`): setuptools takes the
compiler, the headers, the names of extensions and the tags of wheels from it, and nothing of the Python that runs it.
"""

import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wheels.folders import WORK
from wheels.headers import headers_folder
from wheels.recipe import Platform, Recipe
from wheels.tools import zig

_DATA = "_sysconfigdata_of_the_target"


@dataclass(frozen=True)
class Target:
    """What is built for."""

    platform: Platform
    python: str
    """Version of CPython, such as 3.13."""
    headers: Path


def target(recipe: Recipe, platform: str, python: str) -> Target:
    """A target, with its headers at hand."""
    return Target(recipe.platforms[platform], python, headers_folder(recipe.headers[python, platform]))


def variables(target: Target) -> dict[str, str | int]:
    """Python's build-time variables of the target: only what builds ask for."""
    soabi = f"cpython-{target.python.replace('.', '')}-{target.platform.triplet}"
    return {
        "AR": "ar",
        "ARFLAGS": "rcs",
        "CC": "cc",
        "CCSHARED": "-fPIC",
        "CFLAGS": "-DNDEBUG -fwrapv -O3",
        "CXX": "c++",
        "EXT_SUFFIX": f".{soabi}.so",
        "INCLUDEPY": str(target.headers / f"usr/include/python{target.python}"),
        # Without a level, zig links what it has for debugging.
        "LDCXXSHARED": "c++ -shared -O2 -s",
        "LDSHARED": "cc -shared -O2 -s",
        "MULTIARCH": target.platform.triplet,
        "Py_DEBUG": 0,
        "Py_ENABLE_SHARED": 0,
        "Py_GIL_DISABLED": 0,
        "RANLIB": "ranlib",
        "SHLIB_SUFFIX": ".so",
        "SOABI": soabi,
        "py_version_nodot": target.python.replace(".", ""),
    }


@contextmanager
def building(target: Target, python: Path, folder: Path, epoch: int) -> Iterator[Mapping[str, str]]:
    """Within, an environment in which all that is built in a folder is built for a target.

    `python` is the interpreter with the tools, `epoch` the only time that shall be found in what is built.
    """
    with tempfile.TemporaryDirectory(prefix="mbmd-") as name:
        shims = Path(name)
        _write_programs(target, zig(python), folder, shims)
        (shims / f"{_DATA}.py").write_text(f"build_time_vars = {variables(target)!r}\n")
        yield {
            "AR": "ar",
            "CC": "cc",
            "CXX": "c++",
            "HOME": name,
            "LC_ALL": "C.UTF-8",
            "RANLIB": "ranlib",
            "PATH": f"{shims}:{python.parent}:{os.defpath}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": name,
            "SOURCE_DATE_EPOCH": str(epoch),
            "TMPDIR": name,
            "TZ": "UTC",
            "ZIG_GLOBAL_CACHE_DIR": str(WORK / "zig"),
            "ZIG_LOCAL_CACHE_DIR": str(WORK / "zig"),
            "_PYTHON_HOST_PLATFORM": f"linux-{target.platform.name}",
            "_PYTHON_SYSCONFIGDATA_NAME": _DATA,
        }


def _write_programs(target: Target, zig: Path, folder: Path, shims: Path) -> None:
    """The compiler under the names that builds call it by: no path of this machine goes into what it makes."""
    flags = [
        *("-target", target.platform.target, *target.platform.flags),
        *("-g0", f"-ffile-prefix-map={folder}=.", f"-ffile-prefix-map={target.headers}=."),
        f"-I{target.headers}/usr/include",
    ]
    programs = {"cc": ["cc", *flags], "c++": ["c++", *flags], "ar": ["ar"], "ranlib": ["ranlib"]}
    for name, arguments in programs.items():
        script = shims / name
        words = " ".join(f"'{word}'" for word in (zig, *arguments))
        script.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
