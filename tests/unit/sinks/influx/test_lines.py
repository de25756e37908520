"""Lines say what updates say: the oracle reads them."""

from fractions import Fraction
from math import inf, isfinite, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.sinks.influx.lines import Block, Encoder
from tests.unit.sinks.influx.line_protocol import Point, parse
from tests.unit.sinks.influx.updates import device_with, update_of

NS = 1_790_000_000_123_456_000
"""Nanoseconds of the time below."""
TIME = 1_790_000_000.123456

NAMES = st.text(min_size=1, max_size=12) | st.text(alphabet=", =\\\"'#\n\tA_time", min_size=1, max_size=8)
TIMES = st.floats(0, 4e9)


def told(name: str) -> str:
    """What of a name can be told in a tag."""
    return "".join(sign if sign.isprintable() else " " for sign in name).replace("\\", "/")


def test_a_reading_is_a_point_as_mbmd_always_wrote_them() -> None:
    device = device_with("SDM1.1", "Power", "VoltageL1")
    block = Encoder("data", "reading").encode(update_of(device, TIME, {"Power": 1234.5, "VoltageL1": 230}))
    assert block == Block(
        f"data,device=SDM1.1,type=Power value=1234.5 {NS}\n"
        f"data,device=SDM1.1,type=VoltageL1 value=230.0 {NS}\n".encode(),
        2,
    )


def test_a_device_is_a_point_with_many_fields() -> None:
    device = device_with("SDM1.1", "Power", "VoltageL1", texts=("Serial",))
    update = update_of(device, TIME, {"Power": -0.5, "VoltageL1": 230}, {"Serial": 'say "A\\B"'})
    block = Encoder("data", "device").encode(update)
    line = rf'data,device=SDM1.1 Power=-0.5,VoltageL1=230.0,Serial="say \"A\\B\"" {NS}' + "\n"
    assert block == Block(line.encode(), 3)


@pytest.mark.parametrize("points", ["reading", "device"])
def test_what_is_no_number_is_no_reading(points: str) -> None:
    device = device_with("SDM1.1", "A", "B", "C", "D", "E")
    block = Encoder("data", points).encode(update_of(device, TIME, {"A": nan, "B": inf, "C": 5, "D": -inf}))
    assert block.readings == 1
    assert [list(point.fields.values()) for point in parse(block.lines)] == [[5.0]]


@pytest.mark.parametrize("points", ["reading", "device"])
@pytest.mark.parametrize("names", [("A", "B"), ()])
def test_nothing_is_written_of_an_update_without_readings(points: str, names: tuple[str, ...]) -> None:
    assert Encoder("data", points).encode(update_of(device_with("SDM1.1", *names), TIME, {})) == Block(b"", 0)


def test_texts_have_no_place_where_the_field_is_a_number() -> None:
    device = device_with("SDM1.1", "Power", texts=("Serial",))
    block = Encoder("data", "reading").encode(update_of(device, TIME, {"Power": 1}, {"Serial": "S1"}))
    assert (block.readings, len(parse(block.lines))) == (1, 1)


def test_a_device_that_told_only_a_text_is_a_point() -> None:
    device = device_with("SDM1.1", "Power", texts=("Serial",))
    block = Encoder("data", "device").encode(update_of(device, TIME, {}, {"Serial": "S1"}))
    assert parse(block.lines) == [Point("data", (("device", "SDM1.1"),), {"Serial": "S1"}, NS)]


@pytest.mark.parametrize(("name", "field"), [("time", "time_"), ("device", "device_"), ("Time", "Time")])
def test_no_field_is_called_like_the_time_or_the_tag(name: str, field: str) -> None:
    block = Encoder("data", "device").encode(update_of(device_with("SDM1.1", name), TIME, {name: 7}))
    assert parse(block.lines)[0].fields == {field: 7.0}


def test_two_devices_of_one_id_have_their_own_names() -> None:
    encoder = Encoder("data", "device")
    lines = [encoder.encode(update_of(device_with("SDM1.1", name), TIME, {name: 1})).lines for name in ("A", "B")]
    assert [list(parse(line)[0].fields) for line in lines] == [["A"], ["B"]]


@given(NAMES, NAMES, st.dictionaries(NAMES, st.floats(), max_size=5), TIMES)
def test_the_oracle_reads_what_was_meant(measurement: str, device_id: str, values: dict[str, float], at: float) -> None:
    measurement = measurement.replace("\\", "").lstrip("#") or "data"
    update = update_of(device_with(device_id, *values), at, values)
    block = Encoder(measurement, "reading").encode(update)
    points = parse(block.lines)
    read = [(dict(point.tags)["type"], point.fields["value"]) for point in points]
    assert read == [(told(name), value) for name, value in sorted(values.items()) if isfinite(value)]
    assert block.readings == len(points)
    for point in points:
        assert point.measurement == told(measurement)
        assert [key for key, _ in point.tags] == ["device", "type"]
        assert dict(point.tags)["device"] == told(device_id)
        assert abs(point.timestamp - Fraction(at) * 10**9) <= 1000
        assert point.timestamp % 1000 == 0


@given(NAMES, st.dictionaries(NAMES, st.floats(), max_size=5), st.dictionaries(NAMES, st.text(max_size=12), max_size=3))
def test_the_oracle_reads_the_fields_of_a_device(
    device_id: str, values: dict[str, float], texts: dict[str, str]
) -> None:
    fields = [told(name) for name in [*values, *texts]]
    taken = {"time", "time_", "device", "device_"}
    if len(set(fields)) < len(fields) or taken & set(fields):
        return
    device = device_with(device_id, *values, texts=tuple(texts))
    block = Encoder("data", "device").encode(update_of(device, TIME, values, texts))
    expected: dict[str, float | str] = {told(name): value for name, value in values.items() if isfinite(value)}
    for name, text in texts.items():
        expected[told(name)] = "".join(sign if sign.isprintable() else " " for sign in text)
    points = parse(block.lines)
    assert [(point.tags, point.fields) for point in points] == (
        [((("device", told(device_id)),), expected)] if expected else []
    )
    assert block.readings == len(expected)
