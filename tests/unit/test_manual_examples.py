"""Configurations in the manual are good, as `mbmd config check` sees them."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from mbmd.cli import main
from mbmd.config.model import Config, keys

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
MISSING = (
    "no devices: name them with",
    "cannot be read: No such file or directory",
    "no package that is installed brings one",
)
"""What may be wrong with a part of a configuration: the rest of it, and what is only on the machine of its reader."""
ELIDED = ("is no hash of a", "must be a name and a hash")
"""What `...` in place of a hash is told."""


class Example(NamedTuple):
    """A configuration, or a part of one, and the number of its block on the page."""

    page: str
    number: int
    text: str


def examples() -> list[Example]:
    """All YAML of the manual that is of mbmd, and not of another program."""
    return [
        Example(page.stem, number, text)
        for page in PAGES
        for number, text in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")))
        if is_of_mbmd(parsed(text))
    ]


def is_of_mbmd(content: dict[str, Any]) -> bool:
    """Whether it has no key at the top but ours; Home Assistant has a section mqtt too, with lists of entities."""
    return content.keys() <= keys(Config).keys() and "sensor" not in (content.get("mqtt") or ())


def parsed(text: str) -> dict[str, Any]:
    content = yaml.safe_load(text)
    return content if isinstance(content, dict) else {"": content}


def complaints(text: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What the command says is wrong, with the secrets that the text names as relative files in place."""
    for name in re.findall(r"_file: ([\w.]+)", text):
        (folder / name).write_text("secret\n", encoding="utf-8")
        (folder / name).chmod(0o600)
    file = folder / "mbmd.yaml"
    file.write_text(text, encoding="utf-8")
    capsys.readouterr()
    code = main(["config", "check", str(file)])
    told = capsys.readouterr()
    assert code == (2 if told.err else 0)
    return told.err.splitlines()


@pytest.mark.parametrize("example", examples(), ids=lambda example: f"{example.page}-{example.number}")
def test_a_configuration_is_good(example: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    excused = MISSING + (ELIDED if "..." in example.text else ())
    told = complaints(example.text, tmp_path, capsys)
    assert [line for line in told if not any(excuse in line for excuse in excused)] == []


def test_a_configuration_with_devices_is_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = [example for example in examples() if "devices" in parsed(example.text)]
    assert {"configuration", "large-sites", "sunspec"} <= {example.page for example in whole}
    assert [line for example in whole for line in complaints(example.text, tmp_path, capsys)] == []


def test_the_large_site_is_as_large_as_it_says() -> None:
    page = next(
        parsed(example.text) for example in examples() if example.page == "large-sites" and "devices:" in example.text
    )
    assert (len(page["adapters"]), len(page["devices"])) == (6, 60)


def test_what_is_wrong_would_be_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = complaints("devices: [{type: sdmm, id: 1, adapter: mock}]\n", tmp_path, capsys)
    assert len(told) == 1
    assert "sdmm" in told[0]
