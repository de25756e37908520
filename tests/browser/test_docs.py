"""The page that describes the API."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.chromium import PHONE, WIDE
from tests.browser.house import HERE, ODD, House
from tests.browser.parts import scrolls_sideways
from tests.browser.reverse_proxy import reverse_proxy
from tests.browser.watch import barriers

LOOKS = [(WIDE, "light"), (PHONE, "dark")]


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
async def test_nothing_keeps_people_out(size: tuple[int, int], scheme: str, page: Page, home: House) -> None:
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await page.goto(f"{home.url}api/docs")
    await expect(page.locator("article").first).to_be_visible()
    assert not await scrolls_sideways(page)
    assert await barriers(page) == ""


async def test_a_search_leaves_what_matches(page: Page, home: House) -> None:
    await page.goto(f"{home.url}api/docs")
    articles = page.locator("article:visible")
    every = await articles.count()
    await page.get_by_role("searchbox").fill("openapi")
    await expect(articles).not_to_have_count(every)
    await expect(articles.first).to_contain_text("openapi", ignore_case=True)
    await page.get_by_role("searchbox").fill("")
    await expect(articles).to_have_count(every)


@pytest.mark.parametrize("path", ["/", "/energy/mbmd/"])
async def test_what_is_described_can_be_asked_on_the_spot(path: str, page: Page, home: House) -> None:
    async with reverse_proxy(path, home.there) as between:
        await page.goto(f"{between.url}api/docs")
        form = page.locator('form[data-path="/api/last/{device}"]')
        await form.locator('input[name="device"]').fill(ODD)
        await form.locator('input[name="measurement"]').fill("Power*")
        await form.get_by_role("button").click()
        answer = page.locator("article", has=form).locator("pre").last
        await expect(answer).to_contain_text('"PowerL1"')
        await expect(answer).not_to_contain_text("Voltage")
        await page.locator("header").get_by_role("link", name="Page").click()
        await expect(page.locator("[data-device]")).to_have_count(len(HERE) + 1)
        await page.goto("about:blank")
        assert between.strangers == []
