"""The event loop, with and without uvloop."""

import ast
import asyncio
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop

from mbmd import loop

PACKAGE = Path(loop.__file__).parent


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    loop.fallback.cache_clear()
    yield
    loop.fallback.cache_clear()


@pytest.fixture
def no_uvloop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)


async def running() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def test_it_is_uvloop_where_that_is_installed() -> None:
    assert loop.fallback() == ""
    assert isinstance(loop.run(running()), uvloop.Loop)


def test_it_is_that_of_asyncio_elsewhere(no_uvloop: None) -> None:
    assert loop.fallback() == "uvloop is not installed"
    assert type(loop.run(running())) is loop.AsyncioLoop


def test_a_uvloop_for_another_system_is_named_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "uvloop.py").write_text("raise ImportError('wrong ELF class')")
    monkeypatch.delitem(sys.modules, "uvloop")
    monkeypatch.syspath_prepend(tmp_path)
    assert loop.fallback() == "uvloop does not load (wrong ELF class)"
    assert type(loop.run(running())) is loop.AsyncioLoop


def test_names_are_looked_up_as_ever(no_uvloop: None) -> None:
    async def main() -> None:
        listener = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        async with listener:
            reader, writer = await asyncio.open_connection("localhost", listener.sockets[0].getsockname()[1])
            assert await reader.read() == b""
            writer.close()
        with pytest.raises(socket.gaierror):
            await asyncio.open_connection("no such host", 1)

    loop.run(main())


def test_the_end_does_not_wait_for_a_name_that_nobody_answers_for(
    no_uvloop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answer = threading.Event(), threading.Event()

    def getaddrinfo(*_: object) -> list[object]:
        asked.set()
        answer.wait()
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.open_connection("gateway", 502)
        assert asked.is_set()

    before = set(threading.enumerate())
    loop.run(main())
    left = set(threading.enumerate()) - before
    assert all(thread.daemon for thread in left)
    assert left
    answer.set()
    for thread in left:
        thread.join()


def test_nothing_else_imports_uvloop() -> None:
    importing = {path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if "uvloop" in set(_imported(path))}
    assert importing == {Path("loop.py")}


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]
