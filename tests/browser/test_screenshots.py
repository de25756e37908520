"""The pictures of the README can be made, and are small; `python -m tests.screenshots` makes those that are kept."""

from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.chromium import Thread
from tests.browser.pictures import PICTURES, STREETS, take
from tests.browser.street import street

LARGEST = 300_000
"""Bytes of a picture."""


def dots(file: Path) -> tuple[int, int]:
    """Width and height of a PNG."""
    head = file.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])


@pytest.mark.parametrize("devices", PICTURES)
def test_pictures_of_few_and_many_devices_can_be_made(
    devices: str, tmp_path: Path, thread: Thread, browser: Browser
) -> None:
    pictures = PICTURES[devices][::3]
    with street(tmp_path / "street", STREETS[devices]) as made:
        thread.run(take(browser, made, pictures, tmp_path))
    for picture in pictures:
        assert dots(tmp_path / picture.file) == picture.dots
        assert (tmp_path / picture.file).stat().st_size < LARGEST
