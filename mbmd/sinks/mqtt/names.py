"""The topics of devices and measurements."""

import logging
import re
from collections.abc import Container
from typing import NamedTuple

from mbmd.config.outputs import Mqtt
from mbmd.config.topics import AVAILABILITY, STATUS, fill, topic_fields
from mbmd.readings.device import DeviceReadings

_PARTED = re.compile(r"(.+)([LTS][0-9])", re.ASCII)

log = logging.getLogger(__name__)


def measurement_path(name: str) -> str:
    """A measurement as it stands in topics: `Power/L1` of `PowerL1`."""
    parts = _PARTED.fullmatch(name)
    return f"{parts[1]}/{parts[2]}" if parts else name


def status_topic(config: Mqtt) -> str:
    """Where it stands whether mbmd is there."""
    return fill(STATUS, {"root": config.topic})


class Topics(NamedTuple):
    """The topics of a device that is `called` so, by name and place; `readings` has one for each slot."""

    called: tuple[str, str]
    status: str
    whole: str
    readings: tuple[str, ...]


NO_TOPICS = Topics(("", ""), "", "", ())


def topics_of(config: Mqtt, device: DeviceReadings) -> Topics:
    """The topics of a device as it is called now."""
    fields = topic_fields(config.topic, config.device, device.id, device.name, device.place, device.type)
    readings = tuple(
        fill(config.template, {**fields, "measurement": measurement_path(measurement.name)})
        for measurement in device.measurements
    )
    called = device.name, device.place
    return Topics(called, fill(AVAILABILITY, fields), fill(config.json_template, fields), readings)


class Names:
    """The topics of all devices, made once for each name that a device has.

    A device one of whose topics is that of another device has none for its readings, and the log says so once.
    Another object under the same id is the same device here.
    """

    def __init__(self, config: Mqtt) -> None:
        self._config = config
        self._known: dict[str, tuple[DeviceReadings, Topics]] = {}
        self._owners: dict[str, str] = {}
        self._in_conflict: set[str] = set()

    def of(self, device: DeviceReadings) -> Topics:
        """The topics of a device as it is called now; `whole` is empty, and `readings` too, of one in conflict."""
        name = device.id
        known, topics = self._known.get(name, (None, NO_TOPICS))
        if known is not device or topics.called != (device.name, device.place) or name in self._in_conflict:
            self._release(name)
            topics = self._owned(device, topics_of(self._config, device))
            self._known[name] = device, topics
        return topics

    def forget(self, device: DeviceReadings) -> None:
        """Let other devices have its topics."""
        self._release(device.id)
        self._in_conflict.discard(device.id)

    def keep(self, devices: Container[str]) -> None:
        """Let others have the topics of all devices but these, by id."""
        for name in [name for name in self._known if name not in devices]:
            self._release(name)
        self._in_conflict = {name for name in self._in_conflict if name in devices}

    def has(self, topic: str) -> bool:
        """Whether it is the topic of a device."""
        return topic in self._owners

    def may_clear(self, device: DeviceReadings, topic: str) -> bool:
        """Whether no other device has a topic that was one of this device."""
        return self._owners.get(topic, device.id) == device.id

    def _release(self, name: str) -> None:
        _, topics = self._known.pop(name, (None, NO_TOPICS))
        for topic in self._used(topics):
            if self._owners.get(topic) == name:
                del self._owners[topic]

    def _owned(self, device: DeviceReadings, topics: Topics) -> Topics:
        used = self._used(topics)
        for topic in used:
            owner = self._owners.get(topic)
            if owner is not None and not self._is_outdated(owner):
                self._complain(device.id, topic, owner)
                return topics._replace(whole="", readings=())
        self._in_conflict.discard(device.id)
        self._owners.update(dict.fromkeys(used, device.id))
        return topics

    def _is_outdated(self, name: str) -> bool:
        """Whether a device has been given another name; its topics are free then."""
        device, topics = self._known[name]
        if topics.called == (device.name, device.place):
            return False
        self._release(name)
        return True

    def _used(self, topics: Topics) -> list[str]:
        payload = self._config.payload
        used = [topics.status, *(topics.readings if payload != "json" else ())]
        return used if payload == "plain" else [*used, topics.whole]

    def _complain(self, name: str, topic: str, owner: str) -> None:
        if name not in self._in_conflict:
            self._in_conflict.add(name)
            log.error(
                "mqtt: no readings of %s are published: %s would be a topic of %s too: change mqtt.template or a name",
                name,
                topic,
                owner,
            )
