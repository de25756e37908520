"""A sink of another package, in a thread and an event loop of its own: what it does badly holds up nobody."""

import asyncio
import contextlib
import inspect
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from mbmd.readings.hub import Wants
from mbmd.sinks.failure import told
from mbmd.sinks.sink import Feed, Sink

LAST_WORDS = 2.0
"""Seconds that it may take to tidy up."""
LONGEST_QUEUE = 1_000_000

T = TypeVar("T")


class Apart:
    """A sink that runs `sink` in a thread; the thread is left alone when it does not end in time.

    Raises TypeError for what is no sink.
    """

    def __init__(self, sink: Sink, name: str) -> None:
        self.name = name
        self.wants = _checked(sink)
        self._sink = sink

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


def _checked(sink: Sink) -> Wants:
    """What a sink wants, if it is one: the hub would fail with anything else."""
    wants = sink.wants
    if not isinstance(wants, Wants) or not isinstance(wants.queue, int) or not 0 <= wants.queue <= LONGEST_QUEUE:
        raise TypeError(f"wants must be Wants with a queue of 0 to {LONGEST_QUEUE}, and is {wants!r}")
    if not inspect.iscoroutinefunction(sink.run):
        raise TypeError("run must be an async function")
    return wants


class _Threads(ThreadPoolExecutor):
    """Threads that the end of the process does not wait for, as it does for those of asyncio."""

    def submit(self, work: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        """Do it in a thread of its own."""
        done: Future[T] = Future()

        def run() -> None:
            if done.set_running_or_notify_cancel():
                try:
                    done.set_result(work(*args, **kwargs))
                except BaseException as error:
                    done.set_exception(error)

        threading.Thread(target=run, daemon=True).start()
        return done


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
        self._loop.set_default_executor(_Threads())
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
            self._ended.set_exception(RuntimeError(told(error)))
