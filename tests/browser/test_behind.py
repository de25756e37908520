"""The pages as people put them on the net: below a path of a reverse proxy, behind a login."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Error, Page, expect

from mbmd.config.passwords import Cost, hash_password
from tests.browser.chromium import visitor
from tests.browser.house import HERE, ODD, House
from tests.browser.parts import VIEWS, card, cards, moves, show, value
from tests.browser.reverse_proxy import reverse_proxy
from tests.browser.watch import Watch

PATH = "/energy/mbmd/"
LOGIN = {"username": "alice", "password": "schön:&\"'"}


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[House]:
    """A daemon that wants a login."""
    known = hash_password(LOGIN["password"], Cost(4, 8, 1))
    config = {
        "web": {"users": [f"{LOGIN['username']}={known}"], "proxies": ["127.0.0.1"]},
        "adapters": [{"device": "mock", "id": 1}],
        "devices": [{"type": "sdm", "id": 1, "adapter": "mock"}],
    }
    made = House(tmp_path, config, (LOGIN["username"], LOGIN["password"]))
    try:
        made.start(1)
        yield made
        made.stop()
    finally:
        made.close()


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


@pytest.mark.parametrize("path", ["/", PATH])
async def test_who_logged_in_sees_values_move(path: str, browser: Browser, guarded: House) -> None:
    async with reverse_proxy(path, guarded.there) as between, visitor(browser, http_credentials=LOGIN) as somebody:
        page = await somebody.new_page()
        watch = await Watch.on(page)
        await show(page, between.url)
        await card(page, "SDM1.1").get_by_role("link").click()
        await moves(value(page, "Power"))
        await page.goto(f"{between.url}api/docs")
        await expect(page.locator("article").first).to_be_visible()
        await page.goto("about:blank")
        assert watch.complaints == []
        assert between.strangers == []


async def test_who_did_not_log_in_sees_nothing(page: Page, guarded: House, watch: Watch) -> None:
    watch.expected = "401|ERR_INVALID_AUTH_CREDENTIALS"
    with pytest.raises(Error, match="ERR_INVALID_AUTH_CREDENTIALS"):
        await page.goto(guarded.url)


async def test_who_has_a_wrong_password_sees_nothing(browser: Browser, guarded: House) -> None:
    async with visitor(browser, http_credentials={**LOGIN, "password": "wrong"}) as stranger:
        page = await stranger.new_page()
        answer = await page.goto(guarded.url)
        assert answer is not None
        assert answer.status == 401
        await expect(page.locator("main")).to_have_count(0)
