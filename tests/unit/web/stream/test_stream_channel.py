"""What clients of a channel are told, and what one knows that is behind: the parts apart from any server."""

import asyncio
from array import array
from typing import cast

import pytest

from mbmd.measurements import CATALOGUE
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Hub, Update
from mbmd.web.stream import channel as channel_module
from mbmd.web.stream.channel import Channel
from mbmd.web.stream.client import Client
from mbmd.web.stream.framing import EVENTS, WEBSOCKET, Framing
from mbmd.web.stream.wishes import Form, Wishes


class Wire:
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closing = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def is_closing(self) -> bool:
        return self.closing


def connect(number: int, status_due: bool = False) -> tuple[Wire, Client, list[None]]:
    wire, drained = Wire(), list[None]()
    transport = cast(asyncio.Transport, wire)
    return wire, Client(transport, "a:1", number, status_due, lambda: drained.append(None)), drained


def make(count: int) -> tuple[Hub, list[Update]]:
    devices = [DeviceReadings(f"SDM1.{unit}", "SDM", [CATALOGUE["Power"]]) for unit in range(1, count + 1)]
    return Hub(devices), [Update(device, array("d", [5.0]), 1.0) for device in devices]


def events_in(data: bytes) -> int:
    return data.count(b"event: ")


def test_messages_are_joined_and_each_part_says_how_far_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    hub, updates = make(5)
    channel = Channel(Wishes(Form.BATCH), EVENTS, hub)
    news = list(zip((3, 4, 8, 9, 11), updates, strict=True))
    assert [(events_in(data), number) for data, number in channel.parts(news, 20)] == [(5, 20)]
    monkeypatch.setattr(channel_module, "JOINED", 150)
    assert [(events_in(data), number) for data, number in channel.parts(news, 20)] == [(2, 7), (2, 10), (1, 20)]
    assert list(channel.parts([], 20)) == [(b"", 20)]


def test_of_devices_that_are_not_wanted_or_went_nothing_is_told() -> None:
    hub, updates = make(3)
    channel = Channel(Wishes(Form.BATCH, frozenset({"SDM1.1", "SDM1.2"})), EVENTS, hub)
    news = list(enumerate(updates, 1))
    assert [events_in(data) for data, _ in channel.parts(news, 3)] == [2]
    hub.replace([updates[0].device, updates[2].device], ())
    assert [events_in(data) for data, _ in channel.parts(news, 3)] == [1]
    channel.find_devices()
    assert [events_in(data) for data, _ in channel.parts(news, 3)] == [1]


@pytest.mark.parametrize(
    ("form", "framing", "all_first"),
    [(Form.READING, WEBSOCKET, False), (Form.BATCH, WEBSOCKET, True), (Form.READING, EVENTS, True)],
)
def test_who_is_told_all_first(form: Form, framing: Framing, all_first: bool) -> None:
    assert Channel(Wishes(form), framing, Hub()).tells_all_first == all_first


def test_news_that_a_client_knows_are_not_told_again() -> None:
    wire, client, _ = connect(5)
    client.make_up(b"", 5, 5)
    for number in (4, 5, 6, 6):
        client.offer(b"%d" % number, number)
    assert (wire.written, client.number) == ([b"6"], 6)


def test_what_is_not_for_a_client_does_not_leave_it_behind() -> None:
    wire, client, drained = connect(0)
    client.make_up(b"", 0, 0)
    client.pause()
    client.offer(b"", 3)
    assert (client.number, client.is_behind) == (3, False)
    client.resume()
    assert (wire.written, drained) == ([], [])


def test_who_cannot_take_news_is_behind_until_it_has_made_up_for_all() -> None:
    wire, client, drained = connect(0)
    client.make_up(b"", 0, 0)
    client.pause()
    client.offer(b"1", 1)
    client.offer(b"2", 2)
    client.make_up(b"1", 1, 2)
    assert (client.is_behind, client.is_ready, client.number, wire.written) == (True, False, 0, [])
    client.resume()
    assert (client.is_ready, drained) == (True, [None])
    client.offer(b"3", 3)
    client.make_up(b"1", 1, 3)
    assert client.is_behind
    client.make_up(b"23", 3, 3)
    assert (client.is_behind, wire.written) == (False, [b"1", b"23"])
    client.offer(b"4", 4)
    assert wire.written[-1] == b"4"


def test_a_status_that_is_due_is_made_up_for_even_if_there_are_no_news() -> None:
    wire, client, drained = connect(0, status_due=True)
    client.offer_status(b"old")
    client.pause()
    client.make_up_status(b"newer")
    client.make_up(b"", 0, 0)
    assert (client.status_due, client.is_behind, wire.written) == (True, True, [])
    client.resume()
    assert drained == [None]
    client.make_up_status(b"newest")
    client.make_up(b"", 0, 0)
    assert (client.status_due, client.is_behind, wire.written) == (False, False, [b"newest"])
    client.offer_status(b"next")
    assert wire.written[-1] == b"next"


def test_nothing_is_written_to_who_leaves() -> None:
    wire, client, _ = connect(0)
    wire.closing = True
    assert not client.tell(b"x")
    assert not client.is_ready
    assert wire.written == []
