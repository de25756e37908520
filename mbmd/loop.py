"""The event loop that everything runs on: uvloop, or that of asyncio where uvloop is not installed."""

import asyncio
import socket
from collections.abc import Coroutine
from functools import cache, partial
from typing import Any, TypeVar

from mbmd.aside import aside

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Like `asyncio.run`, on the best loop that there is."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A loop of the best kind that there is."""
    if fallback():
        return AsyncioLoop()
    import uvloop

    return uvloop.new_event_loop()


@cache
def fallback() -> str:
    """Why the loop is that of asyncio, such as `uvloop is not installed`; nothing where it is not."""
    try:
        import uvloop  # noqa: F401
    except ModuleNotFoundError:
        return "uvloop is not installed"
    except ImportError as error:  # as of a wheel for another system
        return f"uvloop does not load ({error})"
    return ""


class AsyncioLoop(asyncio.SelectorEventLoop):
    """That of asyncio, whose end does not wait for the name of a host that nobody knows, and neither do other names."""

    async def getaddrinfo(
        self,
        host: str | bytes | None,
        port: str | bytes | int | None,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - asyncio's name
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        """As of asyncio, in a thread of its own."""
        return await aside(partial(socket.getaddrinfo, host, port, family, type, proto, flags))
