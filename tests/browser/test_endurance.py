"""A page that stays open for weeks keeps its size."""

import asyncio
from time import monotonic
from typing import NamedTuple

from playwright.async_api import BrowserContext, CDPSession, Page, expect

from tests.browser.chromium import PATIENCE
from tests.browser.house import House
from tests.browser.parts import VIEWS, show

WARM, MORE = 20, 200
"""Messages after which everything is there, and how many come on top."""
_LISTENED = """
new Promise((done) => {
    let left = %d;
    const socket = new WebSocket(new URL("ws?format=batch", location.href).href.replace("http", "ws"));
    socket.onmessage = () => {
        if (--left) return;
        socket.close();
        done();
    };
})
"""


class Size(NamedTuple):
    """What a page holds, also of what it no longer shows."""

    nodes: int
    listeners: int
    bytes: int


ROOM = Size(60, 20, 1 << 20)
"""By how much a page may be larger later: a leak would grow with each message, and each view."""


async def measured(client: CDPSession) -> Size:
    """After what nobody holds is thrown away."""
    await client.send("HeapProfiler.collectGarbage")
    metrics = (await client.send("Performance.getMetrics"))["metrics"]
    known = {metric["name"]: int(metric["value"]) for metric in metrics}
    return Size(known["Nodes"], known["JSEventListeners"], known["JSHeapUsedSize"])


async def client_of(page: Page) -> CDPSession:
    client = await page.context.new_cdp_session(page)
    await client.send("Performance.enable")
    return client


async def is_hardly_larger(client: CDPSession, before: Size) -> None:
    """Returns when a page is; what it waits for holds what it no longer shows for a moment."""
    end = monotonic() + PATIENCE
    while True:
        after = await measured(client)
        if all(now <= then + room for now, then, room in zip(after, before, ROOM, strict=True)):
            return
        assert monotonic() < end, f"{before} has become {after}"
        await asyncio.sleep(0.1)


async def listen(page: Page, url: str, view: str) -> None:
    """Have a view show many messages."""
    await show(page, url, view)
    client = await client_of(page)
    await page.evaluate(_LISTENED % WARM)
    before = await measured(client)
    await page.evaluate(_LISTENED % MORE)
    await is_hardly_larger(client, before)


async def test_hundreds_of_messages_leave_no_nodes(visitor: BrowserContext, home: House) -> None:
    pages = [await visitor.new_page() for _ in VIEWS]
    await asyncio.gather(*(listen(page, home.url, view) for page, view in zip(pages, VIEWS, strict=True)))


async def test_going_from_view_to_view_leaves_nothing_behind(page: Page, home: House) -> None:
    await show(page, home.url)
    client = await client_of(page)

    async def go_around(times: int) -> None:
        for _ in range(times):
            for view in VIEWS:
                await page.evaluate("(view) => { location.hash = view }", view)
                await expect(page.locator("[data-plot] canvas")).to_have_count(2 if "device" in view else 0)

    await go_around(3)
    before = await measured(client)
    await go_around(10)
    await is_hardly_larger(client, before)
