"""The websocket of a real server: who listens, who does not, and who says too much."""

import asyncio
import contextlib

import pytest
from websockets.exceptions import ConnectionClosed

from mbmd.web.stream import service
from tests.web_site import LOOPS, Factory, Site, hear, joined, run


@LOOPS
def test_the_websocket_sends_each_reading(factory: Factory) -> None:
    async def main(site: Site) -> None:
        client = await joined(site)
        site.publish(1, 3.5, float("nan"))
        (only,) = await hear(client, 1, "Value")
        assert only == {
            "Device": "SDM1.2",
            "Value": 3.5,
            "IEC61850": "Current",
            "Description": "Current (A)",
            "Timestamp": 1_700_000_000_500,
        }
        site.publish(0, 1, 2)
        assert [(m["Device"], m["IEC61850"], m["Value"]) for m in await hear(client, 2, "Value")] == [
            ("SDM1.1", "Current", 1),
            ("SDM1.1", "Power", 2),
        ]
        await client.close()

    run(factory, main)


def test_the_websocket_sends_the_status_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert service.STATUS_INTERVAL == 1.0
    monkeypatch.setattr(service, "STATUS_INTERVAL", 0.05)
    monkeypatch.setattr("mbmd.web.status.KEPT", 0.0)

    async def main(site: Site) -> None:
        client = await site.websocket()
        bodies = await hear(client, 4, "Meters")
        uptimes = [body["UpTime"] for body in bodies]
        assert uptimes == sorted(uptimes)
        assert len(set(uptimes)) == 4
        assert set(bodies[0]) == set((await site.ask("/api/status")).json)
        await client.close()

    run(asyncio.new_event_loop, main)


@LOOPS
@pytest.mark.parametrize("politely", [True, False])
def test_clients_come_and_go(factory: Factory, politely: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "STATUS_INTERVAL", 0.02)

    async def main(site: Site) -> None:
        stays = await joined(site)
        for value in range(10):
            client = await joined(site)
            if politely:
                await client.close()
            else:
                client.transport.abort()
            site.publish(0, value, value)
            assert [m["Value"] for m in await hear(stays, 2, "Value")] == [value, value]
        await stays.close()
        while site.server._site.stream._channels:  # noqa: ASYNC110 - nothing tells when the server has let go of them
            await asyncio.sleep(0.005)
        assert site.hub._subscriptions == [site.server._site.history._subscription]
        again = await joined(site)
        site.publish(0, 7, 8)
        assert [m["Value"] for m in await hear(again, 2, "Value")] == [7, 8]
        await again.close()

    run(factory, main)


def test_a_client_that_floods_makes_no_tasks_and_no_memory() -> None:
    async def main(site: Site) -> None:
        quiet, loud = await joined(site), await joined(site)
        before = len(asyncio.all_tasks())
        for _ in range(2000):
            await loud.send(bytes(1024))
        await asyncio.wait_for(await loud.ping(), 30)
        assert len(asyncio.all_tasks()) <= before
        site.publish(0, 1, 2)
        assert len(await hear(quiet, 2, "Value")) == 2
        await quiet.close()
        await loud.close()

    run(asyncio.new_event_loop, main)


def test_a_client_with_too_much_to_say_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mbmd.web.protocol.HEARD_AT_MOST", 10_000)

    async def main(site: Site) -> None:
        client = await joined(site)
        with contextlib.suppress(ConnectionClosed):
            for _ in range(20):
                await client.send(bytes(1024))
        await asyncio.wait_for(client.wait_closed(), 30)

    run(asyncio.new_event_loop, main)


def test_what_a_client_says_is_ignored() -> None:
    async def main(site: Site) -> None:
        client = await joined(site)
        await client.send("subscribe")
        await client.send(b"\x00\x01")
        await asyncio.wait_for(await client.ping(), 30)
        site.publish(0, 1, 2)
        assert len(await hear(client, 2, "Value")) == 2
        await client.close()

    run(asyncio.new_event_loop, main)
