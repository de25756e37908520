"""A real server on a port of its own, asked by HTTP."""

import asyncio
import contextlib
import socket
from urllib.parse import quote

import pytest
from sanic import Sanic
from websockets.exceptions import ConnectionClosed

from mbmd.errors import UsageError
from mbmd.readings.device import DeviceReadings
from mbmd.web.server import bind
from mbmd.web.status import Status
from tests.web_site import LOOPS, Factory, Site, hear, joined, run, serving


@LOOPS
def test_latest_readings(factory: Factory) -> None:
    async def main(site: Site) -> None:
        one = await site.ask("/api/last/SDM1.1")
        assert one.status == 200
        assert one.headers["content-type"] == "application/json"
        assert one.headers["access-control-allow-origin"] == "*"
        assert list(one.json) == ["Timestamp", "Unix", "Current", "Power"]
        assert (one.json["Unix"], one.json["Current"], one.json["Power"]) == (1_700_000_000, 1.5, 345)
        every = await site.ask("/api/last")
        assert every.headers["access-control-allow-origin"] == "*"
        assert list(every.json) == ["SDM1.1", "SDM1.2"]
        assert every.json["SDM1.1"] == one.json
        site.publish(0, 9, 9)
        assert (await site.ask("/api/last/SDM1.1")).json["Current"] == 9

    run(factory, main)


@pytest.mark.parametrize("name", ["heat pump", "Wärmepumpe", "cellar/1", "100%", "a?b#c"])
def test_a_device_is_also_had_by_its_name(name: str) -> None:
    async def main(site: Site) -> None:
        site.devices[0].name = name
        site.hub.replace(site.devices, ())
        for path in ("last", "avg", "minuteavg"):
            by_id, by_name = (
                await site.ask(f"/api/{path}/SDM1.1"),
                await site.ask(f"/api/{path}/{quote(name, safe='')}"),
            )
            assert (by_name.status, by_name.body) == (200, by_id.body)
        assert (await site.ask("/api/last/SDM1.9")).status == 404

    run(asyncio.new_event_loop, main)


def test_devices_come_and_go_in_all_that_is_served() -> None:
    async def main(site: Site) -> None:
        assert (await site.ask("/api/last/SDM1.1")).status == 200
        client = await joined(site)
        renewed = [DeviceReadings(device.id, "SDM", device.measurements) for device in site.devices[:1]]
        site.devices = [*renewed, site.devices[2], DeviceReadings("ABB2.1", "ABB", renewed[0].measurements)]
        site.hub.replace(site.devices, ())
        (status,) = await hear(client, 1, "Meters")
        assert [meter["Device"] for meter in status["Meters"]] == ["ABB2.1", "SDM1.1", "SDM1.3"]
        assert (await site.ask("/api/last")).json == {}
        assert [(await site.ask(f"/api/last/{name}")).status for name in ("SDM1.1", "SDM1.2")] == [503, 404]
        site.publish(2, 9, 8)
        assert [(m["Device"], m["Value"]) for m in await hear(client, 2, "Value")] == [("ABB2.1", 9), ("ABB2.1", 8)]
        assert (await site.ask("/api/last")).json["ABB2.1"]["Current"] == 9
        await client.close()

    run(asyncio.new_event_loop, main)


@pytest.mark.parametrize("path", ["avg", "minuteavg"])
def test_means_under_both_names(path: str) -> None:
    async def main(site: Site) -> None:
        site.publish(0, 2.5, 355)
        assert (await site.ask(f"/api/{path}/SDM1.1")).json["Power"] == 350
        every = await site.ask(f"/api/{path}")
        assert (every.json["SDM1.1"]["Current"], every.json["SDM1.2"]["Current"]) == (2, 2.5)
        assert every.headers["access-control-allow-origin"] == "*"

    run(asyncio.new_event_loop, main)


def test_status() -> None:
    async def main(site: Site) -> None:
        answer = await site.ask("/api/status")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert [meter["Online"] for meter in answer.json["Meters"]] == [True, True, False]
        assert {"StartTime", "UpTime", "Goroutines", "Memory", "Modbus", "ConfiguredMeters"} < set(answer.json)

    run(asyncio.new_event_loop, main)


