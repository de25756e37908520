"""The accounts of devices, buses and sinks in the text format."""

import pytest

from mbmd.readings.device import Descriptor, DeviceReadings
from mbmd.readings.health import BusHealth, SinkHealth
from mbmd.web.metrics import accounts
from mbmd.web.metrics.readings import Part


def lines(part: Part) -> dict[str, str]:
    """The value of each sample, by all that stands before it."""
    text = b"".join(part.lines).decode()
    return dict(line.rsplit(" ", 1) for line in text.splitlines())


def test_a_device() -> None:
    device = DeviceReadings("SDM1.1", "SDM", [], "heat pump", 'the "cellar"')
    device.adapter, device.unit, device.online = "/dev/ttyUSB0", 1, True
    device.descriptor = Descriptor("Eastron", "SDM630", "", "3.1", "4711")
    device.requests, device.errors = 90, 3
    health = device.health
    health.rate, health.last_seen = 1.0, 1_700_000_000.5
    for started in (1000.0, 1001.5, 1003.0):
        health.polled(started, started + 0.25)
    health.errors.update(["timeout", "timeout", "exception 4"])
    health.held_back.update(["Import"])
    assert lines(accounts.device_part(device)) == {
        'mbmd_device_info{device="SDM1.1",name="heat pump",type="SDM",place="the \\"cellar\\"",adapter="/dev/ttyUSB0",'
        'unit="1",manufacturer="Eastron",model="SDM630",version="3.1",serial="4711"}': "1.0",
        'mbmd_device_online{device="SDM1.1"}': "1.0",
        'mbmd_device_requests_total{device="SDM1.1"}': "90.0",
        'mbmd_device_errors_total{device="SDM1.1",kind="damaged"}': "0.0",
        'mbmd_device_errors_total{device="SDM1.1",kind="timeout"}': "2.0",
        'mbmd_device_errors_total{device="SDM1.1",kind="exception 4"}': "1.0",
        'mbmd_device_last_seen_timestamp_seconds{device="SDM1.1"}': "1700000000.5",
        'mbmd_device_rate_seconds{device="SDM1.1"}': "1.0",
        'mbmd_device_poll_interval_seconds{device="SDM1.1"}': "1.5",
        'mbmd_device_missed_seconds{device="SDM1.1"}': "0.5",
        'mbmd_device_poll_duration_seconds{device="SDM1.1"}': "0.25",
        'mbmd_device_held_back_values_total{device="SDM1.1",measurement="Import"}': "1.0",
    }


def test_a_device_that_never_answered() -> None:
    found = lines(accounts.device_part(DeviceReadings("SDM1.1", "SDM", [])))
    assert found['mbmd_device_online{device="SDM1.1"}'] == "0.0"
    assert not any("last_seen" in name or "held_back" in name for name in found)


def test_a_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "monotonic", lambda: 1120.0)
    bus = BusHealth("meter:502", ["SDM1.1", "SDM1.2"])
    for seconds in (0.25, 0.25, 0.25, 0.5):
        bus.trips.add(seconds)
    bus.connected, bus.unanswered, bus.timeouts, bus.damaged = True, 116, 32, 1
    bus.stale, bus.echoes, bus.reconnects = 2, 3, 4
    bus.tick(1000.0)
    bus.busy += 30
    assert lines(accounts.bus_part(bus)) == {
        f"mbmd_bus_{name}": value
        for name, value in {
            'connected{adapter="meter:502"}': "1.0",
            'devices{adapter="meter:502"}': "2.0",
            'requests_total{adapter="meter:502"}': "120.0",
            'timeouts_total{adapter="meter:502"}': "32.0",
            'checksum_errors_total{adapter="meter:502"}': "1.0",
            'stale_answers_total{adapter="meter:502"}': "2.0",
            'echoes_total{adapter="meter:502"}': "3.0",
            'reconnects_total{adapter="meter:502"}': "4.0",
            'load_ratio{adapter="meter:502"}': "0.25",
            'busy_seconds_total{adapter="meter:502"}': "30.0",
            'round_trip_seconds{adapter="meter:502",quantile="0.5"}': "0.25",
            'round_trip_seconds{adapter="meter:502",quantile="0.95"}': "0.5",
            'round_trip_seconds_sum{adapter="meter:502"}': "1.25",
            'round_trip_seconds_count{adapter="meter:502"}': "4.0",
        }.items()
    }


def test_a_bus_without_a_wire_is_busy_while_it_waits() -> None:
    bus = BusHealth("meter:502", has_wire=False)
    bus.waited, bus.busy = 7, 1
    found = lines(accounts.bus_part(bus))
    assert found['mbmd_bus_busy_seconds_total{adapter="meter:502"}'] == "7.0"
    assert not any("quantile" in name for name in found)


def test_sinks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "time", lambda: 1_060.0)
    mqtt = SinkHealth("mqtt", connected=True, sent=5, dropped=1, refused=2, expired=3, failures=4)
    assert lines(accounts.sink_part(mqtt)) == {
        'mbmd_sink_connected{sink="mqtt"}': "1.0",
        'mbmd_sink_sent_total{sink="mqtt"}': "5.0",
        'mbmd_sink_dropped_total{sink="mqtt"}': "1.0",
        'mbmd_sink_refused_total{sink="mqtt"}': "2.0",
        'mbmd_sink_expired_total{sink="mqtt"}': "3.0",
        'mbmd_sink_failures_total{sink="mqtt"}': "4.0",
        'mbmd_sink_waiting{sink="mqtt"}': "0.0",
        'mbmd_sink_waiting_bytes{sink="mqtt"}': "0.0",
        'mbmd_sink_oldest_age_seconds{sink="mqtt"}': "0.0",
    }
    waiting = lines(accounts.sink_part(SinkHealth("a", waiting=7, waiting_bytes=900, oldest=1_000.0)))
    assert waiting['mbmd_sink_waiting{sink="a"}'] == "7.0"
    assert waiting['mbmd_sink_oldest_age_seconds{sink="a"}'] == "60.0"


def test_an_oldest_of_the_future_has_no_age(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "time", lambda: 1_060.0)
    assert lines(accounts.sink_part(SinkHealth("a", oldest=2_000)))['mbmd_sink_oldest_age_seconds{sink="a"}'] == "0.0"
