"""The sinks of a daemon: those of its configuration, which come and go with it."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.metadata import entry_points
from typing import NamedTuple

from mbmd.config.outputs import Influx, Mqtt, Outbox, SinkKeys
from mbmd.config.run import RunConfig
from mbmd.config.values import did_you_mean
from mbmd.errors import UsageError
from mbmd.readings.health import SinkHealth
from mbmd.readings.hub import Hub
from mbmd.running.changes import Fate, count
from mbmd.sinks.apart import Apart
from mbmd.sinks.failure import told
from mbmd.sinks.keeper import keep
from mbmd.sinks.sink import GROUP, Sink

LAST_WORDS = 5.0
"""Seconds that sinks may take to say goodbye."""
OWN_NAMES = ("mqtt", "influx")
"""What the sinks of mbmd itself are called."""

log = logging.getLogger(__name__)


class Wanted(NamedTuple):
    """A sink of a configuration.

    `path` is its place there, such as `sinks[0]`, and `keys` are all that it depends on. `make` makes it, and opens
    nothing; if that cannot work, it raises UsageError whose lines begin with a key. It also tells where its readings
    go, without secrets.
    """

    name: str
    path: str
    keys: object
    make: Callable[[], tuple[Sink, str]]


class Planned(NamedTuple):
    """A sink to be: the keys that it comes from, and itself and where its readings go if it is to be started anew."""

    keys: object
    sink: Sink | None
    place: str = ""


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
        running = {name: sink.keys for name, sink in self._running.items()}
        planned: dict[str, Planned] = {}
        problems = []
        for name, _, keys, make in wanted(config, running):
            try:
                planned[name] = Planned(keys, None) if running.get(name) == keys else Planned(keys, *make())
            except UsageError as error:
                problems.append(str(error))
        if problems:
            raise UsageError("\n".join(problems))
        return planned

    async def change(self, planned: Mapping[str, Planned]) -> str:
        """End those that are not planned or planned anew, and start the others; who is in both goes on.

        Returns what has changed, as `sinks: 1 added`, or nothing.
        """
        fates = {name: _fate(name in self._running, planned.get(name)) for name in {**self._running, **planned}}
        ended = [name for name in self._running if fates[name] is not Fate.UNTOUCHED]
        await self._end({name: self._running.pop(name) for name in ended})
        for name in ended:
            if fates[name] is Fate.REMOVED:
                log.info("sink %s: removed", name)
        for name, (keys, sink, place) in planned.items():
            if sink is not None:
                log.info("sink %s: %s", name, place)
                health = SinkHealth(name)
                self._running[name] = _Running(keys, health, asyncio.create_task(keep(sink, self._hub, health)))
        self._hub.sinks = tuple(running.health for running in self._running.values())
        news = [fate for fate in fates.values() if fate is not Fate.UNTOUCHED]
        return f"sinks: {count(news)}" if news else ""

    async def close(self) -> None:
        """End all."""
        await self._end(self._running)
        self._running.clear()
        self._hub.sinks = ()

    async def _end(self, sinks: Mapping[str, _Running]) -> None:
        tasks = {running.task: name for name, running in sinks.items()}
        for task in tasks:
            task.cancel()
        if tasks:
            _, left = await asyncio.wait(tasks, timeout=LAST_WORDS)
            for task in left:
                log.warning("sink %s does not end, and is left alone", tasks[task])


def _fate(runs: bool, planned: Planned | None) -> Fate:
    if planned is None:
        return Fate.REMOVED
    if planned.sink is None:
        return Fate.UNTOUCHED
    return Fate.CHANGED if runs else Fate.ADDED


def check(config: RunConfig) -> Iterator[tuple[str, str]]:
    """Keys such as `sinks[0].options` of sinks that cannot work, and why."""
    for _, path, _, make in wanted(config, {}):
        try:
            make()
        except UsageError as error:
            for line in str(error).splitlines():
                key, _, text = line.partition(": ")
                yield (key, text) if key.startswith(path) else (path, line)


def wanted(config: RunConfig, running: Mapping[str, object]) -> Iterator[Wanted]:
    """All sinks of a configuration; those that are `running`, by name with their keys, keep their names."""
    if (mqtt := config.mqtt) is not None:
        yield Wanted("mqtt", "mqtt", (mqtt, config.outbox), partial(_mqtt, mqtt, config.outbox))
    if (influx := config.influx) is not None:
        yield Wanted("influx", "influx", (influx, config.outbox), partial(_influx, influx, config.outbox))
    names = _names([(keys.use, keys.options) for keys in config.sinks], running)
    for name, keys in zip(names, config.sinks, strict=True):
        yield Wanted(name, keys.path, (keys.use, keys.options), partial(_foreign, keys, name))


def _names(wanted: list[tuple[str, object]], running: Mapping[str, object]) -> list[str]:
    """A name for each, none twice: that of its entry point, and a number behind it if another has that."""
    names: dict[int, str] = {}
    for name, keys in running.items():
        same = (index for index, others in enumerate(wanted) if others == keys and index not in names)
        if (index := next(same, None)) is not None:
            names[index] = name
    for index, (use, _) in enumerate(wanted):
        if index not in names:
            taken = {*OWN_NAMES, *names.values()}
            many = (f"{use}-{number}" for number in range(2, len(taken) + 3))
            names[index] = next(name for name in (use, *many) if name not in taken)
    return [names[index] for index in range(len(wanted))]


def _mqtt(config: Mqtt, outbox: Outbox | None) -> tuple[Sink, str]:
    from mbmd.sinks.mqtt.sink import MqttSink

    sink = MqttSink(config, outbox)
    return sink, sink.place


def _influx(keys: Influx, outbox: Outbox | None) -> tuple[Sink, str]:
    from mbmd.sinks.influx.sink import InfluxSink

    sink = InfluxSink(keys, outbox)
    return sink, sink.place


def _foreign(keys: SinkKeys, name: str) -> tuple[Sink, str]:
    """A sink of another package."""
    known = {point.name: point for point in entry_points(group=GROUP)}
    if keys.use not in known:
        known_names = did_you_mean(keys.use, known) if known else ": no package that is installed brings one"
        raise UsageError(f"{keys.path}.use: unknown sink {keys.use!r}{known_names}")
    try:
        point = known[keys.use]
        return Apart(point.load()(dict(keys.options)), name), f"readings go to {point.value}"
    except UsageError as error:
        raise UsageError(f"{keys.path}.options: {error}") from None
    except (Exception, SystemExit) as error:
        raise UsageError(f"{keys.path}: sink {keys.use!r} cannot be made: {told(error)}") from error
