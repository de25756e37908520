"""The manual says what the code says, and its links lead somewhere."""

import re
from pathlib import Path

import pytest

from mbmd.devices.registry import BUILT_IN
from mbmd.measurements import CATALOGUE
from tests import approve

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("docs/*.md"))]


def anchors(page: Path) -> set[str]:
    """What the headings of a page are called in links."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    for link in links:
        if ":" in link:
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_says_what_it_is(page: Path) -> None:
    fences = re.findall(r"^ *```(.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(fences) % 2 == 0
    assert all(fences[::2]), (
        "say what a block is: ```sh for commands that work as they stand, else ```text or a language"
    )
    assert not any(fences[1::2])


@pytest.mark.parametrize("name", ["meters", "performance"])
def test_what_is_written_out_of_the_device_tables_is_as_they_say(name: str) -> None:
    diff = approve.changes(f"../../docs/{name}.md")
    assert not diff, f"device tables or the planner changed; run `python -m tests.approve`:\n{diff}"


def test_every_meter_and_every_measurement_has_its_place() -> None:
    page = (ROOT / "docs" / "meters.md").read_text(encoding="utf-8")
    assert {name.lower() for name in BUILT_IN.names()} < anchors(ROOT / "docs" / "meters.md")
    rows = re.findall(r"^\| `(\w+)` \|", page.partition("\n## Measurements\n")[2], re.MULTILINE)
    assert rows == list(CATALOGUE)


@pytest.mark.parametrize("page", ["README.md", "docs/index.md"])
def test_types_are_counted_right(page: str) -> None:
    assert f"{len(BUILT_IN.names())} types" in (ROOT / page).read_text(encoding="utf-8")


def test_every_meter_is_said_to_measure_all_that_its_table_has() -> None:
    sections = re.split(r"^## ", (ROOT / "docs" / "meters.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    for name in BUILT_IN.names():
        device = BUILT_IN.get(name)
        section = next(text for text in sections if text.startswith(f"{device.type}\n"))
        cells = re.findall(r"`(\w+)`(?: … `(\w+)`)?", "\n".join(re.findall(r"^\|.*$", section, re.MULTILINE)))
        said = {one for first, last in cells for one in span(first, last)}
        assert said == set(device.measurements), name


def span(first: str, last: str) -> list[str]:
    """The measurements from the first to the last of a quantity, in the order of the catalogue."""
    if not last:
        return [first]
    names = list(CATALOGUE)
    return names[names.index(first) : names.index(last) + 1]
