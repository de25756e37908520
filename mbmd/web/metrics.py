"""What Prometheus reads: families of metrics, made of the hub's accounts when they are asked for."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from time import time
from typing import NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mbmd.readings.health import SinkHealth
from mbmd.readings.hub import Hub

CONTENT_TYPE = CONTENT_TYPE_LATEST

Families = Callable[[Hub], Iterable[Metric]]
"""The families of one kind of account, with a sample for each of its kind."""


class _Row(NamedTuple):
    """A family: its name without prefix, its type, its help, and what it is of an account."""

    name: str
    kind: type[CounterMetricFamily] | type[GaugeMetricFamily]
    text: str
    value: Callable[[SinkHealth], float]


_SINKS = (
    _Row("connected", GaugeMetricFamily, "Whether the sink has a connection.", lambda sink: sink.connected),
    _Row("sent", CounterMetricFamily, "Readings or messages that were delivered.", lambda sink: sink.sent),
    _Row("dropped", CounterMetricFamily, "Lost for want of a connection or of room.", lambda sink: sink.dropped),
    _Row("refused", CounterMetricFamily, "Not taken by the other side.", lambda sink: sink.refused),
    _Row("expired", CounterMetricFamily, "Lost as they waited too long or were too many.", lambda sink: sink.expired),
    _Row("failures", CounterMetricFamily, "Connections that were lost, and errors.", lambda sink: sink.failures),
    _Row("waiting", GaugeMetricFamily, "Readings that wait for their delivery.", lambda sink: sink.waiting),
    _Row("waiting_bytes", GaugeMetricFamily, "Bytes of what waits.", lambda sink: sink.waiting_bytes),
    _Row(
        "oldest_age_seconds",
        GaugeMetricFamily,
        "For how long the oldest of what waits has waited.",
        lambda sink: max(time() - sink.oldest, 0.0) if sink.oldest else 0.0,
    ),
)


def _sinks(hub: Hub) -> Iterator[Metric]:
    for name, kind, text, value in _SINKS:
        family = kind(f"mbmd_sink_{name}", text, labels=["sink"])
        for sink in hub.sinks:
            family.add_metric([sink.name], float(value(sink)))
        yield family


FAMILIES: Sequence[Families] = (_sinks,)
"""All that is told."""


class _HubCollector(Collector):
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def collect(self) -> Iterator[Metric]:
        for families in FAMILIES:
            yield from families(self._hub)


class Metrics:
    """The metrics of a hub, in a registry of their own: nothing of the process or of Python is among them."""

    def __init__(self, hub: Hub) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_HubCollector(hub))

    def body(self) -> bytes:
        """All of them in the text format."""
        return generate_latest(self._registry)
