"""A page that stays open for weeks keeps its size."""

from typing import NamedTuple

import pytest
from playwright.async_api import CDPSession, Page, expect

from tests.browser.house import THREE, House
from tests.browser.parts import VIEWS, show

WARM, MORE = 40, 300
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


@pytest.mark.parametrize("view", ["#/", f"#/device/{THREE}", "#/buses"])
async def test_hundreds_of_messages_leave_no_nodes(view: str, page: Page, home: House) -> None:
    await show(page, home.url, view)
    client = await client_of(page)
    await page.evaluate(_LISTENED % WARM)
    before = await measured(client)
    await page.evaluate(_LISTENED % MORE)
    after = await measured(client)
    assert after.nodes - before.nodes < MORE / 10
    assert after.listeners - before.listeners < 10
    assert after.bytes - before.bytes < 1 << 20


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
