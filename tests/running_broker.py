"""A connection to a broker that runs for as long as a test needs it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest

from mbmd.config.outputs import Mqtt
from mbmd.readings.health import SinkHealth
from mbmd.sinks.mqtt import broker as module
from mbmd.sinks.mqtt.broker import Broker
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.tls import tls_context

PASSWORD = "open sesame"  # noqa: S105
PAUSE = 0.002
"""Seconds between attempts, in place of those that users wait."""


class Running(NamedTuple):
    """A broker that is kept connected by `task`; `paused` has the failures in a row that each pause was for."""

    broker: Broker
    health: SinkHealth
    task: "asyncio.Task[None]"
    paused: list[int]


@asynccontextmanager
async def running(
    url: str, will: Message | None = None, last_words: float = 0.05, pause: float = PAUSE, **keys: Any
) -> AsyncIterator[Running]:
    """Keep a connection; `keys` are those of the configuration."""
    health, paused = SinkHealth("mqtt"), list[int]()

    def pause_after(failures: int, _chance: float) -> float:
        paused.append(failures)
        return pause

    with patch.object(module, "pause_after", pause_after), patch.object(module, "LAST_WORDS", last_words):
        config = Mqtt(broker=url, **keys)
        broker = Broker(config, health, tls_context(config), will)
        task = asyncio.create_task(broker.run())
        try:
            yield Running(broker, health, task, paused)
        finally:
            await broker.close()
            task.cancel()
            await asyncio.wait([task])


async def bounded(main: Coroutine[Any, Any, None]) -> None:
    """A test that hangs fails."""
    async with asyncio.timeout(30):
        await main


def play(main: Coroutine[Any, Any, None]) -> None:
    """Run a test."""
    asyncio.run(bounded(main))


async def connected(broker: Broker) -> None:
    """Return when there is a connection."""
    while not broker.connected:
        await broker.changed(0)


async def eventually(condition: Callable[[], bool]) -> None:
    """For what tells nobody that it has changed."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.001)


def messages(count: int, qos: int = 1) -> list[Message]:
    """So many with topics `mbmd/0` and on."""
    return [Message(f"mbmd/{number}", str(number).encode(), qos=qos) for number in range(count)]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged that users see."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