@pytest.mark.parametrize(
    ("path", "method", "status", "message"),
    [
        ("/api/last/SDM9.9", "GET", 404, "there is no device SDM9.9: /api/devices lists them"),
        ("/api/avg/SDM9.9", "GET", 404, "there is no device SDM9.9: /api/devices lists them"),
        ("/api/last/SDM1.3", "GET", 503, "device SDM1.3 is offline"),
        ("/api/minuteavg/SDM1.3", "GET", 503, "device SDM1.3 is offline"),
        ("/api/nothing", "GET", 404, None),
        ("/nothing", "GET", 404, None),
        ("/static/../app.py", "GET", 404, None),
        ("/static/%2e%2e/app.py", "GET", 404, None),
        ("/api/last", "POST", 405, None),
    ],
)
def test_errors_are_json(path: str, method: str, status: int, message: str | None) -> None:
    async def main(site: Site) -> None:
        answer = await site.ask(path, method)
        assert answer.status == status
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert set(answer.json) == {"status", "message"}
        assert answer.json["status"] == status
        assert answer.json["message"] == message or (message is None and answer.json["message"])

    run(asyncio.new_event_loop, main)


def test_an_error_of_the_program_is_not_told_to_strangers(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def main(site: Site) -> None:
        def fail(_: Status) -> None:
            raise KeyError("secret")

        monkeypatch.setattr(Status, "body", fail)
        answer = await site.ask("/api/status")
        assert (answer.status, answer.json["message"]) == (500, "internal error, see the log")

    run(asyncio.new_event_loop, main)
    assert "secret" in caplog.text


def test_the_page_and_its_parts() -> None:
    async def main(site: Site) -> None:
        page = await site.ask("/")
        assert page.status == 200
        assert page.headers["content-type"].startswith("text/html")
        assert b"<html" in page.body
        for part in ("css/base.css", "js/main.js", "js/theme.js", "favicon.svg", "manifest.webmanifest"):
            assert f"static/{part}".encode() in page.body
            assert (await site.ask(f"/static/{part}")).status == 200
        for path in ("/static/", "/static", "/static/index.html", "/static/../app.py", "/static/%2e%2e/app.py"):
            assert (await site.ask(path)).status == 404

    run(asyncio.new_event_loop, main)


def test_what_is_no_websocket_gets_an_error() -> None:
    async def main(site: Site) -> None:
        answer = await site.ask("/ws")
        assert 400 <= answer.status < 600
        assert answer.json["status"] == answer.status
        assert (await site.ask("/api/last")).status == 200

    run(asyncio.new_event_loop, main)


@LOOPS
def test_closing_ends_all_connections_and_gives_the_port_back(factory: Factory) -> None:
    async def whole() -> None:
        for _ in range(3):
            async with serving() as site:
                client = await joined(site)
                reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
            with pytest.raises(ConnectionClosed):
                await hear(client, 1000, "never")
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), 30) == b""
            writer.close()
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", site.port)
            bind("127.0.0.1", site.port).close()

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(whole())


def test_a_server_that_cannot_start_gives_its_port_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async def whole() -> None:
        site = Site()
        listener = bind("127.0.0.1", 0)

        async def fail(*_: object, **__: object) -> None:
            raise RuntimeError("cannot start")

        monkeypatch.setattr(Sanic, "create_server", fail)
        with pytest.raises(RuntimeError, match="cannot start"):
            await site.server.start(listener)
        await site.server.close()
        assert listener.fileno() == -1

    asyncio.run(whole())


def test_a_server_that_was_never_started_can_be_closed() -> None:
    async def whole() -> None:
        await Site().server.close()
        await Site().server.close()

    asyncio.run(whole())


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError) as caught:
            bind("127.0.0.1", port)
    assert str(caught.value).startswith(f"--api 127.0.0.1:{port}: ")
    assert str(caught.value).endswith(": choose another address, or stop who uses it")


@pytest.mark.parametrize("host", ["192.0.2.1", "host.invalid", "a..b", "x" * 64, "2001:db8::1"])
def test_an_address_that_cannot_be_had(host: str) -> None:
    with pytest.raises(UsageError) as caught:
        bind(host, 8080)
    shown = f"[{host}]" if ":" in host else host
    assert str(caught.value).startswith(f"--api {shown}:8080: ")
    assert "None" not in str(caught.value)


def test_on_a_terminal_the_framework_says_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sanic.mixins.startup.is_atty", lambda: True)

    async def main(site: Site) -> None:
        assert (await site.ask("/api/last")).status == 200

    run(asyncio.new_event_loop, main)
    assert [record.getMessage() for record in caplog.records if record.name.startswith("sanic")] == []
