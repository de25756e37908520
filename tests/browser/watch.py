"""Notes what no page may do: complain in the console, break its own policy, ask other hosts, fail a request."""

import re
from urllib.parse import urlsplit

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import ConsoleMessage, Page, Request

_LOUD = ("error", "warning", "assert")
_TELL_BROKEN_POLICY = """
addEventListener("securitypolicyviolation", (event) =>
    console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
"""
_AXE = Axe()


class Watch:
    """What is wrong about a page so far; what the test itself brings about is `expected`, as a pattern."""

    def __init__(self, page: Page) -> None:
        self.expected = ""
        self._heard: list[str] = []
        self._home = ""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._heard.append(f"exception: {error}"))
        page.on("request", lambda request: self._goes_to(request.url))
        page.on("websocket", lambda socket: self._goes_to(socket.url))
        page.on("requestfailed", self._failed)

    @classmethod
    async def on(cls, page: Page) -> "Watch":
        """Begin before the page loads anything."""
        watch = cls(page)
        await page.add_init_script(_TELL_BROKEN_POLICY)
        return watch

    @property
    def complaints(self) -> list[str]:
        """One for each wrong."""
        return [text for text in self._heard if not (self.expected and re.search(self.expected, text))]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in _LOUD:
            self._heard.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _goes_to(self, url: str) -> None:
        host = urlsplit(url).netloc
        self._home = self._home or host
        if host not in ("", self._home):
            self._heard.append(f"another host: {url}")

    def _failed(self, request: Request) -> None:
        # One that the page itself gave up is none.
        if request.failure != "net::ERR_ABORTED":
            self._heard.append(f"request: {request.url}: {request.failure}")


async def barriers(page: Page) -> str:
    """What axe finds that keeps people out; empty if nothing."""
    found = await _AXE.run(page)
    return str(found.generate_report()) if found.violations_count else ""
