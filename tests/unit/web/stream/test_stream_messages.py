"""The messages of the stream, and how they are framed."""

import json
from array import array
from math import nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Opcode
from websockets.protocol import OPEN, Side
from websockets.protocol import Protocol as Witness

from mbmd.measurements import CATALOGUE, Kind, Measurement
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Update
from mbmd.web.choice import taking
from mbmd.web.stream.framing import EVENTS, WEBSOCKET
from mbmd.web.stream.messages import batch_messages, current, reading_messages

STAMP = 1_700_000_000.25
TEXT = Measurement("Model", "Model", "", Kind.TEXT)


def make() -> DeviceReadings:
    """Slots are Cosphi, Import, Model, PowerL1."""
    return DeviceReadings("SDM1.1", "SDM", [TEXT, *(CATALOGUE[name] for name in ("Cosphi", "PowerL1", "Import"))])


def loaded(messages: list[bytes]) -> list[Any]:
    return [json.loads(message) for message in messages]


def test_a_message_for_each_reading() -> None:
    update = Update(make(), array("d", [nan, 1.5, nan, 3.5]), STAMP, {"Model": "X"})
    messages = loaded(reading_messages(update))
    common = {"Device": "SDM1.1", "Timestamp": 1_700_000_000_250}
    assert messages == [
        {**common, "Value": 1.5, "IEC61850": "Import", "Description": "Total Import (kWh)"},
        {**common, "Value": 3.5, "IEC61850": "PowerL1", "Description": "L1 Power (W)"},
    ]
    assert list(messages[0]) == ["Device", "Value", "IEC61850", "Description", "Timestamp"]
    assert loaded(reading_messages(update, taking(frozenset({"P*"})))) == messages[1:]


def test_a_message_for_each_poll() -> None:
    update = Update(make(), array("d", [nan, 1.5, nan, 3.5]), STAMP, {"Model": 'a "quoted" \u20ac'})
    (message,) = loaded(batch_messages(update))
    values = {"Import": 1.5, "PowerL1": 3.5, "Model": 'a "quoted" \u20ac'}
    assert message == {"Device": "SDM1.1", "Timestamp": 1_700_000_000_250, "Values": values}
    (message,) = loaded(batch_messages(update, taking(frozenset({"Model", "Import"}))))
    assert set(message["Values"]) == {"Model", "Import"}


def test_a_poll_without_what_is_wanted_makes_no_message() -> None:
    update = Update(make(), array("d", [1.0, nan, nan, nan]), STAMP)
    assert batch_messages(update, taking(frozenset({"Import"}))) == []
    assert reading_messages(update, taking(frozenset({"Import"}))) == []


def test_what_is_known_of_a_device_counts_as_one_poll() -> None:
    device = make()
    device.commit(array("d", [1, 2, nan, 3]), (), 1.0, STAMP, {"Model": "X"})
    device.commit(array("d", [4, nan, nan, nan]), (1, 2), 2.0, STAMP + 1)
    (message,) = loaded(batch_messages(current(device)))
    assert message["Values"] == {"Cosphi": 4, "Import": 2, "Model": "X"}
    assert message["Timestamp"] == 1_700_000_001_250


def test_heartbeat_and_farewell_of_a_websocket() -> None:
    witness = Witness(Side.CLIENT, state=OPEN)
    witness.receive_data(WEBSOCKET.heartbeat + WEBSOCKET.farewell)
    assert [frame.opcode for frame in witness.events_received()] == [Opcode.PING, Opcode.CLOSE]  # type: ignore[union-attr]
    assert witness.close_rcvd is not None
    assert witness.close_rcvd.code == 1001


@given(st.lists(st.text(max_size=200) | st.sampled_from(["x" * n for n in (125, 126, 65535, 65536)]), max_size=5))
def test_joined_frames_come_apart_again(texts: list[str]) -> None:
    witness = Witness(Side.CLIENT, state=OPEN)
    witness.receive_data(b"".join(WEBSOCKET.readings(text.encode()) for text in texts))
    frames = witness.events_received()
    assert [(frame.opcode, bytes(frame.data).decode()) for frame in frames] == [  # type: ignore[union-attr]
        (Opcode.TEXT, text) for text in texts
    ]


@pytest.mark.parametrize(("frame", "name"), [(EVENTS.readings, b"readings"), (EVENTS.status, b"status")])
def test_an_event_has_a_name_and_ends_with_an_empty_line(frame: Any, name: bytes) -> None:
    assert frame(b'{"a": 1}') == b"event: " + name + b'\ndata: {"a": 1}\n\n'


def test_the_heartbeat_of_events_is_a_comment() -> None:
    assert EVENTS.heartbeat.startswith(b":")
    assert EVENTS.heartbeat.endswith(b"\n\n")
