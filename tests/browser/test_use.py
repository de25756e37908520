"""Finding a device among many, by mouse, keyboard and address."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.house import CUT, DEAD, HERE, ODD, ODD_NAME, House
from tests.browser.parts import VIEWS, buses_view, card, cards, device_view, show, value

ALL = len(HERE) + 1


async def focused(page: Page, selector: str, key: str = "Tab", most: int = 30) -> None:
    """Press a key until the focus is in what a selector names."""
    for _ in range(most):
        await page.keyboard.press(key)
        if await page.evaluate("(selector) => document.activeElement.closest(selector) !== null", selector):
            return
    raise AssertionError(f"{key} does not lead to {selector}")


async def test_a_search_leaves_the_devices_that_match(page: Page, home: House) -> None:
    await show(page, home.url)
    search = page.locator("input[type=search]")
    for text, device in (("gARage", CUT), ("<img", ODD), ("cellar", ODD), (DEAD, DEAD)):
        await search.fill(text)
        await search.press("Enter")
        await expect(cards(page)).to_have_count(1)
        await expect(card(page, device)).to_be_visible()
    await search.fill("no such thing")
    await expect(cards(page)).to_have_count(0)
    await search.fill("")
    await expect(cards(page)).to_have_count(ALL)


async def test_devices_are_filtered_by_their_state(page: Page, home: House) -> None:
    await show(page, home.url)
    state = page.locator("select[name=state]")
    for chosen, count in (("offline", 1), ("online", ALL - 1), ("all", ALL)):
        await state.select_option(chosen)
        await expect(cards(page)).to_have_count(count)


async def test_a_device_is_found_and_opened_by_keyboard_alone(page: Page, home: House) -> None:
    await show(page, home.url)
    await page.keyboard.press("/")
    await expect(page.locator("input[type=search]")).to_be_focused()
    await page.keyboard.type("garage")
    await expect(cards(page)).to_have_count(1)
    await focused(page, f'[data-device="{CUT}"]')
    await page.keyboard.press("Enter")
    await expect(device_view(page)).to_contain_text("Garage")
    assert page.url == f"{home.url}#/device/{CUT}"
    await page.go_back()
    await expect(card(page, CUT)).to_be_visible()
    await expect(device_view(page)).to_have_count(0)


async def test_every_control_is_reached_by_keyboard_and_shows_the_focus(page: Page, home: House) -> None:
    await show(page, home.url)
    for selector in ("input[type=search]", "select[name=state]", "[data-theme-toggle]", "a[href='#/buses']"):
        await page.evaluate("document.activeElement.blur()")
        await focused(page, selector)
        assert await page.evaluate("document.activeElement.matches(':focus-visible')")
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        shadow = "getComputedStyle(document.activeElement).boxShadow"
        assert await page.evaluate(f"{outline} !== 'none' || {shadow} !== 'none'"), selector


async def test_the_keyboard_goes_on_at_what_was_opened(page: Page, home: House) -> None:
    await show(page, home.url)
    await card(page, CUT).get_by_role("link").press("Enter")
    await expect(device_view(page)).to_be_visible()
    assert await page.evaluate("document.querySelector('main').contains(document.activeElement)")


async def test_addresses_lead_to_views_and_back(page: Page, home: House) -> None:
    await show(page, home.url, "#/buses")
    await expect(buses_view(page)).to_be_visible()
    await page.goto(f"{home.url}#/device/{ODD}")
    await expect(device_view(page)).to_contain_text(ODD_NAME)
    await page.goto(f"{home.url}#/")
    await expect(cards(page)).to_have_count(ALL)
    await page.go_back()
    await expect(device_view(page)).to_contain_text(ODD_NAME)
    await page.go_back()
    await expect(buses_view(page)).to_be_visible()


async def test_each_view_has_a_title_of_its_own(page: Page, home: House) -> None:
    titles = []
    for view in VIEWS:
        await show(page, home.url, view)
        titles.append(await page.title())
    assert len(set(titles)) == len(VIEWS)
    assert all("mbmd" in title for title in titles)


@pytest.mark.parametrize("view", ["#/device/nobody", "#/device/", "#/device/%E0%A4%A", "#/nowhere", "#///", "#"])
async def test_an_address_of_nothing_breaks_nothing(view: str, page: Page, home: House) -> None:
    await page.goto(f"{home.url}{view}")
    await expect(page.locator("main")).not_to_be_empty()
    await page.goto(f"{home.url}#/device/{ODD}")
    await expect(value(device_view(page), "Power")).to_contain_text("W")
