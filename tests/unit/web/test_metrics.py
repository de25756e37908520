"""What Prometheus reads, parsed by its own library."""

import asyncio
import subprocess
import sys
from time import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mbmd.readings.health import SinkHealth
from mbmd.readings.hub import Hub
from mbmd.web import metrics
from mbmd.web.metrics import Metrics
from tests.web_site import Site, run

SINKS = (
    SinkHealth("mqtt", connected=True, sent=5, dropped=1, refused=2, expired=3, failures=4),
    SinkHealth('odd "name"\\\n', trouble="away", waiting=7, waiting_bytes=900, oldest=1_000.0),
)


def samples(text: str) -> dict[tuple[str, str], float]:
    """The value of each metric of each sink."""
    return {
        (sample.name, sample.labels["sink"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_accounts_of_sinks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "time", lambda: 1_060.0)
    hub = Hub()
    hub.sinks = SINKS
    found = samples(Metrics(hub).body().decode())
    assert {name: value for (name, sink), value in found.items() if sink == "mqtt"} == {
        "mbmd_sink_connected": 1,
        "mbmd_sink_sent_total": 5,
        "mbmd_sink_dropped_total": 1,
        "mbmd_sink_refused_total": 2,
        "mbmd_sink_expired_total": 3,
        "mbmd_sink_failures_total": 4,
        "mbmd_sink_waiting": 0,
        "mbmd_sink_waiting_bytes": 0,
        "mbmd_sink_oldest_age_seconds": 0,
    }
    odd = {name: value for (name, sink), value in found.items() if sink == 'odd "name"\\\n'}
    assert odd["mbmd_sink_connected"] == 0
    assert (odd["mbmd_sink_waiting"], odd["mbmd_sink_waiting_bytes"]) == (7, 900)
    assert odd["mbmd_sink_oldest_age_seconds"] == 60


def test_an_oldest_of_the_future_has_no_age() -> None:
    hub = Hub()
    hub.sinks = (SinkHealth("a", oldest=time() + 1000),)
    assert samples(Metrics(hub).body().decode())["mbmd_sink_oldest_age_seconds", "a"] == 0


def test_each_family_has_a_type_and_a_help_and_nothing_else_is_there() -> None:
    hub = Hub()
    hub.sinks = SINKS[:1]
    families = list(text_string_to_metric_families(Metrics(hub).body().decode()))
    assert all(family.name.startswith("mbmd_") and family.documentation.endswith(".") for family in families)
    assert {family.type for family in families} == {"counter", "gauge"}


def test_it_is_served() -> None:
    async def main(site: Site) -> None:
        answer = await site.ask("/metrics")
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/plain; version=")
        assert samples(answer.body.decode()) == {}
        site.hub.sinks = SINKS
        sent = samples((await site.ask("/metrics")).body.decode())
        assert sent["mbmd_sink_sent_total", "mqtt"] == 5
        SINKS[0].sent += 1
        sent = samples((await site.ask("/metrics")).body.decode())
        assert sent["mbmd_sink_sent_total", "mqtt"] == 6
        SINKS[0].sent -= 1
        sinks = (await site.ask("/api/status")).json["Sinks"]
        assert [sink["Name"] for sink in sinks] == [sink.name for sink in SINKS]

    run(asyncio.new_event_loop, main)


def test_the_library_is_loaded_when_somebody_asks() -> None:
    code = "import sys, mbmd.web.app; assert 'prometheus_client' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
