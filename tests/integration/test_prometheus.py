"""A real Prometheus scrapes mbmd, and takes the queries, rules and configurations that the manual shows."""

import asyncio
import re
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from mbmd.measurements import CATALOGUE, Kind, Measurement
from mbmd.readings.device import Descriptor, DeviceReadings
from mbmd.readings.hub import Hub
from mbmd.web.server import WebServer, bind
from tests.integration.command import running as commanded
from tests.integration.influx_servers import PATIENCE, free_port, running
from tests.integration.prometheus_server import Prometheus, promtool
from tests.metrics_manual import blocks, promql, rules

ODD = 'a "b" \\ \n {c="d"} é ☃'
SILENT = re.compile("== 0|> 0|string|line_voltage|place=")
"""Queries that find nothing of meters that are well, have no strings and stand nowhere."""
RULE_TESTS = """
rule_files: [{rules}]
evaluation_interval: 1m
tests:
- interval: 1m
  input_series:
  - {{series: 'up{{job="mbmd",instance="a:8080"}}', values: '0x30'}}
  - {{series: 'mbmd_device_online{{instance="a:8080",device="SDM1.1"}}', values: '1x5 0x30'}}
  - {{series: 'mbmd_device_online{{instance="a:8080",device="SDM1.2"}}', values: '1x30'}}
  - series: 'mbmd_device_info{{instance="a:8080",device="SDM1.1",name="oven",place="hall",adapter="x"}}'
    values: '1x30'
  - series: 'mbmd_device_info{{instance="a:8080",device="SDM1.2",name="pump",place="hall",adapter="x"}}'
    values: '1x30'
  - {{series: 'mbmd_bus_requests_total{{adapter="x"}}', values: '0+100x30'}}
  - {{series: 'mbmd_bus_timeouts_total{{adapter="x"}}', values: '0+4x30'}}
  - {{series: 'mbmd_bus_checksum_errors_total{{adapter="x"}}', values: '0+4x30'}}
  - {{series: 'mbmd_sink_oldest_age_seconds{{sink="influx"}}', values: '900x30'}}
  - {{series: 'mbmd_sink_dropped_total{{sink="influx"}}', values: '0x30'}}
  - {{series: 'mbmd_sink_expired_total{{sink="influx"}}', values: '0+7x30'}}
  - {{series: 'mbmd_sink_refused_total{{sink="influx"}}', values: '0x30'}}
  alert_rule_test:
  - eval_time: 25m
    alertname: MbmdDown
    exp_alerts:
    - exp_labels: {{job: mbmd, instance: "a:8080"}}
      exp_annotations: {{summary: "mbmd at a:8080 does not answer"}}
  - eval_time: 25m
    alertname: DeviceOffline
    exp_alerts:
    - exp_labels: {{instance: "a:8080", device: SDM1.1, name: oven, place: hall, adapter: x}}
      exp_annotations: {{summary: "SDM1.1 oven hall on x does not answer"}}
  - {{eval_time: 8m, alertname: DeviceOffline, exp_alerts: []}}
  - eval_time: 25m
    alertname: BusErrors
    exp_alerts:
    - exp_labels: {{adapter: x}}
      exp_annotations: {{summary: "more than 5 % of the requests on x get no good answer"}}
  - eval_time: 25m
    alertname: SinkWaiting
    exp_alerts:
    - exp_labels: {{sink: influx}}
      exp_annotations: {{summary: "influx has not taken anything for 15m 0s"}}
  - eval_time: 25m
    alertname: SinkLoses
    exp_alerts:
    - exp_labels: {{sink: influx}}
      exp_annotations: {{summary: "influx has lost 105 readings"}}
"""


def still() -> Hub:
    """Devices whose values stand still: all that the catalogue has, and one of a user's own with odd names."""
    own = Measurement("Heat_Flow", f"Heat {ODD}", "l/h", Kind.INSTANT)
    devices = [DeviceReadings("SDM1.1", "SDM", CATALOGUE.values()), DeviceReadings(ODD, "OWN", [own], ODD, ODD)]
    for device in devices:
        device.adapter, device.descriptor = ODD, Descriptor(ODD)
        device.commit(array("d", [0.1 + slot / 3 for slot, _ in enumerate(device.measurements)]), (), 1.0, 1.0)
    return Hub(devices)


