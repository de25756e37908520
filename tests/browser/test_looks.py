"""Dark and light, wide and phone, and no barriers in either."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.chromium import PHONE, WIDE
from tests.browser.house import ODD, House
from tests.browser.parts import VIEWS, card, scrolls_sideways, show, value
from tests.browser.watch import barriers

NARROWEST = (320, 640)
BRIGHTNESS = """
() => {
    for (const node of [document.body, document.documentElement]) {
        const [red, green, blue, alpha = 1] = getComputedStyle(node).backgroundColor.match(/[\\d.]+/g).map(Number);
        if (alpha) return (red + green + blue) / 3;
    }
    return 255;
}
"""


async def is_dark(page: Page) -> bool:
    """Whether the page is dark."""
    return bool(await page.evaluate(BRIGHTNESS) < 100)


async def test_without_a_choice_the_system_counts(page: Page, home: House) -> None:
    await page.goto(home.url)
    assert not await is_dark(page)
    await page.emulate_media(color_scheme="dark")
    assert await is_dark(page)


@pytest.mark.parametrize("system", ["light", "dark"])
async def test_a_choice_is_kept_whatever_the_system_wants(system: str, page: Page, home: House) -> None:
    other = "light" if system == "dark" else "dark"
    await page.emulate_media(color_scheme="dark" if system == "dark" else "light")
    await page.goto(home.url)
    await page.locator("button[data-theme-toggle]").click()
    for _ in range(2):
        await expect(page.locator("html")).to_have_attribute("data-theme", other)
        assert await is_dark(page) is (other == "dark")
        await page.reload()
    await page.locator("button[data-theme-toggle]").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", system)
    assert await is_dark(page) is (system == "dark")


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
async def test_nothing_keeps_people_out(view: str, scheme: str, size: tuple[int, int], page: Page, home: House) -> None:
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await show(page, home.url, view)
    assert await barriers(page) == ""
    assert not await scrolls_sideways(page)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("size", [NARROWEST], ids=["narrowest"])
async def test_not_even_the_narrowest_phone_scrolls_sideways(view: str, page: Page, home: House) -> None:
    await show(page, home.url, view)
    assert not await scrolls_sideways(page)


@pytest.mark.parametrize("size", [PHONE], ids=["phone"])
async def test_fingers_open_a_device_on_a_phone(page: Page, home: House) -> None:
    await show(page, home.url)
    await card(page, ODD).get_by_role("link").click()
    await expect(value(page, "Power")).to_contain_text("W")
    assert not await scrolls_sideways(page)
