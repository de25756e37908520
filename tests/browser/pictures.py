"""The pictures of the README, made as people see the pages."""

from pathlib import Path
from typing import NamedTuple

from playwright.async_api import Browser, expect

from tests.browser.chromium import PHONE, WIDE, visitor
from tests.browser.parts import show
from tests.browser.street import FEW, Street, many

STREETS = {"3": FEW, "60": many()}
"""The devices of the pictures, by what the names of these begin with."""
DEVICE = "#/device/SDM1.1"
NO_VALUE = "\u2013"
_PHONE_DENSITY = 1.5


class Picture(NamedTuple):
    """A picture of a view; one of a phone has more dots than that has pixels of its own."""

    name: str
    view: str
    size: tuple[int, int] = WIDE
    scheme: str = "light"

    @property
    def file(self) -> str:
        kind = "phone" if self.size == PHONE else "wide"
        return f"{self.name}-{kind}-{self.scheme}.png"

    @property
    def dots(self) -> tuple[int, int]:
        """Width and height of the file."""
        return round(self.size[0] * self.density), round(self.size[1] * self.density)

    @property
    def density(self) -> float:
        """Dots for each pixel of the page."""
        return _PHONE_DENSITY if self.size == PHONE else 1


_SCREENS = [(size, scheme) for size in (WIDE, PHONE) for scheme in ("light", "dark")]
PICTURES = {
    "3": [
        *(Picture("devices-3", "#/", *screen) for screen in _SCREENS),
        Picture("device", DEVICE),
        Picture("device", DEVICE, PHONE, "dark"),
    ],
    "60": [*(Picture("devices-60", "#/", *screen) for screen in _SCREENS), Picture("buses", "#/buses")],
}
"""By the devices that they show."""


async def take(browser: Browser, street: Street, pictures: list[Picture], folder: Path) -> None:
    """Make files of pictures."""
    for picture in pictures:
        look = {"color_scheme": picture.scheme, "device_scale_factor": picture.density}
        async with visitor(browser, picture.size, **look) as context:
            page = await context.new_page()
            await street.give_a_past(page)
            await show(page, street.house.url, picture.view)
            await page.wait_for_load_state("networkidle")
            await expect(page.locator('[data-state="online"] [data-measurement]', has_text=NO_VALUE)).to_have_count(0)
            await page.screenshot(path=folder / picture.file)
