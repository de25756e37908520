"""Which conventions the configuration asks for, and who of them says what."""

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from mbmd.config.outputs import Mqtt
from mbmd.sinks.mqtt.changes import Moved
from mbmd.sinks.mqtt.dialect import Devices, Dialect
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.names import Names
from mbmd.sinks.mqtt.objects import Objects
from mbmd.sinks.mqtt.plain import Plain
from mbmd.sinks.mqtt.presence import Presence


class Speech(NamedTuple):
    """Who makes messages: `dialects` all that is said, `moved` and `whole` that of values, and with which `names`.

    Values of `moved` are said when they have moved, to `whole` all of an update when one of them has.
    """

    dialects: Sequence[Dialect]
    moved: Sequence[Dialect]
    whole: Sequence[Dialect]
    names: Names

    def values(self, moved: Moved) -> Iterator[Message]:
        """The messages of an update."""
        for dialect in self.moved:
            yield from dialect.values(moved.moved)
        for dialect in self.whole:
            yield from dialect.values(moved.whole)

    def wills(self, devices: Devices) -> list[Message]:
        """What is to be said when mbmd dies, the most important first."""
        return [message for dialect in self.dialects for message in dialect.wills(devices)]

    def corrects(self, devices: Devices) -> Iterator[Message]:
        """What is true of all that."""
        for dialect in self.dialects:
            yield from dialect.corrects(devices)

    def farewell(self, devices: Devices) -> Iterator[Message]:
        """What is said at the end, the most important last."""
        for dialect in reversed(self.dialects):
            yield from dialect.farewell(devices)


class _Row(NamedTuple):
    """A convention of its own: where it is, when it is wanted, what it is made of, whether it has values."""

    module: str
    dialect: str
    wanted: Callable[[Mqtt], bool]
    make: Callable[[Any, Mqtt, Names], Dialect]
    values: bool


_ROWS = (
    _Row("homie", "Homie4", lambda c: bool(c.homie) and c.homie_version == "4", lambda new, c, _: new(c), True),
    _Row("homie5", "Homie5", lambda c: bool(c.homie) and c.homie_version == "5", lambda new, c, _: new(c), True),
    _Row("homeassistant", "HomeAssistant", lambda c: bool(c.homeassistant), lambda new, c, n: new(c, n), False),
)


def make_speeches(config: Mqtt) -> tuple[Speech, Speech]:
    """What is said while there is a connection, and the values that wait in the outbox for one."""
    names = Names(config)
    own: list[Dialect] = [Presence(config, names)] if config.topic else []
    plain: list[Dialect] = [Plain(config, names)] if config.topic and config.payload != "json" else []
    objects: list[Dialect] = [Objects(config, names)] if config.topic and config.payload != "plain" else []
    others = [(_made(row, config, names), row.values) for row in _ROWS if row.wanted(config)]
    stores_plain = bool(config.outbox)
    stores_objects = config.qos > 0 if config.outbox is None else config.outbox
    live = Speech(
        [*own, *plain, *objects, *(dialect for dialect, _ in others)],
        [*([] if stores_plain else plain), *(dialect for dialect, values in others if values)],
        [] if stores_objects else objects,
        names,
    )
    return live, Speech([], plain if stores_plain else [], objects if stores_objects else [], names)


def _made(row: _Row, config: Mqtt, names: Names) -> Dialect:
    return row.make(getattr(import_module(f"mbmd.sinks.mqtt.{row.module}"), row.dialect), config, names)
