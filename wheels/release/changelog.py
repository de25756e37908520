"""The form of CHANGELOG.md: Keep a Changelog 1.1, with versions by SemVer."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

UNRELEASED = "Unreleased"
KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
"""The headings that a section may have, in the order they stand in."""

_HEADING = re.compile(
    r"## (?P<open>\[)?(?P<name>Unreleased|\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)(?(open)\])"
    r"(?: - (?P<date>\d{4}-\d{2}-\d{2}))?(?P<yanked> \[YANKED\])?"
)
_LINK = re.compile(r"\[([^\]]+)\]: *(\S+)")


@dataclass
class Section:
    """What one version brings."""

    name: str
    line: int
    is_linked: bool = False
    released: date | None = None
    kinds: list[tuple[str, int]] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)
    """Kind of each list item, in their order."""


@dataclass(frozen=True)
class Changelog:
    """The sections of a changelog from the newest on, and all that is wrong with its form, by lines."""

    sections: tuple[Section, ...]
    complaints: tuple[str, ...]

    def section(self, name: str) -> Section | None:
        """The section of a version or `Unreleased`."""
        return next((section for section in self.sections if section.name == name), None)


def parse(text: str) -> Changelog:
    """Read a changelog; one with mistakes gives what could be read."""
    lines = text.splitlines()
    said = [] if lines[:1] == ["# Changelog"] else [(1, "the first line is not '# Changelog'")]
    sections: list[Section] = []
    links: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        said += [(number, wrong) for wrong in _take(line, number, sections, links)]
    said += _order(sections)
    said += _completeness(sections, links)
    return Changelog(tuple(sections), tuple(f"CHANGELOG.md:{number}: {wrong}" for number, wrong in sorted(said)))


def _take(line: str, number: int, sections: list[Section], links: dict[str, int]) -> Iterator[str]:
    """Put a line where it belongs; what is wrong with it."""
    section = sections[-1] if sections else None
    if line.startswith("## "):
        yield from _take_section(line, number, sections)
    elif line.startswith("#") and number > 1:
        yield from _take_kind(line, number, section)
    elif link := _LINK.fullmatch(line):
        links[link[1]] = number
    elif section and line.startswith("- "):
        if not section.kinds:
            yield f"a change without a heading; there are {', '.join(KINDS)}"
        else:
            section.entries.append(section.kinds[-1][0])


def _take_section(line: str, number: int, sections: list[Section]) -> Iterator[str]:
    found = _HEADING.fullmatch(line)
    if not found:
        yield f"'{line}' is neither '## {UNRELEASED}' nor '## 1.2.3 - 2026-01-31'"
        sections.append(Section(line[3:], number))
        return
    section = Section(found["name"], number, bool(found["open"]))
    if any(other.name == section.name for other in sections):
        yield f"{section.name} has a section already"
    sections.append(section)
    if section.name == UNRELEASED and (found["date"] or found["yanked"]):
        yield f"{UNRELEASED} has no date"
    elif section.name != UNRELEASED:
        section.released = _date(found["date"])
        if section.released is None:
            yield f"{section.name} has no date of the calendar: '## {section.name} - 2026-01-31'"


def _take_kind(line: str, number: int, section: Section | None) -> Iterator[str]:
    kind = line.removeprefix("### ")
    if section is None:
        yield f"'{line}' stands before the first version"
    elif kind not in KINDS:
        yield f"'{line}' is no heading of a changelog; there are {', '.join(KINDS)}"
    elif kind in (name for name, _ in section.kinds):
        yield f"{section.name} has '{kind}' already"
    if section is not None:
        section.kinds.append((kind, number))


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _order(sections: Sequence[Section]) -> Iterator[tuple[int, str]]:
    """What stands in the wrong place."""
    for section in sections[1:]:
        if section.name == UNRELEASED:
            yield section.line, f"{UNRELEASED} is not the first section"
    for newer, older in pairwise(section for section in sections if section.released):
        if version_key(newer.name) <= version_key(older.name):
            yield older.line, f"{older.name} stands below {newer.name}; the newest is first"
        elif newer.released and older.released and newer.released < older.released:
            yield newer.line, f"{newer.name} has an earlier date than {older.name}"
    for section in sections:
        for (first, _), (then, number) in pairwise(row for row in section.kinds if row[0] in KINDS):
            if KINDS.index(first) > KINDS.index(then):
                yield number, f"'{then}' belongs before '{first}'"


def _completeness(sections: Sequence[Section], links: dict[str, int]) -> Iterator[tuple[int, str]]:
    """What is missing or left over."""
    for section in sections:
        for kind, number in section.kinds:
            if kind not in section.entries:
                yield number, f"'{kind}' of {section.name} tells of no change"
        if section.released and not section.kinds:
            yield section.line, f"{section.name} tells of no change"
        if section.is_linked and section.name not in links:
            yield section.line, f"[{section.name}] is a link without an address: '[{section.name}]: https://…'"
    if len({section.is_linked for section in sections}) > 1:
        yield sections[0].line, "some versions are links and some are not"
    named = {section.name for section in sections if section.is_linked}
    for name, number in links.items():
        if name not in named:
            yield number, f"no version links to [{name}]"


def version_key(version: str) -> tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]:
    """What versions are sorted by, as SemVer has it: a pre-release before its release."""
    core, _, pre = version.partition("-")
    parts = pre.split(".") if pre else []
    return (
        tuple(int(part) if part.isdigit() else 0 for part in core.split(".")),
        not pre,
        tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts),
    )
