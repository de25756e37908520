"""The websocket with wishes: batches, some devices, some measurements, and what cannot be had."""

import asyncio
import json
from array import array
from math import nan

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from mbmd.measurements import CATALOGUE
from mbmd.readings.device import DeviceReadings
from mbmd.web.stream import service
from tests.web_site import LOOPS, STAMP, Factory, Site, hear, joined, run


@LOOPS
def test_a_batch_client_hears_the_status_then_all_that_is_there_then_each_poll(factory: Factory) -> None:
    async def main(site: Site) -> None:
        client = await site.websocket("?format=batch")
        first = [json.loads(await asyncio.wait_for(client.recv(), 30)) for _ in range(3)]
        assert "Meters" in first[0]
        assert "Device" not in first[0]
        stamp = int(STAMP * 1000)
        assert first[1:] == [
            {"Device": "SDM1.1", "Timestamp": stamp, "Values": {"Current": 1.5, "Power": 345}},
            {"Device": "SDM1.2", "Timestamp": stamp, "Values": {"Current": 2.5, "Power": 575}},
        ]
        site.publish(1, 3.5, nan)
        assert [m["Values"] for m in await hear(client, 1, "Device")] == [{"Current": 3.5}]
        site.publish(2, 1, 2)
        assert [(m["Device"], m["Values"]) for m in await hear(client, 1, "Device")] == [
            ("SDM1.3", {"Current": 1, "Power": 2})
        ]
        await client.close()

    run(factory, main)


def test_only_what_is_wanted_is_told() -> None:
    async def main(site: Site) -> None:
        site.devices[1].name = "heat pump"
        site.hub.replace(site.devices, ())
        batch = await site.websocket("?format=batch&status=false&devices=heat%20pump&measurement=Pow*")
        single = await site.websocket("?status=false&devices=SDM1.1,SDM1.2&measurement=Current")
        await asyncio.wait_for(await batch.ping(), 30)
        await asyncio.wait_for(await single.ping(), 30)
        for number in (0, 1, 2):
            site.publish(number, number + 1, nan if number == 1 else 9)
        site.publish(1, 7, 8)
        heard = [json.loads(await asyncio.wait_for(batch.recv(), 30))["Values"] for _ in range(2)]
        assert heard == [{"Power": 575}, {"Power": 8}]
        told = [json.loads(await asyncio.wait_for(single.recv(), 30)) for _ in range(2)]
        assert [(m["Device"], m["IEC61850"], m["Value"]) for m in told] == [
            ("SDM1.1", "Current", 1),
            ("SDM1.2", "Current", 7),
        ]
        await batch.close()
        await single.close()

    run(asyncio.new_event_loop, main)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?devices=SDM1.9", "there is no device SDM1.9: /api/status lists them"),
        ("?measurement=Powre", "measurement: there is no measurement Powre: did you mean Power?"),
        ("?format=xml", "format 'xml' is none: it is one of batch, reading"),
        ("?status=no&status=no", "status is given 2 times: give it once"),
    ],
)
def test_what_cannot_be_had_is_said_before_the_upgrade(query: str, message: str) -> None:
    async def main(site: Site) -> None:
        with pytest.raises(InvalidStatus) as caught:
            await site.websocket(query)
        assert caught.value.response.status_code == 400
        assert caught.value.response.headers["content-type"] == "application/json"
        assert json.loads(caught.value.response.body or b"") == {"status": 400, "message": message}
        answer = await site.ask(f"/ws{query}")
        assert (answer.status, answer.json["message"]) == (400, message)

    run(asyncio.new_event_loop, main)


def test_what_asks_for_no_websocket_is_told_what_it_is() -> None:
    async def main(site: Site) -> None:
        answer = await site.ask("/ws")
        assert (answer.status, answer.headers["upgrade"]) == (426, "websocket")
        assert answer.json == {"status": 426, "message": "this is a websocket"}

    run(asyncio.new_event_loop, main)


def test_compression_is_not_negotiated() -> None:
    async def main(site: Site) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(
            b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")
        assert b"extensions" not in head.lower()
        writer.close()

    run(asyncio.new_event_loop, main)


def test_a_device_that_is_wanted_may_go_and_come_again() -> None:
    async def main(site: Site) -> None:
        client = await joined(site, "?format=batch&devices=SDM1.1")
        await hear(client, 1, "Device")
        first, *others = site.devices
        site.devices = others
        site.hub.replace(others, ())
        (status,) = await hear(client, 1, "Meters")
        assert [meter["Device"] for meter in status["Meters"]] == ["SDM1.2", "SDM1.3"]
        site.publish(0, 5, 5)
        again = DeviceReadings("SDM1.1", "SDM", [*first.measurements, CATALOGUE["Voltage"]])
        site.devices = [again]
        site.hub.replace(site.devices, ())
        fresh = array("d", [1, 2, 230])
        again.commit(fresh, (), 0, STAMP)
        site.hub.publish(again, fresh)
        (told,) = await hear(client, 1, "Device")
        assert (told["Device"], told["Values"]) == ("SDM1.1", {"Current": 1, "Power": 2, "Voltage": 230})
        await client.close()

    run(asyncio.new_event_loop, main)


def test_the_status_is_told_when_a_device_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "STATUS_INTERVAL", 3600)
    monkeypatch.setattr(service, "STATUS_AT_SOONEST", 0.01)

    async def main(site: Site) -> None:
        client = await joined(site, "?format=batch")
        site.devices[0].go_offline()
        site.hub.turn(site.devices[0])
        (status,) = await hear(client, 1, "Meters")
        assert [meter["Online"] for meter in status["Meters"]] == [False, True, False]
        await client.close()

    run(asyncio.new_event_loop, main)


def test_clients_with_the_same_wishes_share_a_channel() -> None:
    async def main(site: Site) -> None:
        queries = ("", "", "?format=reading", "?devices=SDM1.1,SDM1.2", "?devices=SDM1.2&devices=SDM1.1&status=yes")
        clients = [await joined(site, query) for query in queries]
        channels = site.server._site.stream._channels
        assert sorted(len(channel.clients) for channel in channels.values()) == [2, 3]
        for client in clients:
            await client.close()
        while channels:  # noqa: ASYNC110 - nothing tells when the server has let go of them
            await asyncio.sleep(0.005)

    run(asyncio.new_event_loop, main)


@LOOPS
def test_a_client_that_is_quiet_is_pinged(factory: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "WATCH_INTERVAL", 0.01)

    async def main(site: Site) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(
            b"GET /ws?status=false HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(4) == b"\x89\x00" * 2
        writer.write(b"\x8a\x80\0\0\0\0")
        assert await reader.readexactly(2) == b"\x89\x00"
        writer.close()

    run(factory, main)


@LOOPS
def test_who_listens_is_told_that_the_server_goes(factory: Factory) -> None:
    async def main(site: Site) -> None:
        client = await joined(site)
        await site.server.close()
        with pytest.raises(ConnectionClosed) as caught:
            await hear(client, 1000, "never")
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1001

    run(factory, main)
