"""What a release says of itself: its section of the changelog."""

import pytest

from mbmd.errors import UsageError
from wheels.release.notes import notes

TEXT = """\
# Changelog

## [1.1.0] - 2026-03-01

### Added
- Something, as [told](docs/x.md).

## 1.0.0 - 2026-02-01
First.

## 0.9.0-rc.1 - 2026-01-01

[1.1.0]: https://example.org
"""


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("1.1.0", "### Added\n- Something, as [told](docs/x.md)."),
        ("1.0.0", "First."),
        ("0.9.0-rc.1", ""),
    ],
)
def test_notes_are_the_section_of_a_version(version: str, said: str) -> None:
    assert notes(TEXT, version) == said


@pytest.mark.parametrize("version", ["1.1", "1.1.0-rc.1", "0.9.0", "1x1.0"])
def test_a_version_without_a_section_has_no_notes(version: str) -> None:
    with pytest.raises(UsageError, match=f"there is no section {version}"):
        notes(TEXT, version)
