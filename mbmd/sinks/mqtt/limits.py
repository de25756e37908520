"""What a broker takes, as its greeting says."""

from typing import Any, NamedTuple

from mbmd.sinks.mqtt.message import Message

WINDOW = 100
"""Messages that may be unacknowledged at a broker that does not say how many."""
WINDOW_TWICE = 20
"""Those of QoS 2: a broker keeps each, and may say nothing and end the connection when they are too many."""
_OVERHEAD = 16
"""Bytes, at the most, that a packet has beside topic and payload."""


class Limits(NamedTuple):
    """How many unacknowledged messages, which quality of service, whether retained ones, and of how many bytes."""

    window: int = 1
    qos: int = 2
    retain: bool = True
    size: int = 0

    @property
    def is_strict(self) -> bool:
        """Whether there are messages that it does not take as they are."""
        return self.qos < 2 or not self.retain or bool(self.size)

    def fit(self, message: Message) -> Message | None:
        """The message as the broker takes it; None for one that is too large."""
        if self.size and len(message.topic.encode()) + len(message.payload) + _OVERHEAD > self.size:
            return None
        return message._replace(qos=min(message.qos, self.qos), retain=message.retain and self.retain)


def limits_of(properties: Any, qos: int) -> Limits:
    """Those of a greeting with such properties, when messages usually have that quality of service."""
    window = WINDOW_TWICE if qos == 2 else WINDOW
    return Limits(
        window=max(1, min(window, getattr(properties, "ReceiveMaximum", window))),
        qos=getattr(properties, "MaximumQoS", 2),
        retain=bool(getattr(properties, "RetainAvailable", 1)),
        size=getattr(properties, "MaximumPacketSize", 0),
    )
