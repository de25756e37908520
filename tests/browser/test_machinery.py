"""That a page which does wrong is found out."""

import asyncio

import pytest
from playwright.async_api import Page

from tests.browser.chromium import PATIENCE
from tests.browser.house import House
from tests.browser.watch import Watch, barriers

WRONGS = {
    "console: oh": "console.warn('oh')",
    "exception: no": "setTimeout(() => { throw new Error('no') })",
    "another host: http://elsewhere.example/": "setTimeout(() => { location = 'http://elsewhere.example/' })",
    "policy: connect-src http://elsewhere.example/": "void fetch('http://elsewhere.example/').catch(() => 0)",
    "policy: script-src-elem inline": "const it = document.createElement('script'); it.text = 'alert(1)'; "
    "document.head.append(it)",
    "policy: style-src-attr inline": "document.body.setAttribute('style', 'color: red')",
    "console: Failed to load resource": "void fetch('static/nothing.js')",
}


@pytest.mark.parametrize(("complaint", "script"), WRONGS.items(), ids=WRONGS)
async def test_what_a_page_does_wrong_is_noted(
    complaint: str, script: str, page: Page, home: House, watch: Watch
) -> None:
    await page.goto(home.url)
    await page.evaluate(script)
    async with asyncio.timeout(PATIENCE):
        while not any(complaint in said for said in watch.complaints):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.005)
    watch.expected = "."


async def test_a_barrier_is_found(page: Page, home: House) -> None:
    await page.goto(home.url)
    await page.evaluate("document.body.append(document.createElement('button'))")
    assert "button-name" in await barriers(page)