@contextmanager
def serving(hub: Hub) -> Iterator[int]:
    """The port of a web server in a thread of its own."""

    async def start() -> tuple[WebServer, int]:
        listener = bind("127.0.0.1", 0)
        port: int = listener.getsockname()[1]
        web = WebServer(hub)
        await web.start(listener)
        return web, port

    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    web, port = asyncio.run_coroutine_threadsafe(start(), loop).result(PATIENCE)
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(web.close(), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()


@pytest.fixture(scope="module")
def still_port() -> Iterator[int]:
    with serving(still()) as port:
        yield port


@pytest.fixture(scope="module")
def daemon_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A daemon of two mocked meters, with a broker that is away."""
    port = free_port()
    args = ("-a", "mock", "-d", "sdm:1,sdm:2", "--api", f"127.0.0.1:{port}", "-r", "100ms", "-m", "127.0.0.1:1")
    with commanded(tmp_path_factory.mktemp("mbmd"), "run", *args):
        yield port


@pytest.fixture(scope="module")
def prometheus(still_port: int, daemon_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    jobs = {"still": still_port, "mbmd": daemon_port}
    with running(Prometheus(tmp_path_factory.mktemp("prometheus"), jobs)) as server:
        yield server


def text_of(port: int) -> bytes:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as answer:
        body: bytes = answer.read()
        return body


def test_it_has_every_reading_as_it_is(prometheus: Prometheus, still_port: int) -> None:
    prometheus.until('mbmd_power_watts{job="still"}', bool)
    text = text_of(still_port).decode()
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    readings = {series_of(one.name, one.labels): one.value for one in samples if is_reading(one.name)}
    found = prometheus.query('{job="still"}')
    seen = {series_of(one.labels["__name__"], one.labels): one.value for one in found}
    assert {key: value for key, value in seen.items() if is_reading(key[0])} == readings
    assert len(readings) == 106


def is_reading(name: str) -> bool:
    return name.startswith("mbmd_") and not name.startswith(("mbmd_device_", "mbmd_build_"))


def series_of(name: str, labels: Mapping[str, str]) -> tuple[str, frozenset[tuple[str, str]]]:
    """A name and the labels that mbmd has given."""
    added = ("__name__", "job", "instance")
    return name, frozenset((label, value) for label, value in labels.items() if label not in added)


def test_a_running_daemon_is_up(prometheus: Prometheus) -> None:
    prometheus.until('mbmd_device_online{job="mbmd"} == 1', lambda found: len(found) == 2)
    assert prometheus.until("up == 1", lambda found: len(found) == 2)
    for sample in prometheus.until('mbmd_voltage_volts{job="mbmd",phase="L1"}', lambda found: len(found) == 2):
        assert 200 < sample.value < 260
    assert prometheus.until('rate(mbmd_bus_requests_total{job="mbmd"}[1m]) > 0', bool)


@pytest.mark.parametrize("query", promql())
def test_a_query_of_the_dashboard_or_the_manual_finds_something(prometheus: Prometheus, query: str) -> None:
    variables = {"job": "mbmd", "device": ".*", "__range": "1h", "__rate_interval": "1m"}
    text = re.sub(r"\$(\w+)", lambda match: variables[match[1]], query)
    if SILENT.search(query):
        prometheus.query(text)
    else:
        assert prometheus.until(text, bool)


def test_promtool_has_nothing_to_say_of_the_text(daemon_port: int, still_port: int, prometheus: Prometheus) -> None:
    prometheus.until("mbmd_device_online == 1", lambda found: len(found) == 4)
    for port in (daemon_port, still_port):
        assert promtool("check", "metrics", given=text_of(port)) == ""


@pytest.mark.parametrize("number", [0, 1])
def test_promtool_takes_the_configurations(tmp_path: Path, number: int) -> None:
    config = tmp_path / "prometheus.yml"
    text = blocks("yaml")[number].replace("/etc/prometheus", str(tmp_path))
    (tmp_path / "mbmd.token").write_text("secret", encoding="utf-8")
    (tmp_path / "mbmd.ca").write_bytes(b"")
    config.write_text(text, encoding="utf-8")
    assert "SUCCESS" in promtool("check", "config", str(config))


def test_the_alerts_come_when_they_should(tmp_path: Path) -> None:
    alerts, tests = tmp_path / "mbmd.rules.yml", tmp_path / "tests.yml"
    alerts.write_text(blocks("yaml")[2], encoding="utf-8")
    promtool("check", "rules", str(alerts))
    tests.write_text(RULE_TESTS.format(rules=alerts), encoding="utf-8")
    promtool("test", "rules", str(tests))
    assert len(yaml.safe_load(RULE_TESTS.format(rules=alerts))["tests"][0]["alert_rule_test"]) == len(rules()) + 1
