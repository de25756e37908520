"""Durations, addresses and near misses."""

import math
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.config.values import (
    did_you_mean,
    format_duration,
    format_number,
    join_host_port,
    parse_duration,
    split_host_port,
)
from mbmd.errors import UsageError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("0s", 0.0),
        ("300ms", 0.3),
        ("1s", 1.0),
        ("1m30s", 90.0),
        ("1h", 3600.0),
        ("1h1m1s1ms", 3661.001),
        ("1.5s", 1.5),
        (".5s", 0.5),
        ("1.s", 1.0),
        ("100us", 1e-4),
        ("100µs", 1e-4),
        ("100\N{GREEK SMALL LETTER MU}s", 1e-4),
        ("7ns", 7e-9),
        ("1s1s", 2.0),
    ],
)
def test_durations_are_written_as_in_go(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "00",
        "s",
        "1x",
        "-1s",
        "1s ",
        " 1s",
        "1 s",
        "1s\n",
        "1s,2s",
        ".s",
        "1..2s",
        "1e3s",
        "infs",
        "nan",
        "\N{ARABIC-INDIC DIGIT ONE}s",
        "1S",
    ],
)
def test_what_is_no_duration_is_refused_by_name(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_duration(text)
    assert str(caught.value) == f"{text!r} is not a duration: write it as 300ms, 1s or 1m30s"


@pytest.mark.parametrize("text", ["9" * 400 + "s", "9" * 5000 + "h", "300y".replace("y", "0000000h")])
def test_a_duration_that_no_clock_holds_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="longer than 292 years"):
        parse_duration(text)


def test_a_long_wrong_duration_is_refused_at_once() -> None:
    with pytest.raises(UsageError):
        parse_duration("1" * 20_000 + "x")


@given(st.text(alphabet="0123456789.nuµmsh -", max_size=20) | st.text(max_size=20))
def test_any_text_is_a_finite_duration_or_a_usage_error(text: str) -> None:
    try:
        outcome: float | str = parse_duration(text)
    except UsageError as error:
        outcome = str(error)
    assert outcome.isprintable() if isinstance(outcome, str) else 0 <= outcome < math.inf


@given(st.integers(0, 10**6), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_parts_add_up(hours: int, minutes: int, seconds: int, millis: int) -> None:
    expected = hours * 3600 + minutes * 60 + seconds + millis / 1000
    assert parse_duration(f"{hours}h{minutes}m{seconds}s{millis}ms") == pytest.approx(expected)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (0.01, "10ms"),
        (0.3, "300ms"),
        (0.999, "999ms"),
        (0.0015, "0.0015s"),
        (1e-9, "0.000000001s"),
        (1.0, "1s"),
        (1.5, "1.5s"),
        (90.0, "90s"),
        (1e9, "1000000000s"),
    ],
)
def test_durations_are_written_as_people_do(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.floats(0, 9e9))
def test_what_is_written_is_read_as_the_same_duration(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.integers(0, 10**6), st.sampled_from(["ms", "s"]))
def test_a_duration_of_one_part_keeps_its_value(number: int, unit: str) -> None:
    seconds = parse_duration(f"{number}{unit}")
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.floats(0, allow_infinity=False))
def test_numbers_are_written_in_digits(number: float) -> None:
    text = format_number(number)
    assert float(text) == number
    assert set(text) <= set("0123456789.")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost:502", ("localhost", 502)),
        ("10.0.0.4:1", ("10.0.0.4", 1)),
        (":8080", ("", 8080)),
        ("[::1]:502", ("::1", 502)),
        ("[fe80::1%eth0]:65535", ("fe80::1%eth0", 65535)),
        ("localhost", None),
        ("", None),
        (":", None),
        ("host:", None),
        ("host:http", None),
        ("host:5 02", None),
        ("host:-1", None),
        ("host:\N{ARABIC-INDIC DIGIT FIVE}", None),
        ("host:²", None),
        ("[::1]", None),
    ],
)
def test_host_and_port(text: str, address: tuple[str, int] | None) -> None:
    assert split_host_port(text) == address


@pytest.mark.parametrize("text", ["host:0", "host:65536", "host:" + "9" * 5000, "[::1]:0"])
def test_a_port_has_its_bounds(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        split_host_port(text)
    assert str(caught.value) == f"'{text}': a port is a number from 1 to 65535"


@pytest.mark.parametrize("text", ["::1:502", "::1", "fe80::1:502", "[::1:502"])
def test_ipv6_needs_brackets(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        split_host_port(text)
    assert str(caught.value) == f"'{text}': write an IPv6 address in brackets, as in [::1]:502"


@given(st.text(alphabet=string.ascii_letters + string.digits + ".:-", min_size=1), st.integers(1, 65535))
def test_what_is_joined_can_be_split(host: str, port: int) -> None:
    assert split_host_port(join_host_port(host, port)) == (host, port)


@given(st.text(alphabet="[]:0123456789abc.", max_size=20) | st.text(max_size=20))
def test_any_text_is_an_address_or_none_or_a_usage_error(text: str) -> None:
    try:
        outcome = split_host_port(text)
    except UsageError as error:
        assert str(error).isprintable()  # noqa: PT017 - any text may be good
    else:
        assert outcome is None or 0 < outcome[1] < 65536


def test_a_near_word_is_named_else_all() -> None:
    assert did_you_mean("baudrat", ["comset", "baudrate"]) == ": did you mean baudrate?"
    assert did_you_mean("zzz", ["comset", "baudrate"]) == ": it is one of baudrate, comset"
