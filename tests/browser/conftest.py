"""Tests in a real browser are coroutines, and run on the browser's loop; whatever page they visit is watched."""

import inspect
from collections.abc import Iterator
from typing import cast

import pytest
from playwright.async_api import Browser, BrowserContext, Page

from tests.browser import chromium as browsers
from tests.browser.house import NOON, House, house, simulated
from tests.browser.watch import Watch
from tests.integration.meters import free_port
from tests.integration.proxy import Proxy, proxy


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    thread = cast(browsers.Thread, pyfuncitem.funcargs["thread"])
    thread.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True


@pytest.fixture(scope="package")
def thread() -> Iterator[browsers.Thread]:
    if browsers.installed() is None:
        pytest.skip("there is no chromium: apt-get install chromium")
    made = browsers.Thread()
    yield made
    made.close()


@pytest.fixture(scope="package")
def browser(thread: browsers.Thread) -> Iterator[Browser]:
    with thread.entered(browsers.chromium()) as made:
        yield made


@pytest.fixture
def size() -> tuple[int, int]:
    """Of the screen; tests with another one parametrize it."""
    return browsers.WIDE


@pytest.fixture
def visitor(thread: browsers.Thread, browser: Browser, size: tuple[int, int]) -> Iterator[BrowserContext]:
    with thread.entered(browsers.visitor(browser, size)) as made:
        yield made


@pytest.fixture
def page(thread: browsers.Thread, visitor: BrowserContext) -> Page:
    return thread.run(visitor.new_page())


@pytest.fixture(autouse=True)
def watch(thread: browsers.Thread, page: Page) -> Iterator[Watch]:
    made = thread.run(Watch.on(page))
    yield made
    assert made.complaints == []


@pytest.fixture(scope="package")
def meters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[tuple[str, int]]]:
    """Where the meters of the house answer: all but one, and that one."""
    places = [("127.0.0.1", free_port()), ("127.0.0.1", free_port())]
    folder = tmp_path_factory.mktemp("meters")
    adapters = [f"{host}:{port}" for host, port in places]
    with simulated(folder, adapters, "sdm:1,sdm:2,janitza:26,sma:126", *NOON):
        yield places


@pytest.fixture(scope="package")
def line(thread: browsers.Thread, meters: list[tuple[str, int]]) -> Iterator[Proxy]:
    """The line of one device."""
    with thread.entered(proxy("127.0.0.1", meters[1])) as made:
        yield made


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory, meters: list[tuple[str, int]], line: Proxy) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    host, port = meters[0]
    with house(folder, f"{host}:{port}", f"127.0.0.1:{line.port}") as made:
        yield made
