"""Messages that come from a broker."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import paho.mqtt.client as paho

Hear = Callable[[str, bytes, bool], None]
"""Called with topic, payload, and whether the broker had kept the message."""

log = logging.getLogger(__name__)


class Ears:
    """The subscriptions of one connection to the broker `name`; `told` are filters that it has refused before."""

    def __init__(self, client: paho.Client, name: str, told: set[str]) -> None:
        self._client = client
        self._name = name
        self._told = told
        self._asked: dict[int, Sequence[str]] = {}
        client.on_subscribe = self._answered

    def listen(self, filters: Sequence[str], hear: Hear) -> None:
        """Tell `hear` of messages with such topics."""
        if not filters:
            return

        def heard(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
            try:
                hear(message.topic, bytes(message.payload), message.retain)
            except Exception:  # the library would lose its place in what came
                log.exception("what came for %s was not understood", message.topic)

        for one in filters:
            self._client.message_callback_add(one, heard)
        _, mid = self._client.subscribe([(one, 0) for one in filters])
        if mid is not None:
            self._asked[mid] = filters

    def unlisten(self, filters: Sequence[str]) -> None:
        """Do not hear of these any more."""
        if filters:
            for one in filters:
                self._client.message_callback_remove(one)
            self._client.unsubscribe(list(filters))

    def _answered(self, _client: paho.Client, _data: object, mid: int, reasons: Any, _properties: object) -> None:
        for one, reason in zip(self._asked.pop(mid, ()), reasons, strict=False):
            if reason.is_failure and one not in self._told:
                self._told.add(one)
                log.warning(
                    "%s: it does not tell of %s (%s): check what it allows this user", self._name, one, reason.getName()
                )
