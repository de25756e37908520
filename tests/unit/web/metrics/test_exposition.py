"""All that Prometheus reads, parsed by its own library."""

import asyncio
import gzip
import subprocess
import sys
from array import array
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from mbmd import __version__
from mbmd.measurements import CATALOGUE
from mbmd.readings.device import Descriptor, DeviceReadings
from mbmd.readings.health import BusHealth, SinkHealth
from mbmd.readings.hub import Hub
from mbmd.web import answers
from mbmd.web.metrics import exposition
from mbmd.web.metrics.exposition import Metrics
from mbmd.web.metrics.readings import Lines
from tests.metrics_manual import known_names
from tests.web_site import Site, run

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def values(text: str) -> dict[tuple[str, str], float]:
    """The value of each metric by its name and first label, which stands for a device, adapter or sink."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(sample.name, next(iter(sample.labels.values()), "")): sample.value for sample in samples}


def device_of(name: str, power: float | None = None) -> DeviceReadings:
    device = DeviceReadings(name, "SDM", [CATALOGUE["Power"]])
    if power is not None:
        poll(device, power)
    return device


def poll(device: DeviceReadings, power: float) -> None:
    device.commit(array("d", [power]), (), 1.0, 1.0)


def asked(hub: Hub, test: Callable[[Metrics], Awaitable[None]]) -> None:
    async def main() -> None:
        await test(Metrics(hub))

    asyncio.run(main())


def text_of(hub: Hub) -> str:
    """The text of a hub that is asked once."""

    async def main() -> str:
        return (await Metrics(hub).content()).body.decode()

    return asyncio.run(main())


def test_what_each_device_bus_and_sink_tells_is_together_under_one_head() -> None:
    hub = Hub([device_of("SDM1.1", 1), device_of("SDM1.2", 2)], [BusHealth("a"), BusHealth("b")])
    hub.sinks = (SinkHealth("mqtt"), SinkHealth("influx"))
    text = text_of(hub)
    heads = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(heads) == len(set(heads)) == text.count("# HELP ")
    named = ""
    for line in text.splitlines():
        if line.startswith("# TYPE"):
            named = line.split()[2]
        elif not line.startswith("# HELP"):
            assert line.startswith((f"{named}{{", f"{named} ", f"{named}_sum", f"{named}_count")), line
    found = values(text)
    assert (found["mbmd_power_watts", "SDM1.1"], found["mbmd_power_watts", "SDM1.2"]) == (1, 2)
    assert {place for name, place in found if name == "mbmd_bus_load_ratio"} == {"a", "b"}
    assert {place for name, place in found if name == "mbmd_sink_waiting"} == {"mqtt", "influx"}
    assert {name for name, _ in found} <= known_names()


@given(TEXTS, TEXTS, TEXTS, st.floats())
def test_any_text_in_labels_is_read_as_it_is(name: str, place: str, serial: str, power: float) -> None:
    device = DeviceReadings("SDM1.1", "SDM", [CATALOGUE["Power"]], name, place)
    poll(device, power)
    device.adapter, device.descriptor = place, Descriptor(serial=serial)
    hub = Hub([device], [BusHealth(place)])
    hub.sinks = (SinkHealth(name),)
    families = {family.name: family for family in text_string_to_metric_families(text_of(hub))}
    labels = families["mbmd_device_info"].samples[0].labels
    assert (labels["name"], labels["place"], labels["serial"]) == (name, place, serial)
    assert families["mbmd_bus_connected"].samples[0].labels == {"adapter": place}
    assert families["mbmd_sink_sent"].samples[0].labels == {"sink": name}
    for family in families.values():
        assert family.documentation
        assert all(sample.value == sample.value for sample in family.samples)


def test_the_process_and_the_version_are_told() -> None:
    families = {family.name: family for family in text_string_to_metric_families(text_of(Hub()))}
    assert families["mbmd_build_info"].samples[0].labels["version"] == __version__
    assert families["process_resident_memory_bytes"].samples[0].value > 1_000_000


def test_unchanged_bytes_are_the_same_and_a_poll_renders_its_device_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[str] = []
    filled = Lines.filled

    def counted(lines: Lines, column: Any) -> Any:
        part = filled(lines, column)
        rendered.append(part.lines[0].decode().split('"')[1])
        return part

    monkeypatch.setattr(Lines, "filled", counted)
    monkeypatch.setattr(exposition, "monotonic", lambda: 1000.0)
    first, second = device_of("SDM1.1", 1), device_of("SDM1.2", 2)

    async def test(metrics: Metrics) -> None:
        before = await metrics.content()
        assert await metrics.content() is before
        assert rendered == ["SDM1.1", "SDM1.2"]
        poll(second, 3)
        both = await asyncio.gather(metrics.content(), metrics.content())
        assert both[0] is both[1] is not before
        assert both[0].etag != before.etag
        assert rendered == ["SDM1.1", "SDM1.2", "SDM1.2"]
        assert values(both[0].body.decode())["mbmd_power_watts", "SDM1.2"] == 3

    asked(Hub([first, second]), test)


def test_a_device_that_is_offline_has_no_readings() -> None:
    device = device_of("SDM1.1", 1)

    async def test(metrics: Metrics) -> None:
        assert ("mbmd_power_watts", "SDM1.1") in values((await metrics.content()).body.decode())
        device.go_offline()
        found = values((await metrics.content()).body.decode())
        assert not any(name.endswith("watts") for name, _ in found)
        poll(device, 5)
        assert values((await metrics.content()).body.decode())["mbmd_power_watts", "SDM1.1"] == 5

    asked(Hub([device]), test)


def test_devices_that_come_and_go() -> None:
    hub = Hub([device_of("SDM1.1", 1)])

    async def test(metrics: Metrics) -> None:
        await metrics.content()
        hub.replace([device_of("SDM1.1", 2), device_of("SDM1.2", 3)], ())
        found = values((await metrics.content()).body.decode())
        assert (found["mbmd_power_watts", "SDM1.1"], found["mbmd_power_watts", "SDM1.2"]) == (2, 3)
        hub.replace([], ())
        found = values((await metrics.content()).body.decode())
        assert ("mbmd_power_watts", "SDM1.2") not in found

    asked(hub, test)


def test_what_is_counted_is_made_anew_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 1000.0
    monkeypatch.setattr(exposition, "monotonic", lambda: clock)
    hub = Hub()
    sink = SinkHealth("mqtt")
    hub.sinks = (sink,)

    async def test(metrics: Metrics) -> None:
        nonlocal clock
        seen = []
        for step in (0.0, 0.5, 0.5):
            clock += step
            sink.sent += 1
            seen.append(values((await metrics.content()).body.decode())["mbmd_sink_sent_total", "mqtt"])
        assert seen == [1, 1, 3]

    asked(hub, test)


def test_others_may_run_while_many_devices_are_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mbmd.turns.TURN", 0.0)
    turns = 0

    async def test(metrics: Metrics) -> None:
        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.create_task(count())
        text = (await metrics.content()).body.decode()
        counting.cancel()
        assert sum(name == "mbmd_power_watts" for name, _ in values(text)) == 100

    asked(Hub([device_of(f"SDM1.{unit}", unit) for unit in range(100)]), test)
    assert turns > 200


def test_who_asks_and_goes_spoils_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mbmd.turns.TURN", 0.0)
    monkeypatch.setattr(exposition, "monotonic", lambda: 1000.0)
    devices = [device_of(f"SDM1.{unit}", 1) for unit in range(1, 9)]

    async def test(metrics: Metrics) -> None:
        await metrics.content()
        for steps in range(60):
            for device in devices:
                poll(device, steps)
            asking = asyncio.ensure_future(metrics.content())
            for _ in range(steps):
                await asyncio.sleep(0)
            asking.cancel()
            found = values((await metrics.content()).body.decode())
            assert {found["mbmd_power_watts", device.id] for device in devices} == {steps}

    asked(Hub(devices), test)


def test_it_is_served() -> None:
    async def main(site: Site) -> None:
        answer = await site.ask("/metrics")
        assert answer.status == 200
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        found = values(answer.body.decode())
        assert found["mbmd_power_watts", "SDM1.1"] == 345
        assert found["mbmd_device_online", "SDM1.3"] == 0
        assert (await site.ask("/metrics", "HEAD")).body == b""

    run(asyncio.new_event_loop, main)


def test_it_is_served_compressed() -> None:
    async def main(site: Site) -> None:
        site.hub.sinks = tuple(SinkHealth(f"sink {number}") for number in range(20))
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n")
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        assert b"content-encoding: gzip" in head.lower()
        assert values(gzip.decompress(body).decode())["mbmd_power_watts", "SDM1.1"] == 345

    run(asyncio.new_event_loop, main)


def test_it_is_in_the_table_of_what_can_be_asked() -> None:
    assert [route.path for route in exposition.routes(Hub())] == ["/metrics"]


def test_the_library_is_loaded_when_somebody_asks() -> None:
    code = "import sys, mbmd.web.app; assert 'prometheus_client' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path.cwd()).returncode == 0


def test_a_long_text_is_compressed_once_for_all_who_ask_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    zipped: list[int] = []

    def counted(body: bytes) -> bytes:
        zipped.append(len(body))
        return gzip.compress(body, 1)

    monkeypatch.setattr(answers, "_zip", counted)
    hub = Hub([device_of(f"SDM1.{unit}", unit) for unit in range(200)])

    async def test(metrics: Metrics) -> None:
        content = await metrics.content()
        first = asyncio.ensure_future(content.zipped())
        others = asyncio.gather(*(content.zipped() for _ in range(5)))
        await asyncio.sleep(0)
        first.cancel()
        assert {gzip.decompress(body) for body in await others} == {content.body}
        assert zipped == [len(content.body)]
        assert len(content.body) > answers.LONG

    asked(hub, test)
