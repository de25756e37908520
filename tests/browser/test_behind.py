"""The pages behind a reverse proxy, below a path."""

from playwright.async_api import Page, expect

from tests.browser.house import HERE, ODD, House
from tests.browser.parts import VIEWS, card, cards, moves, show, value
from tests.browser.reverse_proxy import reverse_proxy

PATH = "/energy/mbmd/"


async def test_all_views_work_below_a_path(page: Page, home: House) -> None:
    async with reverse_proxy(PATH, home.there) as between:
        for view in VIEWS:
            await show(page, between.url, view)
        await show(page, between.url)
        await expect(cards(page)).to_have_count(len(HERE) + 1)
        await card(page, ODD).get_by_role("link").click()
        await moves(value(page, "Power"))
        await page.goto("about:blank")
        assert between.strangers == []
