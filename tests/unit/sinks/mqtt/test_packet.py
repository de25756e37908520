"""Packets are those that the client library would make."""

from typing import Any

import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from mbmd.sinks.mqtt import packet
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.packet import NO_PROPERTIES, publish_packet

TOPICS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="+#\0"), min_size=1, max_size=200)


def of_library(message: Message, version: MQTTProtocolVersion) -> bytes:
    client: Any = paho.Client(CallbackAPIVersion.VERSION2, protocol=version)
    made: list[bytes] = []
    client._sock = object()
    client._packet_queue = lambda _command, data, *_: made.append(bytes(data))
    client.publish(message.topic, message.payload, 0, message.retain)
    client._sock = None
    return made[0]


@given(TOPICS, st.one_of(st.binary(max_size=300), st.integers(0, 40_000).map(bytes)), st.booleans(), st.booleans())
def test_a_packet_is_that_of_the_library(topic: str, payload: bytes, retain: bool, is_5: bool) -> None:
    message = Message(topic, payload, retain)
    version = MQTTProtocolVersion.MQTTv5 if is_5 else MQTTProtocolVersion.MQTTv311
    assert publish_packet(message, NO_PROPERTIES if is_5 else b"") == of_library(message, version)


@pytest.mark.parametrize("size", [122, 123, 124, 125, 126, 16_378, 16_379, 16_380, 2_097_146, 2_097_147])
def test_a_length_is_right_where_it_takes_one_more_byte(size: int) -> None:
    message = Message("abc", bytes(size))
    assert publish_packet(message, b"") == of_library(message, MQTTProtocolVersion.MQTTv311)


@pytest.mark.parametrize("topic", ["", "a/+", "#", "a\0b", "a" * 65_536, "ä" * 32_768])
def test_a_topic_that_nobody_can_publish_to_is_refused(topic: str) -> None:
    with pytest.raises(ValueError, match="topic"):
        publish_packet(Message(topic, b""), b"")


def test_what_no_length_can_tell_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packet, "LARGEST", 1000)
    assert publish_packet(Message("abc", bytes(995)), b"")
    with pytest.raises(ValueError, match="too long"):
        publish_packet(Message("abc", bytes(996)), b"")
