"""Keeps a sink running, whatever befalls it."""

import asyncio
import logging
from time import monotonic

from mbmd.backoff import LONGEST_PAUSE, pause_after
from mbmd.config.values import format_duration
from mbmd.readings.health import SinkHealth
from mbmd.readings.hub import Hub
from mbmd.sinks.failure import told
from mbmd.sinks.sink import Feed, Sink

log = logging.getLogger(__name__)


async def keep(sink: Sink, hub: Hub, health: SinkHealth) -> None:
    """Run a sink until cancelled; one that fails is run again after a pause, which grows while it goes on failing."""
    failures = 0
    while True:
        started = monotonic()
        trouble = await _run(sink, hub, health)
        if _is_cancelled():  # whatever the sink made of it
            raise asyncio.CancelledError
        failures = 1 if monotonic() - started > LONGEST_PAUSE else failures + 1
        pause = pause_after(failures, 0.0)
        health.failures += 1
        health.connected = False
        health.trouble = trouble
        log.error("sink %s: %s: it is started again in %s", sink.name, trouble, format_duration(pause))
        await asyncio.sleep(pause)


async def _run(sink: Sink, hub: Hub, health: SinkHealth) -> str:
    """Why it ended."""
    feed = Feed(hub, health, sink.wants)
    try:
        await sink.run(feed)
    except asyncio.CancelledError:
        return "it was cancelled from within"
    except Exception as error:
        log.debug("sink %s", sink.name, exc_info=True)
        return f"it failed with {told(error)}"
    finally:
        feed.close()
    return "it ended by itself"


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
