"""A page that stays open for weeks keeps its size."""

import asyncio
from typing import NamedTuple

from playwright.async_api import BrowserContext, CDPSession, Page, expect

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


async def grown(page: Page, url: str, view: str) -> Size:
    """By how much a view grows over many messages."""
    await show(page, url, view)
    client = await client_of(page)
    await page.evaluate(_LISTENED % WARM)
    before = await measured(client)
    await page.evaluate(_LISTENED % MORE)
    after = await measured(client)
    return Size(*(last - first for first, last in zip(before, after, strict=True)))


async def test_hundreds_of_messages_leave_no_nodes(visitor: BrowserContext, home: House) -> None:
    pages = [await visitor.new_page() for _ in VIEWS]
    sizes = await asyncio.gather(*(grown(page, home.url, view) for page, view in zip(pages, VIEWS, strict=True)))
    for size in sizes:
        assert size.nodes < MORE / 3
        assert size.listeners < 10
        assert size.bytes < 1 << 20


async def test_going_from_view_to_view_leaves_nothing_behind(page: Page, home: House) -> None:
    await show(page, home.url)
    client = await client_of(page)

    async def go_around(times: int) -> Size:
        for _ in range(times):
            for view in VIEWS:
                await page.evaluate("(view) => { location.hash = view }", view)
                await expect(page.locator("[data-plot] canvas")).to_have_count(2 if "device" in view else 0)
        return await measured(client)

    before = await go_around(3)
    after = await go_around(10)
    assert after.nodes - before.nodes < 200
    assert after.listeners - before.listeners < 20
    assert after.bytes - before.bytes < 1 << 20
