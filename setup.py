"""Builds the native kernels; everything else is in pyproject.toml.

MBMD_DEBUG=1     -O0 with symbols, bounds checks in the Cython code
MBMD_SANITIZE=1  address and undefined-behaviour sanitizers (run with libasan preloaded)
"""

import os

from Cython.Build import cythonize
from setuptools import Extension, setup

KERNELS = ["counters", "crc", "decode", "exchange", "framing", "query", "timer", "window"]

DEBUG = bool(os.environ.get("MBMD_DEBUG"))
SANITIZE = bool(os.environ.get("MBMD_SANITIZE"))

compile_args = ["-O0", "-g"] if DEBUG else ["-O3", "-g0"]
link_args = []
if SANITIZE:
    flags = ["-fsanitize=address,undefined", "-fno-omit-frame-pointer"]
    compile_args = ["-O1", "-g", *flags]
    link_args = flags

extensions = [
    Extension(
        f"mbmd._native.{kernel}",
        [f"mbmd/_native/{kernel}.pyx"],
        define_macros=[("Py_LIMITED_API", "0x030B0000")],
        py_limited_api=True,
        extra_compile_args=compile_args,
        extra_link_args=link_args,
    )
    for kernel in KERNELS
]

setup(
    ext_modules=cythonize(
        extensions,
        build_dir="build/cython",
        compiler_directives={
            "language_level": 3,
            "boundscheck": DEBUG,
            "wraparound": False,
            "cdivision": True,
            "embedsignature": False,
            # Without these, the stable ABI packs the arguments of every call into a tuple and a dictionary.
            "binding": False,
            "always_allow_keywords": False,
        },
    ),
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
