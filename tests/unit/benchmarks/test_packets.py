import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from benchmarks.play.packets import Came, Cut, Splitter, event, frame, publication, subscribe
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.packet import publish_packet
from mbmd.web.stream.framing import EVENTS

TEXTS = st.lists(st.binary(min_size=1, max_size=70_000), max_size=4)


def _frame(data: bytes, opcode: Opcode = Opcode.TEXT) -> bytes:
    return bytes(Frame(opcode, data).serialize(mask=False))


def _split(cut: Cut, wire: bytes, sizes: list[int]) -> list[Came]:
    """What comes in pieces of these sizes, at times that count from 0, the rest at once."""
    pieces, start = [], 0
    for size in sizes:
        pieces.append(wire[start : start + size])
        start += size
    chunks = [Came(float(number), piece) for number, piece in enumerate([*pieces, wire[start:]])]
    return list(Splitter(cut).split(chunks))


@given(texts=TEXTS, sizes=st.lists(st.integers(0, 90_000), max_size=6))
def test_frames_come_whole_however_they_are_cut(texts: list[bytes], sizes: list[int]) -> None:
    assert [one.data for one in _split(frame, b"".join(map(_frame, texts)), sizes)] == texts


def test_frames_other_than_text_are_left_out() -> None:
    wire = _frame(b"", Opcode.PING) + _frame(b"a") + _frame(b"\x03\xe9", Opcode.CLOSE)
    assert [one.data for one in _split(frame, wire, [])] == [b"a"]


@given(
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False)), sizes=st.lists(st.integers(0, 99), max_size=9)
)
def test_events_come_whole_however_they_are_cut(values: list[float], sizes: list[int]) -> None:
    bodies = [orjson.dumps(value) for value in values]
    wire = EVENTS.greeting + b"".join(map(EVENTS.readings, bodies)) + EVENTS.heartbeat
    assert [one.data for one in _split(event, wire, sizes)] == bodies


@given(payloads=TEXTS, sizes=st.lists(st.integers(0, 90_000), max_size=6))
def test_publications_come_whole_with_their_topics_however_they_are_cut(
    payloads: list[bytes], sizes: list[int]
) -> None:
    wire = b"\x20\x02\0\0" + b"".join(publish_packet(Message("mbmd/sdm1-1/Power", one), b"") for one in payloads)
    assert [one.data for one in _split(publication, wire, sizes)] == [b"mbmd/sdm1-1/Power " + one for one in payloads]


def test_a_message_has_the_time_of_its_last_byte() -> None:
    wire = _frame(b"first") + _frame(b"second")
    assert _split(frame, wire, [3, 5]) == [Came(1.0, b"first"), Came(2.0, b"second")]


@pytest.mark.parametrize("cut", [frame, event, publication])
def test_nothing_comes_of_nothing(cut: Cut) -> None:
    assert _split(cut, b"", [0, 0]) == []


def test_a_subscription_is_two_packets_as_the_protocol_has_them() -> None:
    assert subscribe("a/#") == (b"\x10\x15\0\4MQTT\4\2\0\0\0\x09probe-a/#" + b"\x82\x08\0\1\0\3a/#\0")
