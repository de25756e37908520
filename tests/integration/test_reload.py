"""A daemon on real lines gets other configurations by SIGHUP: what is in both goes on as if nothing had happened."""

import asyncio
import gc
import logging
import os
import signal
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mbmd import daemon
from mbmd.config.run import RunConfig
from mbmd.errors import UsageError
from mbmd.readings.hub import Hub
from mbmd.running.bus import RunningBus
from tests.integration.live_daemon import RATE, configuration, run, running, until
from tests.integration.meters import fetch, free_port
from tests.integration.real_lines import LINES, RealLine, playing
from tests.scripted import refuse

if TYPE_CHECKING:
    from mbmd.readings.device import DeviceReadings

TCP, RTU, GATEWAY = LINES["tcp"], LINES["rtu"], LINES["rtu+tcp"]


def connection(line: RealLine) -> object:
    """The one connection to a line."""
    (end,) = line.connections
    return end


def test_devices_and_adapters_come_and_go_and_the_others_notice_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with (
            playing(TCP, tmp_path) as one,
            playing(GATEWAY, tmp_path) as two,
            playing(TCP, tmp_path) as three,
            playing(RTU, tmp_path) as serial,
        ):
            a, b, c, d = (str(line.adapter) for line in (one, two, three, serial))
            stays = [f"sdm:1@{a}", f"abb:2@{b}", f"sdm:1@{d}"]
            async with running(configuration(*stays, f"sdm:9@{a}")) as live:
                await live.online(*live.hub.devices)
                there = dict(live.hub.devices)
                untouched = [device for name, device in there.items() if not name.endswith(".9")]
                lines = {line: connection(line) for line in (one, two, serial)}
                for specs, words in (
                    ([*stays, f"abb:3@{d}"], "devices: 1 added, 1 removed, 3 untouched"),
                    ([*stays, f"sdm:9@{a}", f"sdm:9@{b}"], "devices: 2 added, 1 removed, 3 untouched"),
                    (stays, "devices: 2 removed, 3 untouched"),
                ):
                    asked = [(device.requests, device.version) for device in untouched]
                    assert (await live.reload(configuration(*specs))).summary == words
                    await live.polled(live.hub.devices.values())
                    assert all(live.hub.has(device) and device.errors == 0 for device in untouched)
                    now = [(device.requests, device.version) for device in untouched]
                    assert all(before < after for before, after in zip(asked, now, strict=True))
                    assert all(connection(line) is before for line, before in lines.items())
                report = await live.reload(configuration(*stays, f"sdm:1@{c}", rate=RATE))
                assert "buses: 1 added" in report.summary
                await live.polled(live.hub.devices.values())
                assert connection(three)
                assert all(connection(line) is before for line, before in lines.items())
                report = await live.reload(configuration(*stays))
                assert "buses: 1 removed" in report.summary
                await until(lambda: not three.connections)
                await live.polled(live.hub.devices.values())
                assert all(connection(line) is before for line, before in lines.items())
                assert {bus.address: bus.reconnects for bus in live.hub.buses} == dict.fromkeys(
                    sorted(line.adapter.address for line in lines), 0
                )

    run(main())


def test_a_load_that_takes_long_holds_up_no_poll(tmp_path: Path) -> None:
    async def main() -> None:
        async with playing(TCP, tmp_path) as line:
            config = configuration(f"sdm:1@{line.adapter}")
            async with running(config) as live:
                (device,) = await live.online("SDM1.1")
                during: list[int] = []

                def slowly() -> RunConfig:
                    before, end = device.version, time.monotonic() + 30
                    while device.version < before + 10 and time.monotonic() < end:
                        time.sleep(0.005)
                    during.append(device.version - before)
                    return config

                assert (await live.reload(slowly)).summary == "devices: 1 untouched"
                assert during[0] >= 10

    run(main())


