"""The recipe is read whole, or refused with its path and what is wrong."""

from pathlib import Path

import pytest

from mbmd.errors import UsageError
from wheels.recipe import ABI, Recipe, parse, recipe

PATH = Path("recipe.toml")
GOOD = """
tools = ["build"]
[platforms.armv7l]
architecture = "armhf"
target = "arm-linux-gnueabihf.2.17"
triplet = "arm-linux-gnueabihf"
[[headers]]
python = "3.11"
platform = "armv7l"
path = "pool/x.deb"
sha256 = "00"
sha1 = "00"
[dependencies.uvloop]
programs = ["make"]
"""


def parsed(text: str) -> Recipe:
    return parse(text, PATH)


def test_a_recipe_is_read() -> None:
    read = parsed(GOOD)
    assert read.platforms["armv7l"].tag == "manylinux_2_17_armv7l"
    assert read.pythons("armv7l") == ["3.11"]
    assert read.pythons("x86_64") == []
    assert read.dependencies["uvloop"].programs == ["make"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('tools = ["build"]', "", "tools"),
        ("[dependencies.uvloop]", "[other]", "dependencies"),
        ('target = "arm', 'aim = "arm', "aim"),
        ('sha1 = "00"', "", "sha1"),
        ("programs", "program", "program"),
        ('platform = "armv7l"', 'platform = "vax"', "headers of 3.11 for vax: no such platform"),
        ("[platforms.armv7l]", "[platforms.armv7l", "line 3"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(UsageError, match=r"^recipe\.toml: ") as caught:
        parsed(GOOD.replace(old, new))
    assert said in str(caught.value)


def test_our_own_serves_three_platforms_with_the_stable_abi() -> None:
    assert list(recipe().platforms) == ["x86_64", "aarch64", "armv7l"]
    assert all((ABI, name) in recipe().headers for name in recipe().platforms)
    assert all(platform.tag == f"manylinux_2_17_{name}" for name, platform in recipe().platforms.items())
