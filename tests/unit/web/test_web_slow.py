"""Clients of the stream that are slow, or do not read at all, and quick ones beside them."""

import asyncio
import json
import logging
import socket
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from mbmd.web.stream import client as client_module
from mbmd.web.stream import service
from mbmd.web.stream.client import HIGH, Client
from tests.web_site import LOOPS, Factory, Site, hear, joined, run

BATCH = "?format=batch&status=false"


@pytest.fixture(autouse=True)
def small_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel keeps little for a client that does not read."""
    monkeypatch.setattr(client_module, "OPTIONS", ((socket.SOL_SOCKET, socket.SO_SNDBUF, 4096),))
    monkeypatch.setattr(client_module, "HIGH", 32768)
    monkeypatch.setattr(client_module, "LOW", 2048)


async def idle(site: Site, query: str) -> tuple[ClientConnection, Client]:
    """A client that reads nothing until it is asked to, and what the server knows of it."""
    before = set(clients(site))
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", site.port))
    opened = await site.websocket(query, sock=connection, max_queue=1)
    while not (joined := set(clients(site)) - before):  # noqa: ASYNC110 - nothing tells when the server has it
        await asyncio.sleep(0.005)
    return opened, joined.pop()


def clients(site: Site) -> list[Client]:
    return [client for _, client in site.server._site.stream._all()]


async def publish_until_behind(site: Site, quick: ClientConnection, slow: Client) -> int:
    """Polls of the first device, of which the quick client hears each; returns the last value."""
    number = 1000
    while not slow.is_behind or not slow.is_paused:
        number += 1
        assert number < 20_000
        await publish(site, quick, number)
    return number


async def publish(site: Site, quick: ClientConnection, number: int) -> None:
    """A poll of the first device, which the quick client hears."""
    site.publish(0, number, number)
    while True:
        (message,) = await hear(quick, 1, "Device")
        if number in (message.get("Values", {}).get("Power"), message.get("IEC61850") == "Power" and message["Value"]):
            return


@LOOPS
@pytest.mark.parametrize("query", [BATCH, "?status=false"], ids=["batch", "reading"])
def test_a_slow_client_gets_the_newest_values_and_a_quick_one_all(factory: Factory, query: str) -> None:
    async def main(site: Site) -> None:
        quick = await site.websocket(query)
        slow, known = await idle(site, query)
        last = await publish_until_behind(site, quick, known)
        waiting = known.transport.get_write_buffer_size()
        for number in range(last + 1, last + 301):
            await publish(site, quick, number)
        assert known.transport.get_write_buffer_size() <= waiting < HIGH
        site.devices[1].go_offline()
        site.publish(2, -1, -2)
        heard: list[Any] = []
        while not heard or heard[-1]["Device"] != "SDM1.3":
            heard += await hear(slow, 1, "Device")
        if query == BATCH:
            told = [m["Values"]["Current"] for m in heard if m["Device"] == "SDM1.1"]
        else:
            assert await hear(slow, 1, "Device")
            told = [m["Value"] for m in heard if m["Device"] == "SDM1.1" and m["IEC61850"] == "Current"]
        assert told == sorted(told)
        assert told[-2] <= last
        assert told[-1] == last + 300
        site.publish(0, -5, -6)
        assert (await hear(slow, 1, "Device"))[0].get("Value", -5) == -5
        await quick.close()
        slow.transport.abort()

    run(factory, main)


@LOOPS
def test_a_client_that_never_reads_is_dropped_and_others_go_on(
    factory: Factory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(client_module, "PATIENCE", 0.1)
    monkeypatch.setattr(service, "PATIENCE", 0.1)
    monkeypatch.setattr(service, "WATCH_INTERVAL", 0.02)
    caplog.set_level(logging.INFO, "mbmd.web")

    async def main(site: Site) -> None:
        quick = await site.websocket("?format=batch")
        deaf, known = await idle(site, BATCH)
        last = await publish_until_behind(site, quick, known)
        while known in clients(site):
            last += 1
            await publish(site, quick, last)
        await publish(site, quick, -1)
        assert [record.getMessage() for record in caplog.records if "dropped" in record.getMessage()] == [
            f"127.0.0.1:{deaf.local_address[1]} has taken nothing of the stream for 0.1 s: dropped"
        ]
        deaf.transport.abort()
        await quick.close()

    run(factory, main)


@LOOPS
def test_a_client_that_takes_a_little_now_and_then_is_kept(factory: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "PATIENCE", 5.0)

    async def main(site: Site) -> None:
        quick = await site.websocket(BATCH)
        slow, known = await idle(site, BATCH)
        last = await publish_until_behind(site, quick, known)
        now = 100.0
        assert not known.is_stuck(now)
        assert not known.is_stuck(now + 4)
        before = known.transport.get_write_buffer_size()
        while known.transport.get_write_buffer_size() == before:
            await hear(slow, 1, "Device")
            await asyncio.sleep(0)
        if known.is_paused:
            assert not known.is_stuck(now + 8)
            assert not known.is_stuck(now + 12)
            assert known.is_stuck(now + 14)
        await publish(site, quick, last + 1)
        await quick.close()
        slow.transport.abort()

    run(factory, main)


@LOOPS
def test_who_was_behind_gets_the_newest_status_once(factory: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "STATUS_INTERVAL", 0.005)
    monkeypatch.setattr("mbmd.web.status.KEPT", 0.0)

    async def main(site: Site) -> None:
        slow, known = await idle(site, "?format=batch")
        while not known.status_due or not known.is_paused:  # noqa: ASYNC110 - it is told again and again
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        site.devices[0].name = "renamed"
        monkeypatch.setattr(service, "STATUS_INTERVAL", 3600)
        await asyncio.sleep(0.02)
        names: list[str] = []
        while not names or names[-1] != "renamed":
            message = json.loads(await asyncio.wait_for(slow.recv(), 30))
            names += [message["Meters"][0]["Name"]] if "Meters" in message else []
        assert names.count("renamed") == 1
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(slow.recv(), 0.05)
        slow.transport.abort()

    run(factory, main)


@LOOPS
def test_many_that_join_at_once_all_get_everything(factory: Factory) -> None:
    async def main(site: Site) -> None:
        opened = await asyncio.gather(*(joined(site, "?format=batch") for _ in range(60)))
        for client in opened:
            assert [m["Device"] for m in await hear(client, 2, "Device")] == ["SDM1.1", "SDM1.2"]
        site.publish(2, 1, 2)
        for client in opened:
            assert [m["Device"] for m in await hear(client, 1, "Device")] == ["SDM1.3"]
        await asyncio.gather(*(client.close() for client in opened))

    run(factory, main)


def test_what_waits_in_a_socket_is_bounded_and_the_kernel_looks_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    async def main(site: Site) -> None:
        for query in ("/ws?status=false", "/api/stream"):
            reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
            upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            writer.write(f"GET {query} HTTP/1.1\r\nHost: a\r\n{upgrade}Sec-WebSocket-Version: 13\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
            (known,) = clients(site)
            connection = known.transport.get_extra_info("socket")
            for level, option, value in client_module.OPTIONS:
                assert value <= connection.getsockopt(level, option) <= 2 * value
            writer.close()
            while clients(site):  # noqa: ASYNC110 - nothing tells when the server has let go of it
                await asyncio.sleep(0.005)

    run(asyncio.new_event_loop, main)
