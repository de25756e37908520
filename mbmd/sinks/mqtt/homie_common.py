"""What the versions of the Homie convention have in common: devices with one node, `meter`, and its properties."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from mbmd.config.outputs import Mqtt
from mbmd.measurements import Kind, Measurement
from mbmd.readings.device import DeviceReadings, State
from mbmd.readings.hub import Update
from mbmd.sinks.mqtt.dialect import Devices, Words
from mbmd.sinks.mqtt.message import Message

NODE = "meter"
INIT, READY, ALERT, DISCONNECTED, LOST = "init", "ready", "alert", "disconnected", "lost"
LARGEST = 1 << 18
"""Bytes of a description, or a list of properties, that may be ours: all known measurements take a thirtieth of it."""
PART = 64
"""Topics of a broker that are looked at before others may have their turn."""
_OF_HOMIE = re.compile(rf"[^/]*/(\$|{NODE}/).+", re.DOTALL)
"""A device and an attribute, or what is below its node: others may stand at the same root, such as `Power/L1`."""


@dataclass(slots=True, eq=False)
class _Shown:
    """A device as it was announced last.

    `topics` are those of its values by slot, empty for what it does not offer; `kept` are all that the broker keeps.
    `fresh`: announced on this connection; `complete`: its values were told since.
    """

    device: DeviceReadings
    attributes: Mapping[str, bytes]
    topics: tuple[str, ...]
    kept: tuple[str, ...]
    fresh: bool = True
    complete: bool = False


class Homie(ABC):
    """A device is announced in full, in `init`, as soon as a connection knows it, and ready once its values were told.

    All of it is retained, so what is no more is cleared. The topics by which mbmd knows its devices later are the first
    to be announced and the last to be cleared: what was interrupted is found again.

    Of a device that is not found yet all stays that the broker keeps of earlier times, but for its `$state`; what it
    has no more is cleared when it is announced. One that the broker does not know is not announced before it is found.
    """

    def __init__(self, config: Mqtt, base: str, words: Mapping[State, str]) -> None:
        self.base = base
        self._words = words
        self._named = config.device == "name"
        self._qos = config.qos
        self._shown: dict[str, _Shown] = {}
        self._earlier: dict[str, frozenset[str]] = {}

    @abstractmethod
    def device_id(self, device: DeviceReadings) -> str:
        """What topics call a device."""

    @abstractmethod
    def property_id(self, measurement: Measurement) -> str:
        """What topics call a measurement."""

    @abstractmethod
    def attributes(self, device: DeviceReadings) -> dict[str, bytes]:
        """What a device is and offers: payloads by topic."""

    @abstractmethod
    def marks(self) -> Sequence[str]:
        """Filters of the topics that `former` needs."""

    @abstractmethod
    def former(self, own: Container[str], retained: Mapping[str, bytes]) -> Iterable[str]:
        """Topics of devices that mbmd has announced at another time and whose topics are not among its `own` now."""

    def standing(self, device: DeviceReadings, word: str) -> dict[str, bytes]:
        """How a device is, `word` for its `$state`: payloads by topic."""
        return {f"{self.topic(device)}/$state": word.encode()}

    def payload(self, text: str) -> bytes:
        """What is published of a reading that is text."""
        return text.encode()

    def births(self, devices: Devices) -> Iterable[Message]:
        self._shown = {key: shown for key, shown in self._shown.items() if key in devices}
        for shown in self._shown.values():
            shown.fresh = False
        self._earlier.clear()
        return ()

    def presents(self, device: DeviceReadings) -> Iterable[Message]:
        shown = self._fresh(device)
        if shown is not None and shown.attributes == self.attributes(device):
            return ()
        return self.announce(device)

    def states(self, device: DeviceReadings) -> Iterable[Message]:
        if not device.is_found:
            return self._waits(device)
        shown = self._fresh(device)
        return self.announce(device) if shown is None else self._state(shown)

    def corrects(self, devices: Devices) -> Iterable[Message]:
        """Made one by one, as others say how a device is while these are said."""
        for device in devices.values():
            if not device.is_found:
                yield from self._waits(device)
            elif (shown := self._fresh(device)) is not None:
                yield from self._state(shown)

    def values(self, update: Update) -> Iterable[Message]:
        device, qos = update.device, self._qos
        shown = self._shown.get(device.id)
        if shown is None or shown.device is not device:
            return ()
        # Infinity and NaN are no numbers of the convention: they are those that are not 0 less themselves.
        messages = [
            Message(topic, b"%.3f" % value, True, qos)
            for topic, value in zip(shown.topics, update.values, strict=True)
            if value - value == 0.0 and topic
        ]
        for name, text in update.texts.items():
            if topic := shown.topics[device.slots[name]]:
                messages.append(Message(topic, self.payload(text), True, qos))
        if device.online and not shown.complete:
            shown.complete = True
            messages += self._state(shown)
        return messages

    def gone(self, device: DeviceReadings) -> Iterable[Message]:
        self._earlier.pop(device.id, None)  # what is kept is no device's then: `former` knows it
        shown = self._shown.get(device.id)
        if shown is None or shown.device is not device:
            return ()
        del self._shown[device.id]
        return self.clear(reversed(shown.kept))

    def farewell(self, devices: Devices) -> Iterable[Message]:
        known = [device for device in devices.values() if device.id in self._shown or device.id in self._earlier]
        return [message for device in known for message in self.say(self.standing(device, DISCONNECTED))]

    def watches(self, devices: Devices) -> Sequence[str]:
        return [*(f"{topic}/#" for topic in self.own(devices)), *self.marks()]

    def outdated(self, devices: Devices, retained: Mapping[str, bytes]) -> Words:
        """Device by device, each as it is when it has its turn."""
        own = self.own(devices)
        kept: dict[str, list[str]] = {}
        others: dict[str, bytes] = {}
        for number, (topic, payload) in enumerate(retained.items(), 1):
            device_topic = self.device_topic(topic)
            if payload and device_topic in own:
                kept.setdefault(device_topic, []).append(topic)
            elif payload and device_topic:
                others[topic] = payload
            if number % PART == 0:
                yield None
        waiting = {self.topic(device): device for device in devices.values() if not device.is_found}
        for device_topic in {**waiting, **kept}:
            yield from self._outdated(waiting.get(device_topic), kept.get(device_topic, ()), own[device_topic])
            yield None
        yield from self.clear(self.former(own, others))

    def own(self, devices: Devices) -> dict[str, Callable[[], Container[str] | None]]:
        """What the broker shall keep: what gives all topics of a device, by the device's topic.

        It takes a while, and few brokers keep something of each device. None is given where that is not known yet.
        """
        return {self.topic(device): partial(self._topics_of, device) for device in devices.values()}

    def is_known(self, device: DeviceReadings) -> bool:
        """Whether the broker keeps an announcement of a device, be it of earlier times."""
        shown = self._shown.get(device.id)
        return device.id in self._earlier or (shown is not None and shown.fresh)

    def announce(self, device: DeviceReadings) -> list[Message]:
        """Say what a device is, and clear what it was and is no more."""
        before = self._shown.get(device.id)
        shown = self._shown[device.id] = self._show(device)
        kept = {*self._earlier.pop(device.id, ()), *(before.kept if before is not None else ())}
        return [
            *self.say(self.standing(device, INIT)),
            *self.clear(sorted(kept.difference(shown.kept))),
            *self.say(shown.attributes),
            *self._state(shown),
        ]

    def say(self, payloads: Mapping[str, bytes]) -> list[Message]:
        """Retained messages, by topic."""
        return [Message(topic, payload, True, self._qos) for topic, payload in payloads.items()]

    def clear(self, topics: Iterable[str]) -> Iterator[Message]:
        """Messages by which the broker forgets topics."""
        return (Message(topic, b"", True, self._qos) for topic in topics)

    def label(self, device: DeviceReadings) -> str:
        """What people call a device."""
        return (self._named and device.name) or device.id

    def topic(self, device: DeviceReadings) -> str:
        """The topic of a device."""
        return f"{self.base}/{self.device_id(device)}"

    def device_topic(self, topic: str) -> str:
        """The topic of the device that a topic belongs to; empty for one that is not of the convention."""
        begin = len(self.base) + 1
        if not topic.startswith(f"{self.base}/") or not _OF_HOMIE.fullmatch(topic, begin):
            return ""
        return topic[: topic.index("/", begin)]

    def _fresh(self, device: DeviceReadings) -> _Shown | None:
        shown = self._shown.get(device.id)
        return shown if shown is not None and shown.fresh and shown.device is device else None

    def _waits(self, device: DeviceReadings) -> list[Message]:
        """How a device is that is not found yet, as far as the broker knows it at all."""
        return self.say(self.standing(device, self._words[device.state])) if self.is_known(device) else []

    def _outdated(
        self, waiting: DeviceReadings | None, found: Sequence[str], own: Callable[[], Container[str] | None]
    ) -> Iterator[Message]:
        """Clear what a device has no more of what was found; nothing yet of one that is `waiting` to be found."""
        if waiting is None or waiting.is_found:
            topics = own()
            yield from self.clear(topic for topic in found if topics is not None and topic not in topics)
            return
        standing = self.standing(waiting, INIT)
        if announced := frozenset(found).difference(standing):
            self._earlier[waiting.id] = announced
        elif not self.is_known(waiting):  # a will may have said how a device is that was never announced
            yield from self.clear(topic for topic in standing if topic in found)
        yield from self._waits(waiting)

    def _state(self, shown: _Shown) -> list[Message]:
        """Nothing of a device that answers as long as its values were not told: it is not ready before."""
        state = shown.device.state
        if state is State.ONLINE and not shown.complete:
            return []
        return self.say(self.standing(shown.device, self._words[state]))

    def _topics_of(self, device: DeviceReadings) -> Container[str] | None:
        return frozenset(self._show(device).kept) if device.is_found else None

    def _show(self, device: DeviceReadings) -> _Shown:
        node, offered = f"{self.topic(device)}/{NODE}", set(device.offered)
        topics = tuple(f"{node}/{self.property_id(m)}" if m in offered else "" for m in device.measurements)
        attributes = self.attributes(device)
        kept = (*attributes, *filter(None, topics), *reversed(self.standing(device, INIT)))
        return _Shown(device, attributes, topics, kept)


def datatype(measurement: Measurement) -> str:
    """The type of a property."""
    return "string" if measurement.kind is Kind.TEXT else "float"
