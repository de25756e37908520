"""The manual is built without a warning, and is read without a network."""

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mbmd.cli import COMMANDS
from mbmd.devices.registry import BUILT_IN

DOCS = Path(__file__).parents[2] / "docs"
LOADED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "audio": "src",
    "video": "src",
    "embed": "src",
}
LOADED |= {"link": "href", "object": "data"}
"""Elements whose target a browser fetches by itself, by the attribute that names it."""


class Page(HTMLParser):
    """What a browser fetches for a page, and the ids that links lead to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.fetched += [target for target in (given.get(LOADED.get(tag, "")), given.get("srcset")) if target]
        self.ids.add(given.get("id") or "")


@pytest.fixture(scope="module")
def manual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("manual")
    how = ["--fail-on-warning", "--keep-going", "--quiet", "--jobs", "2", "-d", str(built / "trees")]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *how, str(DOCS), str(built / "html")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return built / "html"


def pages(manual: Path) -> Iterator[tuple[str, Page]]:
    for file in sorted(manual.glob("*.html")):
        yield file.name, Page(file.read_text(encoding="utf-8"))


def test_every_page_is_built(manual: Path) -> None:
    built = {name.removesuffix(".html") for name, _ in pages(manual)}
    assert {page.stem for page in DOCS.glob("*.md")} <= built


def test_nothing_is_fetched_from_elsewhere(manual: Path) -> None:
    for name, page in pages(manual):
        assert page.fetched
        assert [target for target in page.fetched if re.match(r"(\w+:)?//", target)] == [], name
    for sheet in manual.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        targets = re.findall(r"url\(\s*[\"']?([^\"')]*)", text) + re.findall(r"@import\s+[\"']([^\"']*)", text)
        assert [target for target in targets if re.match(r"(\w+:)?//", target)] == [], sheet.name


def test_what_is_fetched_is_there(manual: Path) -> None:
    for name, page in pages(manual):
        files = {re.sub(r"[?#].*", "", target) for target in page.fetched}
        assert [file for file in files if not (manual / file).exists()] == [], name


def test_the_search_knows_the_words_of_the_pages(manual: Path) -> None:
    index = (manual / "searchindex.js").read_text(encoding="utf-8")
    for word in ("SDM72V2", "Janitza", "Homie"):
        assert word.lower() in index


def test_each_meter_and_each_command_has_an_address_to_link_to(manual: Path) -> None:
    built = dict(pages(manual))
    assert {name.lower() for name in BUILT_IN.names()} <= built["meters.html"].ids
    assert {f"mbmd-{name}" for name in COMMANDS} <= built["commands.html"].ids


def test_options_keep_their_two_dashes(manual: Path) -> None:
    assert "mbmd passwd --token" in (manual / "commands.html").read_text(encoding="utf-8")
