"""What extensions may demand of a machine."""

from dataclasses import replace
from typing import Any

import pytest

from wheels.proof.elf import Demands, complaints

ARM = {"TAG_CPU_ARCH": 10, "TAG_ABI_VFP_ARGS": 1}
GOOD = Demands("EM_ARM", frozenset({"libc.so.6", "ld-linux-armhf.so.3"}), (), (2, 4), ARM)


def test_a_modest_extension_is_taken() -> None:
    assert complaints(GOOD, "armv7l") == []
    assert complaints(Demands("EM_X86_64", frozenset({"libm.so.6"}), (), (2, 17), {}), "x86_64") == []
    assert complaints(Demands("EM_AARCH64", frozenset(), (), (), {}), "aarch64") == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"machine": "EM_AARCH64"}, "is for EM_AARCH64"),
        ({"libraries": frozenset({"libssl.so.3", "libc.so.6"})}, "needs libssl.so.3"),
        ({"paths": ("DT_RUNPATH",)}, "has DT_RUNPATH"),
        ({"glibc": (2, 18)}, "needs glibc 2.18"),
        ({"glibc": (2, 17, 1)}, "needs glibc 2.17.1"),
        ({"attributes": ARM | {"TAG_ADVANCED_SIMD_ARCH": 1}}, "has TAG_ADVANCED_SIMD_ARCH 1"),
        ({"attributes": ARM | {"TAG_CPU_ARCH": 14}}, "has TAG_CPU_ARCH 14"),
        ({"attributes": {}}, "passes no floats in registers (hard float)"),
    ],
)
def test_one_that_demands_more_is_named(change: dict[str, Any], said: str) -> None:
    assert complaints(replace(GOOD, **change), "armv7l") == [said]
