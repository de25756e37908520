"""Work that goes on beside the requests for as long as the web server is there."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

PAUSE = 10.0
"""Seconds after which work that failed begins again."""

log = logging.getLogger(__name__)


def steady(what: str, work: Callable[[], Coroutine[Any, Any, None]]) -> "asyncio.Task[None]":
    """A task that does the work until it is cancelled; a failure is told in the log, and `work` called again."""
    return asyncio.create_task(_go_on(what, work))


async def _go_on(what: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    while True:
        try:
            await work()
        except Exception:
            log.exception("%s failed, and goes on in %.0f s", what, PAUSE)
        await asyncio.sleep(PAUSE)
