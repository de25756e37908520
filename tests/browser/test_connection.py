"""What is lost, shows; what comes back, shows without a reload."""

import asyncio
import os
import signal

from playwright.async_api import Page, expect

from tests.browser.house import CUT, HERE, ODD, House
from tests.browser.parts import card, is_live, is_lost, is_stale, moves, show, value
from tests.browser.watch import Watch
from tests.integration.proxy import Proxy, proxy

GONE = (
    r"ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED|WebSocket connection to"
)
"""What chromium itself complains of while there is nobody."""


async def is_same(page: Page) -> None:
    """The page was not loaded anew since `mark`."""
    assert await page.evaluate("window.marked") is True


async def mark(page: Page) -> None:
    await page.evaluate("window.marked = true")


async def test_a_device_goes_and_comes_back(page: Page, home: House, line: Proxy) -> None:
    await show(page, home.url)
    await expect(card(page, CUT)).to_have_attribute("data-state", "online")
    await mark(page)
    line.is_down = True
    line.cut()
    try:
        await expect(card(page, CUT)).to_have_attribute("data-state", "offline")
        await expect(card(page, ODD)).to_have_attribute("data-state", "online")
    finally:
        line.is_down = False
    await expect(card(page, CUT)).to_have_attribute("data-state", "online")
    await moves(value(card(page, CUT), "Power"))
    await is_same(page)


async def test_the_stream_is_cut_and_comes_back(page: Page, home: House, watch: Watch) -> None:
    watch.expected = GONE
    async with proxy("127.0.0.1", home.there) as between:
        await show(page, f"http://127.0.0.1:{between.port}/")
        await mark(page)
        between.is_down = True
        between.cut()
        await is_lost(page)
        between.is_down = False
        await is_live(page)
        await moves(value(card(page, ODD), "Power"))
        await is_same(page)
        await page.goto("about:blank")


async def test_a_device_that_is_looked_at_goes_on_after_a_cut(page: Page, home: House, watch: Watch) -> None:
    watch.expected = GONE
    async with proxy("127.0.0.1", home.there) as between:
        await show(page, f"http://127.0.0.1:{between.port}/", f"#/device/{ODD}")
        between.is_down = True
        between.cut()
        await is_lost(page)
        between.is_down = False
        await is_live(page)
        await moves(value(page, "Power"))
        await expect(page.locator("[data-plot] canvas")).to_have_count(2)
        await page.goto("about:blank")


async def test_the_daemon_is_restarted_while_somebody_looks(page: Page, home: House, watch: Watch) -> None:
    watch.expected = GONE
    await show(page, home.url)
    await mark(page)
    await asyncio.to_thread(home.stop)
    await is_lost(page)
    await asyncio.to_thread(home.start, len(HERE))
    await is_live(page)
    await moves(value(card(page, ODD), "Power"))
    await is_same(page)


async def test_values_of_a_daemon_that_hangs_show_as_old(page: Page, home: House, watch: Watch) -> None:
    watch.expected = GONE
    await show(page, home.url)
    os.kill(home.daemon.process.pid, signal.SIGSTOP)
    try:
        await is_stale(page)
    finally:
        os.kill(home.daemon.process.pid, signal.SIGCONT)
    await is_live(page)
    await moves(value(card(page, ODD), "Power"))
