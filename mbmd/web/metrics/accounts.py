"""The accounts of devices, buses and sinks as metrics: tables of what each family is of an account."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from time import monotonic, time
from typing import Generic, NamedTuple, TypeVar

from mbmd.readings.device import DeviceReadings
from mbmd.readings.health import BusHealth, SinkHealth
from mbmd.web.metrics.names import Family, Labels, counter, gauge
from mbmd.web.metrics.readings import Part
from mbmd.web.metrics.text import encoded, labelled, sample

QUANTILES = (0.5, 0.95)
ERRORS = ("damaged", "timeout")
"""Kinds of errors that are told of from the start: the increase of a counter shows only what came after its first."""

T = TypeVar("T")


class Sample(NamedTuple):
    """A value, with labels beside those that its whole account has, and what its name has behind that of the family."""

    value: float
    labels: Labels = ()
    ending: str = ""


class Row(NamedTuple, Generic[T]):
    """A family, and what it is of an account."""

    family: Family
    samples: Callable[[T], Iterable[Sample]]


def part(rows: Sequence[Row[T]], labels: Labels, account: T) -> Part:
    """What there is to tell of an account."""
    common = labelled(labels)
    lines = [encoded("".join(_lines(row.family.name, common, row.samples(account)))) for row in rows]
    return Part([row.family for row in rows], lines)


def _lines(name: str, common: str, samples: Iterable[Sample]) -> Iterator[str]:
    for value, labels, ending in samples:
        yield sample(name + ending, f"{common},{labelled(labels)}" if labels else common, value)


def _one(value: Callable[[T], float]) -> Callable[[T], Iterable[Sample]]:
    return lambda account: (Sample(value(account)),)


def device_part(device: DeviceReadings) -> Part:
    """What there is to tell of a device beside its readings."""
    return part(DEVICES, (("device", device.id),), device)


def bus_part(bus: BusHealth) -> Part:
    """What there is to tell of a bus."""
    return part(BUSES, (("adapter", bus.address),), bus)


def sink_part(sink: SinkHealth) -> Part:
    """What there is to tell of a sink."""
    return part(SINKS, (("sink", sink.name),), sink)


def _info(device: DeviceReadings) -> Iterable[Sample]:
    told = device.descriptor
    values = {
        "name": device.name,
        "type": device.type,
        "place": device.place,
        "adapter": device.adapter,
        "unit": str(device.unit),
        "manufacturer": told.manufacturer,
        "model": told.model,
        "version": told.version,
        "serial": told.serial,
    }
    return (Sample(1, tuple(values.items())),)


def _errors(device: DeviceReadings) -> Iterator[Sample]:
    counts = device.health.errors
    for kind in sorted({*ERRORS, *counts}):
        yield Sample(counts[kind], (("kind", kind),))


def _held_back(device: DeviceReadings) -> Iterator[Sample]:
    for name, count in sorted(device.health.held_back.items()):
        yield Sample(count, (("measurement", name),))


def _last_seen(device: DeviceReadings) -> Iterator[Sample]:
    if device.health.last_seen:
        yield Sample(device.health.last_seen)


DEVICES: tuple[Row[DeviceReadings], ...] = (
    Row(gauge("device_info", "What is known of a device."), _info),
    Row(gauge("device_online", "Whether the device answers."), _one(lambda device: device.online)),
    Row(counter("device_requests", "Requests to the device."), _one(lambda device: device.requests)),
    Row(counter("device_errors", "Requests without a good answer, by what was wrong."), _errors),
    Row(gauge("device_last_seen_timestamp_seconds", "When the device answered last."), _last_seen),
    Row(gauge("device_rate_seconds", "Interval at which it is to be polled."), _one(lambda device: device.health.rate)),
    Row(
        gauge("device_poll_interval_seconds", "Interval at which it is polled, mean of the last polls."),
        _one(lambda device: device.health.interval),
    ),
    Row(
        gauge("device_missed_seconds", "By how much it is polled later than it is to be."),
        _one(lambda device: device.health.missed),
    ),
    Row(
        gauge("device_poll_duration_seconds", "How long a poll takes, mean of the last polls."),
        _one(lambda device: device.health.took),
    ),
    Row(counter("device_held_back_values", "Implausible values that were not passed on."), _held_back),
)


def _round_trips(bus: BusHealth) -> Iterator[Sample]:
    for share in QUANTILES:
        seconds = bus.round_trip(share)
        if seconds is not None:
            yield Sample(seconds, (("quantile", str(share)),))
    yield Sample(bus.took, ending="_sum")
    yield Sample(bus.answers, ending="_count")


BUSES: tuple[Row[BusHealth], ...] = (
    Row(gauge("bus_connected", "Whether the bus is connected."), _one(lambda bus: bus.connected)),
    Row(gauge("bus_devices", "Devices on the bus."), _one(lambda bus: len(bus.devices))),
    Row(counter("bus_requests", "Requests on the bus."), _one(lambda bus: bus.requests)),
    Row(counter("bus_timeouts", "Requests without an answer in time."), _one(lambda bus: bus.timeouts)),
    Row(counter("bus_checksum_errors", "Answers with a wrong checksum."), _one(lambda bus: bus.damaged)),
    Row(counter("bus_stale_answers", "Answers that came too late."), _one(lambda bus: bus.stale)),
    Row(counter("bus_echoes", "Requests that came back as an echo."), _one(lambda bus: bus.echoes)),
    Row(counter("bus_reconnects", "Connections that were made anew."), _one(lambda bus: bus.reconnects)),
    Row(
        gauge("bus_load_ratio", "Share of the last minute for which the wire was busy, or answers waited for."),
        _one(lambda bus: bus.load(monotonic())),
    ),
    Row(
        counter("bus_busy_seconds", "Time for which the wire was busy, or answers waited for."),
        _one(lambda bus: bus.used),
    ),
    Row(
        Family("mbmd_bus_round_trip_seconds", "summary", "Time from a request to its answer; quantiles of the latest."),
        _round_trips,
    ),
)

SINKS: tuple[Row[SinkHealth], ...] = (
    Row(gauge("sink_connected", "Whether the sink has a connection."), _one(lambda sink: sink.connected)),
    Row(counter("sink_sent", "Readings or messages that were delivered."), _one(lambda sink: sink.sent)),
    Row(counter("sink_dropped", "Lost for want of a connection or of room."), _one(lambda sink: sink.dropped)),
    Row(counter("sink_refused", "Not taken by the other side."), _one(lambda sink: sink.refused)),
    Row(counter("sink_expired", "Lost as they waited too long or were too many."), _one(lambda sink: sink.expired)),
    Row(counter("sink_failures", "Connections that were lost, and errors."), _one(lambda sink: sink.failures)),
    Row(gauge("sink_waiting", "Readings that wait for their delivery."), _one(lambda sink: sink.waiting)),
    Row(gauge("sink_waiting_bytes", "Bytes of what waits."), _one(lambda sink: sink.waiting_bytes)),
    Row(
        gauge("sink_oldest_age_seconds", "For how long the oldest of what waits has waited."),
        _one(lambda sink: max(time() - sink.oldest, 0.0) if sink.oldest else 0.0),
    ),
)
