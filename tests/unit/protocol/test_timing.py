"""Silence between frames, and what a read costs."""

import pytest

from mbmd.config.adapter import parse_adapter
from mbmd.config.defaults import COMSETS
from mbmd.protocol.timing import ROUND_TRIP, TURNAROUND, costs, silent_interval


@pytest.mark.parametrize("comset", COMSETS)
@pytest.mark.parametrize("baudrate", [300, 1200, 9600, 19200])
def test_silence_is_three_and_a_half_characters(baudrate: int, comset: str) -> None:
    bits = 10 if comset == "8N1" else 11
    assert silent_interval(parse_adapter("/dev/a", baudrate, comset)) == pytest.approx(3.5 * bits / baudrate)


@pytest.mark.parametrize("baudrate", [19201, 38400, 115200, 1_000_000])
def test_silence_above_19200_baud_is_fixed(baudrate: int) -> None:
    assert silent_interval(parse_adapter("/dev/a", baudrate)) == 0.00175


@pytest.mark.parametrize("adapter", ["ascii:///dev/a", "ascii+tcp://h", "tcp://h", "mock"])
def test_only_rtu_needs_silence(adapter: str) -> None:
    assert silent_interval(parse_adapter(adapter)) == 0.0


def test_costs_of_rtu() -> None:
    # Request: unit, PDU of 5, CRC. Answer: unit, function, byte count, CRC. 13 characters, and two for each register.
    price = costs(parse_adapter("/dev/a", 9600))
    assert price.read == pytest.approx(13 / 960 + 2 * 3.5 / 960 + TURNAROUND)
    assert price.register == pytest.approx(2 / 960)


def test_costs_of_ascii() -> None:
    # Request: colon, 14 hex digits, CR LF. Answer: colon, 8 hex digits, CR LF. 28 characters, four for each register.
    price = costs(parse_adapter("ascii:///dev/a", 9600))
    assert price.read == pytest.approx(28 / 960 + TURNAROUND)
    assert price.register == pytest.approx(4 / 960)


def test_on_a_network_the_round_trip_is_the_cost() -> None:
    price = costs(parse_adapter("h:502"))
    assert price.read == ROUND_TRIP
    assert 125 * price.register < price.read