REFUSED: dict[str, tuple[Callable[[str], RunConfig | Exception], list[str]]] = {
    "not loaded": (lambda _: UsageError("mbmd.yaml:3: rat: unknown\nmbmd.yaml:4: api: no"), ["rat", "api"]),
    "unknown types": (lambda a: configuration(f"smd:1@{a}", f"sdm:2@{a}", f"abq:3@{a}"), ["smd", "abq"]),
    "nothing left": (lambda a: configuration(f"sdm:1?exclude=*@{a}"), ["leaves nothing to read"]),
    "a fault of ours": (lambda _: ZeroDivisionError("oops"), ["internal error, see the log of the daemon"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_configuration_changes_nothing_and_every_reason_is_logged(
    case: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make, words = REFUSED[case]

    async def main() -> None:
        async with playing(TCP, tmp_path) as line:
            adapter = str(line.adapter)
            async with running(configuration(f"sdm:1@{adapter}", f"sdm:2@{adapter}")) as live:
                devices = await live.online("SDM1.1", "SDM1.2")
                before, buses = connection(line), live.hub.buses
                report = await live.reload(make(adapter))
                assert len(report.errors) == len(words)
                assert all(word in error for word, error in zip(words, report.errors, strict=True))
                assert report.summary == ""
                await live.polled(devices)
                assert connection(line) is before
                assert live.hub.buses is buses
                assert list(live.hub.devices.values()) == devices
                report = await live.reload(configuration(f"sdm:1@{adapter}"))
                assert (report.errors, report.summary) == ((), "devices: 1 removed, 1 untouched")

    run(main())
    told = [r.getMessage() for r in caplog.records if r.getMessage().startswith("reload refused: ")]
    assert len(told) == len(words)


def test_a_serial_adapter_may_come_after_the_reload_that_names_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with playing(TCP, tmp_path) as line:
            later = RealLine(RTU, tmp_path)
            stays, comes = f"sdm:1@{line.adapter}", f"sdm:2@{later.adapter}"
            async with running(configuration(stays)) as live:
                await live.online("SDM1.1")
                assert (await live.reload(configuration(stays, comes))).errors == ()
                trouble = "the bus is down: no such serial device: see ls /dev/serial/by-id/"
                await until(lambda: any(d.health.trouble == trouble for d in live.hub.devices.values()))
                later.plug_in()
                try:
                    await live.online("SDM1.2", "SDM2.1")
                    await live.reload(configuration(stays))
                finally:
                    later.vanish()

    run(main())
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warned == [f"{tmp_path}/bus: no such serial device: see ls /dev/serial/by-id/"]


def test_a_bus_with_other_settings_is_opened_anew_and_no_other(tmp_path: Path) -> None:
    async def main() -> None:
        async with playing(TCP, tmp_path) as other, playing(GATEWAY, tmp_path) as line, playing(RTU, tmp_path) as pty:
            stays = f"sdm:1@{other.adapter}"
            gateway, serial = str(line.adapter), str(pty.adapter)
            async with running(configuration(stays, f"sdm:2@{gateway}", f"sdm:3@{serial}")) as live:
                await live.online(*live.hub.devices)
                (untouched,) = (device for device in live.hub.devices.values() if device.id.endswith(".1"))
                ends = connection(other), connection(line)
                faster = [text.replace("=115200", "=57600") for text in (gateway, serial)]
                report = await live.reload(configuration(stays, f"sdm:2@{faster[0]}", f"sdm:3@{faster[1]}"))
                assert report.summary == "devices: 2 changed, 1 untouched; buses: 2 changed"
                await live.online(*live.hub.devices)
                await live.polled(live.hub.devices.values())
                assert live.hub.has(untouched)
                assert untouched.errors == 0
                await until(lambda: ends[1] not in line.connections)
                assert connection(other) is ends[0]
                assert connection(line) is not ends[1]

    run(main())


def test_what_a_device_has_taught_is_known_when_it_comes_back(tmp_path: Path) -> None:
    async def main() -> None:
        async with playing(TCP, tmp_path) as line:
            line.usual = refuse(30, 31)
            one, both = (configuration(*(f"sdm:{u}@{line.adapter}" for u in us)) for us in ((1,), (1, 2)))
            async with running(both) as live:
                devices = await live.online("SDM1.1", "SDM1.2")
                await until(lambda: all(device.health.refused for device in devices))
                await live.reload(one)
                await live.reload(both)
                (again,) = [device for device in await live.online("SDM1.1", "SDM1.2") if device not in devices]
                await live.polled([again])
                assert again.errors == 0
                assert again.health.refused == devices[1].health.refused

    run(main())


def test_a_name_changes_in_place_and_the_api_follows(tmp_path: Path) -> None:
    async def main() -> None:
        async with playing(TCP, tmp_path) as line:
            port = free_port()
            config = configuration(f"sdm:1@{line.adapter}", api=("127.0.0.1", port))
            (device,) = config.devices
            named = replace(config, devices=(replace(device, name="heat pump", place="cellar"),))
            async with running(config) as live:
                (readings,) = await live.online("SDM1.1")
                assert (await live.reload(named)).summary == "devices: 1 renamed"
                assert live.hub.devices["SDM1.1"] is readings
                status = await asyncio.to_thread(fetch, f"http://127.0.0.1:{port}/api/status")
                assert [(m["Name"], m["Place"]) for m in status["Meters"]] == [("heat pump", "cellar")]
                last = await asyncio.to_thread(fetch, f"http://127.0.0.1:{port}/api/last/heat%20pump")
                assert last["Unix"] > 0

    run(main())


def test_a_changed_device_table_makes_a_changed_device(tmp_path: Path) -> None:
    table = (
        'type = "OWN"\ndescription = "own"\nmanufacturer = "me"\nfunction = 3\nregisters = ['
        '{{ measurement = "Power", address = {}, type = "uint16" }}]\n'
    )

    async def main() -> None:
        async with playing(TCP, tmp_path) as line:
            path = tmp_path / "OWN.toml"
            path.write_text(table.format(1))
            config = configuration(f"own:1@{line.adapter}", f"sdm:2@{line.adapter}", device_dirs=(tmp_path,))
            async with running(config) as live:
                await live.online("OWN1.1", "SDM1.2")
                path.write_text(table.format(500))
                assert (await live.reload(config)).summary == "devices: 1 changed, 1 untouched"
                await live.polled(await live.online("OWN1.1", "SDM1.2"))
                assert (500, 1) in [asked.place for asked in line.asked if asked.unit == 1]
                path.write_text("type = 7")
                report = await live.reload(config)
                assert all(error.startswith(f"device OWN1.1: {path}: ") for error in report.errors[:1])
                assert report.errors

    run(main())


def test_a_daemon_that_cannot_load_again_says_so_and_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with playing(TCP, tmp_path) as line:
            stop, hub = asyncio.Event(), Hub()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(daemon, "Hub", lambda: hub)
                started = asyncio.Event()
                task = asyncio.create_task(daemon.serve(configuration(f"sdm:1@{line.adapter}"), stop, started.set))
                await started.wait()
            os.kill(os.getpid(), signal.SIGHUP)
            await until(lambda: "reload refused" in caplog.text)
            version = hub.devices["SDM1.1"].version
            await until(lambda: hub.devices["SDM1.1"].version > version + 2)
            stop.set()
            await task

    before = signal.getsignal(signal.SIGHUP)
    run(main())
    assert signal.getsignal(signal.SIGHUP) is before
    (told,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert told == "reload refused: this daemon has no configuration that could be read again: restart it"


def test_a_bus_that_came_later_and_breaks_ends_the_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: RunningBus) -> None:
        raise RuntimeError("broken")

    async def main() -> None:
        async with playing(TCP, tmp_path) as line, playing(TCP, tmp_path) as other:
            stays, comes = f"sdm:1@{line.adapter}", f"sdm:1@{other.adapter}"
            async with running(configuration(stays)) as live:
                await live.online("SDM1.1")
                monkeypatch.setattr(RunningBus, "run", broken)
                live.breaks = True
                live.ask(configuration(stays, comes))
                with pytest.raises(RuntimeError, match="broken"):
                    await live.task

    run(main())


RELOADS = 200


def test_many_reloads_leave_nothing_behind(tmp_path: Path) -> None:
    async def main() -> None:
        async with (
            playing(TCP, tmp_path) as one,
            playing(GATEWAY, tmp_path) as two,
            playing(RTU, tmp_path) as serial,
        ):
            stays = f"sdm:1@{one.adapter}"
            others = [f"sdm:2@{one.adapter}", f"abb:3@{two.adapter}", f"abb:4@{serial.adapter}", "abb:9@/none"]
            async with running(configuration(stays)) as live:
                await live.online("SDM1.1")
                gone: list[weakref.ref[DeviceReadings]] = []
                counts = []
                for number in range(RELOADS):
                    chosen = [spec for bit, spec in enumerate(others) if number >> bit & 1]
                    await live.reload(configuration(stays, *chosen))
                    gone += [weakref.ref(d) for d in live.hub.devices.values() if not d.id.startswith("SDM")]
                    await asyncio.sleep(0.002)
                    if number % 16 == 0:
                        await live.online("SDM1.1")
                        await until(lambda: len(one.connections) + len(two.connections) == 1)
                        gc.collect()
                        counts.append((len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())))  # noqa: PTH208
                await live.reload(configuration(stays))
                await live.online("SDM1.1")
                assert len(set(counts[2:])) == 1
                gc.collect()
                assert [readings() for readings in gone if readings() is not None] == []
                assert len(gone) > RELOADS
                assert threading.active_count() < 10

    run(main())
