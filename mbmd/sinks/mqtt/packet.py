"""PUBLISH packets that need no acknowledgement, MQTT 3.1.1 and 5.0, section 3.3.

The client library makes some objects and a call to the system of each; thousands of readings a second are worth less.
"""

from struct import Struct

from mbmd.sinks.mqtt.message import Message

_PUBLISH = 0x30
_RETAIN = 0x01
_LONGEST_TOPIC = 65535
_SHORT = Struct(">BBH").pack
"""What is before the topic of nearly every reading: its length fits into one byte."""
NO_PROPERTIES = b"\0"
"""Their length, which MQTT 5 has and 3.1.1 has not."""
LARGEST = 268_435_455
"""Bytes that the rest of a packet may have behind its length, section 2.2.3."""


def publish_packet(message: Message, properties: bytes) -> bytes:
    """A message of QoS 0 as bytes; `properties` is empty, or NO_PROPERTIES where the protocol is MQTT 5.

    Raises ValueError for a topic that nobody can publish to, and what is too long.
    """
    text, payload, retain, _ = message
    topic = text.encode()
    width = len(topic)
    if not topic or "+" in text or "#" in text or "\0" in text or width > _LONGEST_TOPIC:
        raise ValueError("no topic")
    size = 2 + width + len(properties) + len(payload)
    if size < 128:
        return _SHORT(_PUBLISH | retain, size, width) + topic + properties + payload
    return b"%c%b%c%c%b%b%b" % (_PUBLISH | retain, _length(size), width >> 8, width & 0xFF, topic, properties, payload)


def _length(size: int) -> bytes:
    """Seven bits in each byte, the lowest first; the eighth says that more come."""
    if size > LARGEST:
        raise ValueError("too long")
    digits = bytearray()
    while size > 127:
        digits.append(size & 0x7F | 0x80)
        size >>= 7
    digits.append(size)
    return bytes(digits)
