"""The parts of the pages that tests look at, by what the pages promise to be found by."""

from playwright.async_api import Locator, Page, expect

VIEWS = ("#/", "#/device/SDM1.1", "#/buses")
_ENDS = "({scrollWidth, clientWidth}) => [scrollWidth, clientWidth]"


def card(page: Page, device: str) -> Locator:
    """A device among all."""
    return page.locator(f'[data-device="{device}"]')


def cards(page: Page) -> Locator:
    """Those that are seen."""
    return page.locator("[data-device]:visible")


def value(within: Page | Locator, measurement: str) -> Locator:
    """Where a value is shown with its unit."""
    return within.locator(f'[data-measurement="{measurement}"]').first


def device_view(page: Page) -> Locator:
    return page.locator('section[data-view="device"]')


def buses_view(page: Page) -> Locator:
    return page.locator('section[data-view="buses"]')


async def moves(shown: Locator) -> None:
    """Returns when a text has changed."""
    before = await shown.text_content() or ""
    await expect(shown).not_to_have_text(before)


async def is_live(page: Page) -> None:
    """Returns when the stream is there, and what is shown is new."""
    await expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "live")
    await expect(page.locator("body.stale")).to_have_count(0)


async def is_lost(page: Page) -> None:
    """Returns when the page tells that the stream is gone."""
    await expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "lost")


async def is_stale(page: Page) -> None:
    """Returns when the page tells that what it shows is old."""
    await expect(page.locator("body.stale")).to_have_count(1)


async def show(page: Page, url: str, view: str = "#/") -> None:
    """Open a view and wait until it has all that it will show: values, and plots where there are some."""
    await page.goto(f"{url}{view}")
    await is_live(page)
    if view.startswith("#/device/"):
        await expect(value(device_view(page), "Power")).to_contain_text("W")
        await expect(page.locator("[data-plot] canvas")).to_have_count(2)
    elif view == "#/buses":
        await expect(page.locator("[data-bus]").first).to_contain_text("ms")
    else:
        await expect(page.locator('[data-state="online"] [data-measurement="Power"]').first).to_contain_text("W")


async def scrolls_sideways(page: Page) -> bool:
    """Whether the page is wider than the screen."""
    wide, seen = await page.locator("html").evaluate(_ENDS)
    return bool(wide > seen)
