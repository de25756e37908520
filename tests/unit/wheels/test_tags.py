"""Of several wheels, the one is chosen that pip would take."""

import pytest

from wheels.tags import best, platform_tags, tags, targets

OURS = "mbmd-1.0-cp311-abi3-manylinux2014_armv7l.manylinux_2_17_armv7l.whl"


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_one_wheel_of_the_stable_abi_serves_all_pythons(python: str) -> None:
    assert best([OURS], "armv7l", python) == OURS
    assert best([OURS], "aarch64", python) is None


def test_a_wheel_of_the_python_itself_is_better_than_one_of_the_stable_abi_or_of_none() -> None:
    own = OURS.replace("abi3", "cp311")
    pure = "mbmd-1.0-py3-none-any.whl"
    assert best([pure, OURS, own], "armv7l", "3.11") == own
    assert best([pure, OURS, own], "armv7l", "3.13") == OURS
    assert best([pure], "armv7l", "3.13") == pure


@pytest.mark.parametrize(
    "name",
    [
        "a-1-cp314-cp314-manylinux_2_17_x86_64.whl",
        "a-1-cp313-cp313t-manylinux_2_17_x86_64.whl",
        "a-1-cp313-cp313-manylinux_2_39_x86_64.whl",
        "a-1-cp313-cp313-musllinux_1_2_x86_64.whl",
        "a-1-cp313-cp313-win_amd64.whl",
    ],
)
def test_what_pip_would_not_take_is_not_chosen(name: str) -> None:
    assert best([name], "x86_64", "3.13") is None


def test_newer_glibcs_come_first() -> None:
    assert platform_tags("aarch64")[0] == "manylinux_2_31_aarch64"
    assert platform_tags("aarch64")[-2:] == ["manylinux_2_17_aarch64", "manylinux2014_aarch64"]
    assert str(tags("aarch64", "3.13")[0]) == "cp313-cp313-manylinux_2_31_aarch64"


def test_targets_are_all_platforms_with_all_pythons() -> None:
    assert len(targets(["x86_64", "armv7l"])) == 6
