"""A sink of another package, in a thread and an event loop of its own: what it does badly holds up nobody."""

import asyncio
import contextlib
import threading

from mbmd.readings.hub import Wants
from mbmd.sinks.sink import Feed, Sink

LAST_WORDS = 2.0
"""Seconds that it may take to tidy up."""


class Apart:
    """A sink that runs `sink` in a thread; the thread is left alone when it does not end in time."""

    def __init__(self, sink: Sink, name: str) -> None:
        self.name = name
        self._sink = sink

    @property
    def wants(self) -> Wants:
        """What that sink wants."""
        return self._sink.wants

    async def run(self, feed: Feed) -> None:
        """Run it until cancelled; raises what it raises."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        far = _Far(self._sink, feed, loop, ended)
        threading.Thread(target=far.live, name=f"sink {self.name}", daemon=True).start()
        try:
            await asyncio.shield(ended)
        except asyncio.CancelledError:
            far.cancel()
            with contextlib.suppress(Exception, asyncio.CancelledError):
                await asyncio.wait_for(ended, LAST_WORDS)
            raise


class _Far:
    """The other side: the thread with its loop."""

    def __init__(self, sink: Sink, feed: Feed, home: asyncio.AbstractEventLoop, ended: "asyncio.Future[None]") -> None:
        self._sink = sink
        self._feed = feed
        self._home = home
        self._ended = ended
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._cancelled = False

    def live(self) -> None:
        error: BaseException | None = None
        try:
            asyncio.run(self._main())
        except asyncio.CancelledError:
            pass
        except BaseException as raised:
            error = raised
        with contextlib.suppress(RuntimeError):  # the home loop is closed: nobody waits any more
            self._home.call_soon_threadsafe(self._settle, error)

    def cancel(self) -> None:
        """End it soon; called from home."""
        self._cancelled = True
        if self._loop is not None and self._task is not None:
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._task.cancel)

    async def _main(self) -> None:
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        if not self._cancelled:
            await self._sink.run(self._feed)

    def _settle(self, error: BaseException | None) -> None:
        if self._ended.done():
            return
        if error is None:
            self._ended.set_result(None)
        elif isinstance(error, Exception):
            self._ended.set_exception(error)
        else:  # SystemExit is not to end the daemon
            self._ended.set_exception(RuntimeError(f"{type(error).__name__}: {error}"))
