"""The form of the changelog: that of this project is right, and what is wrong with others is told."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheels.release.changelog import KINDS, parse, version_key

ROOT = Path(__file__).parents[4]

GOOD = """\
# Changelog

Whatever.

## [Unreleased]

### Changed
- Something.

## [1.1.0] - 2026-02-28 [YANKED]

### Added
- Something,
  on two lines.
- More.

### Security
- A hole.

## [1.0.0] - 2026-02-28

### Removed
- Nothing.

[Unreleased]: https://example.org/compare/v1.1.0...HEAD
[1.1.0]: https://example.org/v1.1.0
[1.0.0]: https://example.org/v1.0.0
"""


def test_the_changelog_of_this_project_has_the_form() -> None:
    log = parse((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert log.complaints == ()
    assert log.sections


def test_a_good_changelog_is_read() -> None:
    log = parse(GOOD)
    assert log.complaints == ()
    assert [section.name for section in log.sections] == ["Unreleased", "1.1.0", "1.0.0"]
    newest = log.section("1.1.0")
    assert newest is not None
    assert newest.released == date(2026, 2, 28)
    assert newest.entries == ["Added", "Added", "Security"]
    assert log.section("2.0.0") is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("# Changelog", "# Changes", "CHANGELOG.md:1: the first line is not '# Changelog'"),
        ("### Security", "### Secrets", "'### Secrets' is no heading of a changelog"),
        ("### Security", "#### Security", "'#### Security' is no heading of a changelog"),
        ("### Security", "### Added", "1.1.0 has 'Added' already"),
        ("### Changed\n", "", "a change without a heading"),
        ("- A hole.\n", "", "CHANGELOG.md:17: 'Security' of 1.1.0 tells of no change"),
        ("### Removed\n- Nothing.\n", "", "1.0.0 tells of no change"),
        ("## [1.1.0] - 2026-02-28 [YANKED]", "## [1.1.0]", "1.1.0 has no date of the calendar"),
        ("## [1.1.0] - 2026-02-28", "## [1.1.0] - 2026-02-30", "1.1.0 has no date of the calendar"),
        (
            "## [1.1.0] - 2026-02-28",
            "## [1.1.0] (2026-02-28)",
            "is neither '## Unreleased' nor '## 1.2.3 - 2026-01-31'",
        ),
        ("## [1.1.0] - 2026-02-28", "## [1.1.0] - 2026-01-31", "CHANGELOG.md:10: 1.1.0 has an earlier date than 1.0.0"),
        ("## [1.0.0] -", "## [1.2.0] -", "1.2.0 stands below 1.1.0; the newest is first"),
        ("## [1.0.0] -", "## [1.1.0] -", "1.1.0 has a section already"),
        ("## [Unreleased]\n", "## [Unreleased] - 2026-02-28\n", "Unreleased has no date"),
        ("[1.0.0]: https://example.org/v1.0.0\n", "", "[1.0.0] is a link without an address"),
        ("## [1.0.0] -", "## 1.0.0 -", "some versions are links and some are not"),
        ("## [1.0.0] -", "## 1.0.0 -", "no version links to [1.0.0]"),
        ("Whatever.", "### Added", "'### Added' stands before the first version"),
    ],
)
def test_what_is_wrong_is_told(old: str, new: str, said: str) -> None:
    assert old in GOOD
    assert said in "\n".join(parse(GOOD.replace(old, new)).complaints)


def test_kinds_stand_in_their_order() -> None:
    swapped = GOOD.replace("### Added", "### X").replace("### Security", "### Added").replace("### X", "### Security")
    assert parse(swapped).complaints == ("CHANGELOG.md:17: 'Added' belongs before 'Security'",)


def test_unreleased_stands_first() -> None:
    text = "# Changelog\n\n## 1.0.0 - 2026-01-01\n\n### Added\n- X.\n\n## Unreleased\n"
    assert parse(text).complaints == ("CHANGELOG.md:8: Unreleased is not the first section",)


@given(st.text(alphabet="#-[]: \n\x0b1.0UnreleasedA2026YANK", max_size=200))
def test_any_text_is_read_to_its_end(text: str) -> None:
    log = parse(text)
    assert all(line.startswith("CHANGELOG.md:") for line in log.complaints)


def test_versions_are_sorted_as_semver_has_it() -> None:
    order = ["0.9.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-rc.2", "1.0.0-rc.10", "1.0.0", "1.10.0", "2.0.0"]
    assert sorted([order[-1], *order[:-1]], key=version_key) == order
    assert len(KINDS) == len(set(KINDS)) == 6
