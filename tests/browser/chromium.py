"""Debian's chromium, driven from a thread with an event loop of its own: other tests have theirs to themselves."""

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any, TypeVar

from playwright.async_api import Browser, BrowserContext, async_playwright, expect

PATIENCE = 30.0
"""Seconds within which a page on a loaded machine still does anything."""
LONGEST = 90.0
"""Seconds of the longest test."""
WIDE, PHONE = (1280, 800), (360, 740)
_NOWHERE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
"""Whatever a page asks of other hosts does not leave the machine."""

T = TypeVar("T")


def installed() -> str | None:
    """The path of chromium; None if it is not there."""
    return shutil.which("chromium")


class Thread:
    """A thread with an event loop, and what runs there."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="browser", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Carry out a coroutine there."""

        async def limited() -> T:
            async with asyncio.timeout(LONGEST):
                return await coroutine

        return asyncio.run_coroutine_threadsafe(limited(), self._loop).result()

    @contextmanager
    def entered(self, context: AbstractAsyncContextManager[T]) -> Iterator[T]:
        """An asynchronous context, entered there."""
        made = self.run(context.__aenter__())
        try:
            yield made
        finally:
            self.run(context.__aexit__(None, None, None))

    def close(self) -> None:
        """End it, and what goes on there still, such as connections that nobody closed."""
        self.run(_end_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser without a window; its sandbox is off, for root has none."""
    expect.set_options(timeout=PATIENCE * 1000)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=installed(), args=[_NOWHERE])
        yield browser
        await browser.close()


@asynccontextmanager
async def visitor(browser: Browser, size: tuple[int, int] = WIDE, **more: Any) -> AsyncIterator[BrowserContext]:
    """Somebody with a screen of their own, and nothing kept from before; light unless told otherwise."""
    viewport = {"width": size[0], "height": size[1]}
    options = {"viewport": viewport, "reduced_motion": "reduce", "locale": "en-GB", **more}
    context = await browser.new_context(**options)
    context.set_default_timeout(PATIENCE * 1000)
    try:
        yield context
    finally:
        await context.close()


async def _end_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
