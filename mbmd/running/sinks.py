"""The sinks of a daemon: those of its configuration, which come and go with it."""

import asyncio
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points
from typing import NamedTuple

from mbmd.config.outputs import Influx, Mqtt, Outbox, SinkKeys
from mbmd.config.run import RunConfig
from mbmd.config.values import did_you_mean
from mbmd.errors import UsageError
from mbmd.readings.health import SinkHealth
from mbmd.readings.hub import Hub
from mbmd.sinks.apart import Apart
from mbmd.sinks.keeper import keep
from mbmd.sinks.sink import GROUP, Sink

TURN = 0.0005
"""Seconds for which a thread of a sink may hold the interpreter when the event loop wants it."""
LAST_WORDS = 5.0
"""Seconds that sinks may take to say goodbye."""


class Planned(NamedTuple):
    """A sink to be: the keys that it comes from, and itself if it is to be started anew."""

    keys: object
    sink: Sink | None


class _Running(NamedTuple):
    keys: object
    health: SinkHealth
    task: "asyncio.Task[None]"


class Sinks:
    """All running sinks by name, each kept by a task of its own. The hub shows their accounts."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._running: dict[str, _Running] = {}

    def plan(self, config: RunConfig) -> Mapping[str, Planned]:
        """What sinks there are to be. Nothing is opened yet; it may run in a thread.

        Raises UsageError with a line for each that cannot work.
        """
        planned: dict[str, Planned] = {}
        problems = []
        for name, keys, make in _wanted(config):
            running = self._running.get(name)
            try:
                goes_on = running is not None and running.keys == keys
                planned[name] = Planned(keys, None if goes_on else make())
            except UsageError as error:
                problems.append(str(error))
        if problems:
            raise UsageError("\n".join(problems))
        return planned

    async def change(self, planned: Mapping[str, Planned]) -> None:
        """End those that are not planned or planned anew, and start the others; who is in both goes on."""
        ended = [name for name in self._running if name not in planned or planned[name].sink is not None]
        await self._end([self._running.pop(name) for name in ended])
        for name, (keys, sink) in planned.items():
            if sink is not None:
                health = SinkHealth(name)
                self._running[name] = _Running(keys, health, asyncio.create_task(keep(sink, self._hub, health)))
        if self._running:
            sys.setswitchinterval(min(TURN, sys.getswitchinterval()))
        self._hub.sinks = tuple(running.health for running in self._running.values())

    async def close(self) -> None:
        """End all."""
        await self._end(list(self._running.values()))
        self._running.clear()
        self._hub.sinks = ()

    async def _end(self, sinks: list[_Running]) -> None:
        tasks = [running.task for running in sinks]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=LAST_WORDS)


def _wanted(config: RunConfig) -> Iterator[tuple[str, object, Callable[[], Sink]]]:
    """Each sink by name, with the keys that it comes from and how it is made."""
    if (mqtt := config.mqtt) is not None:
        yield "mqtt", (mqtt, config.outbox), lambda: _mqtt(mqtt, config.outbox)
    if (influx := config.influx) is not None:
        yield "influx", (influx, config.outbox), lambda: _influx(influx, config.outbox)
    for number, keys in enumerate(config.sinks):
        name = keys.use if [other.use for other in config.sinks].count(keys.use) == 1 else f"{keys.use}-{number + 1}"
        yield name, (keys.use, keys.options), lambda keys=keys, name=name: _foreign(keys, name)  # type: ignore[misc]


def _mqtt(config: Mqtt, outbox: Outbox | None) -> Sink:
    from mbmd.sinks.mqtt.sink import MqttSink

    return MqttSink(config, outbox)


def _influx(keys: Influx, outbox: Outbox | None) -> Sink:
    from mbmd.sinks.influx.sink import InfluxSink

    return InfluxSink(keys, outbox)


def _foreign(keys: SinkKeys, name: str) -> Sink:
    """A sink of another package."""
    known = {point.name: point for point in entry_points(group=GROUP)}
    if keys.use not in known:
        known_names = did_you_mean(keys.use, known) if known else ": no package that is installed brings one"
        raise UsageError(f"{keys.path}.use: unknown sink {keys.use!r}{known_names}")
    try:
        sink: Sink = known[keys.use].load()(dict(keys.options))
    except UsageError as error:
        raise UsageError(f"{keys.path}.options: {error}") from None
    except Exception as error:
        raise UsageError(f"{keys.path}: sink {keys.use} cannot be made: {type(error).__name__}: {error}") from error
    return Apart(sink, name)
