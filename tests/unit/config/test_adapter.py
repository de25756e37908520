"""Adapters, written plainly and as URLs."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mbmd.config.adapter import ADAPTER_OPTIONS, Adapter, Framing, Medium, check_line, parse_adapter
from mbmd.config.defaults import COMSETS
from mbmd.config.options import DEVICE_OPTIONS, DeviceOptions
from mbmd.errors import UsageError
from tests.option_sets import DEVICE_OPTION_SETS


def serial(path: str, baudrate: int = 9600, comset: str = "8N1", framing: Framing = Framing.RTU) -> Adapter:
    return Adapter(Medium.SERIAL, framing, path, baudrate=baudrate, comset=comset)


def network(medium: Medium, framing: Framing, host: str, port: int) -> Adapter:
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return Adapter(medium, framing, address, host, port)


@pytest.mark.parametrize("path", ["/dev/ttyUSB0", "ttyS0", "/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0", "/a:1"])
def test_a_path_is_a_serial_device(path: str) -> None:
    assert parse_adapter(path, 19200, "8e1") == serial(path, 19200, "8E1")


def test_text_that_ends_in_a_port_is_a_network_address() -> None:
    assert parse_adapter("10.0.0.4:502") == network(Medium.TCP, Framing.MBAP, "10.0.0.4", 502)
    assert parse_adapter("10.0.0.4:23", rtu=True) == network(Medium.TCP, Framing.RTU, "10.0.0.4", 23)
    assert parse_adapter("[::1]:502") == network(Medium.TCP, Framing.MBAP, "::1", 502)
    assert parse_adapter("[::1]:502").address == "[::1]:502"


def test_mock_is_simulated() -> None:
    assert parse_adapter("mock").medium is Medium.MOCK


@pytest.mark.parametrize(
    ("url", "adapter"),
    [
        ("rtu:///dev/ttyUSB0", serial("/dev/ttyUSB0")),
        ("rtu:///dev/ttyUSB0?baudrate=19200&comset=8e1", serial("/dev/ttyUSB0", 19200, "8E1")),
        ("ascii:///dev/ttyUSB0", serial("/dev/ttyUSB0", framing=Framing.ASCII)),
        ("tcp://meter:1502", network(Medium.TCP, Framing.MBAP, "meter", 1502)),
        ("tcp://meter", network(Medium.TCP, Framing.MBAP, "meter", 502)),
        ("tcp://meter/", network(Medium.TCP, Framing.MBAP, "meter", 502)),
        ("TCP://meter:502", network(Medium.TCP, Framing.MBAP, "meter", 502)),
        ("tcp://[::1]", network(Medium.TCP, Framing.MBAP, "::1", 502)),
        ("tcp://[::1]:1502", network(Medium.TCP, Framing.MBAP, "::1", 1502)),
        ("rtu+tcp://10.0.0.8:23", network(Medium.TCP, Framing.RTU, "10.0.0.8", 23)),
        ("ascii+tcp://10.0.0.8:23", network(Medium.TCP, Framing.ASCII, "10.0.0.8", 23)),
        ("rtu+udp://10.0.0.8:502", network(Medium.UDP, Framing.RTU, "10.0.0.8", 502)),
    ],
)
def test_every_scheme(url: str, adapter: Adapter) -> None:
    assert parse_adapter(url) == adapter


def test_a_url_wins_over_the_defaults() -> None:
    adapter = parse_adapter("rtu:///dev/ttyUSB0?rs485=true&baudrate=115200", 9600, "8N2", rtu=True)
    assert adapter == Adapter(Medium.SERIAL, Framing.RTU, "/dev/ttyUSB0", baudrate=115200, comset="8N2", rs485=True)
    assert parse_adapter("tcp://meter:502", rtu=True).framing is Framing.MBAP


def test_plain_and_url_name_the_same_bus() -> None:
    assert parse_adapter("rtu:///dev/ttyUSB0?baudrate=19200") == parse_adapter("/dev/ttyUSB0", 19200)
    assert parse_adapter("tcp://meter") == parse_adapter("meter:502")
    assert parse_adapter("rtu+tcp://meter:23") == parse_adapter("meter:23", rtu=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the adapter is empty: give a serial device, host:port or a URL"),
        (":502", "adapter ':502' names no host: write host:502"),
        ("tcp://", "adapter 'tcp://' names no host: write host:502"),
        ("tcp://:502", "adapter 'tcp://:502' names no host: write host:502"),
        ("host:0", "'host:0': a port is a number from 1 to 65535"),
        ("::1:502", "'::1:502': write an IPv6 address in brackets, as in [::1]:502"),
        ("tcp://::1:502", "'::1:502': write an IPv6 address in brackets, as in [::1]:502"),
        ("tcp://host:http", "adapter 'tcp://host:http': write tcp://host:port"),
        ("tcp://host:", "adapter 'tcp://host:': write tcp://host:port"),
        ("tcp://host:502/unit", "adapter 'tcp://host:502/unit': write tcp://host:port"),
        ("tcp://me@host:502", "adapter 'tcp://me@host:502': write tcp://host:port"),
        ("tcp://host:502#1", "adapter 'tcp://host:502#1': write tcp://host:port"),
        ("rtu://", "adapter 'rtu://' names no device: write rtu:///dev/ttyUSB0"),
        ("rtu:///", "adapter 'rtu:///' names no device: write rtu:///dev/ttyUSB0"),
        ("rtu://dev/ttyUSB0", "adapter 'rtu://dev/ttyUSB0' names no device: write rtu:///dev/ttyUSB0"),
        ("ascii://ttyUSB0", "adapter 'ascii://ttyUSB0' names no device: write ascii:///dev/ttyUSB0"),
        ("rtu:///dev/a#1", "adapter 'rtu:///dev/a#1' names no device: write rtu:///dev/ttyUSB0"),
        ("rtu+tpc://h", "adapter 'rtu+tpc://h' has unknown scheme 'rtu+tpc': did you mean rtu+tcp?"),
        (
            "http://h",
            (
                "adapter 'http://h' has unknown scheme 'http': "
                "it is one of ascii, ascii+tcp, mock, rtu, rtu+tcp, rtu+udp, tcp"
            ),
        ),
        ("tcp://[::1", "adapter 'tcp://[::1' is not a URL: Invalid IPv6 URL"),
        ("rtu:///dev/a?baud=1", "adapter 'rtu:///dev/a?baud=1' has unknown option 'baud': did you mean baudrate?"),
        (
            "rtu:///dev/a?baudrate=fast",
            "adapter 'rtu:///dev/a?baudrate=fast': baudrate 'fast' is not a number from 300 to 4000000",
        ),
        (
            "rtu:///dev/a?baudrate=",
            "adapter 'rtu:///dev/a?baudrate=': baudrate '' is not a number from 300 to 4000000",
        ),
        ("rtu:///dev/a?comset=7E1", "adapter 'rtu:///dev/a?comset=7E1': comset '7E1' is not one of 8N1, 8N2, 8E1, 8O1"),
        ("rtu:///dev/a?rs485=1", "adapter 'rtu:///dev/a?rs485=1': rs485 '1' is neither true nor false"),
        ("rtu:///dev/a?close=true", "adapter 'rtu:///dev/a?close=true': close is only for TCP connections: remove it"),
        (
            "rtu+udp://h:1?close=false",
            "adapter 'rtu+udp://h:1?close=false': close is only for TCP connections: remove it",
        ),
        (
            "rtu+tcp://h:1?transaction_ids=false",
            "adapter 'rtu+tcp://h:1?transaction_ids=false': transaction_ids is only for Modbus TCP (tcp://): remove it",
        ),
        ("tcp://h?rs485=true", "adapter 'tcp://h?rs485=true': rs485 is only for serial devices: remove it"),
        ("192.168.0.7", "adapter '192.168.0.7' has no port: write 192.168.0.7:502"),
        ("[::1]", "adapter '[::1]' has no port: write [::1]:502"),
        ("tcp://me:secret@h:1", "adapter 'tcp://me:secret@h:1': write tcp://host:port"),
        (
            "ascii:///dev/a?transaction_ids=true",
            "adapter 'ascii:///dev/a?transaction_ids=true': transaction_ids is only for Modbus TCP (tcp://): remove it",
        ),
        ("tcp://h?close", "adapter 'tcp://h?close': close '' is neither true nor false"),
        (
            "rtu:///dev/a?unit_pause=20",
            "adapter 'rtu:///dev/a?unit_pause=20': unit_pause '20' is not a duration: write it as 300ms, 1s or 1m30s",
        ),
        (
            "rtu:///dev/a?baudrate=9600&baudrate=9600",
            "adapter 'rtu:///dev/a?baudrate=9600&baudrate=9600': baudrate is given twice: give it once",
        ),
        ("tcp://h?timeout=0", "adapter 'tcp://h?timeout=0': timeout '0' must be longer than nothing, as in 300ms"),
        (
            "tcp://h?conect_delay=1s",
            "adapter 'tcp://h?conect_delay=1s' has unknown option 'conect_delay': did you mean connect_delay?",
        ),
        ("mock://h", "adapter 'mock://h': write mock, or mock://?rate=1s with options"),
        ("rtu:///dev/a?id=0", "adapter 'rtu:///dev/a?id=0': id '0' is not a number from 1 to 9999"),
        ("tcp://h?id=10000", "adapter 'tcp://h?id=10000': id '10000' is not a number from 1 to 9999"),
        ("/dev/tty\n", "adapter '/dev/tty\\n' has a character that cannot be printed"),
        ("/dev/\0", "adapter '/dev/\\x00' has a character that cannot be printed"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_adapter(text)
    assert str(caught.value) == message


@pytest.mark.parametrize("baudrate", [0, -9600, 299, 4_000_001])
def test_a_baudrate_has_its_bounds(baudrate: int) -> None:
    with pytest.raises(UsageError, match=rf"^baudrate '{baudrate}' is not a number from 300 to 4000000$"):
        check_line(baudrate, "8N1")
    with pytest.raises(UsageError):
        parse_adapter("/dev/ttyUSB0", baudrate)


def test_a_baudrate_of_very_many_digits_is_refused() -> None:
    with pytest.raises(UsageError, match=r"is not a number from 300"):
        parse_adapter("rtu:///dev/a?baudrate=" + "9" * 5000)


def test_comsets_in_any_case() -> None:
    assert [check_line(9600, comset.lower()) for comset in COMSETS] == [(9600, comset) for comset in COMSETS]
    with pytest.raises(UsageError, match=r"^comset '9N1' is not one of 8N1, 8N2, 8E1, 8O1$"):
        check_line(9600, "9N1")


@pytest.mark.parametrize(("comset", "bits"), [("8N1", 10), ("8N2", 11), ("8E1", 11), ("8O1", 11)])
def test_time_of_a_character(comset: str, bits: int) -> None:
    assert serial("/dev/ttyUSB0", 9600, comset).character_seconds == pytest.approx(bits / 9600)


def test_unit_ids_of_a_bus() -> None:
    assert (parse_adapter("/dev/a").units[0], parse_adapter("/dev/a").units[-1]) == (1, 247)
    assert (parse_adapter("rtu+tcp://h").units[0], parse_adapter("rtu+tcp://h").units[-1]) == (1, 247)
    assert (parse_adapter("tcp://h").units[0], parse_adapter("tcp://h").units[-1]) == (0, 255)


SCHEMES = ["rtu", "ascii", "tcp", "rtu+tcp", "ascii+tcp", "rtu+udp", "http", "x"]
HOSTS = st.text(alphabet="[]:@/?#&=%0123456789ahst.", max_size=20) | st.text(max_size=12)
QUERIES = st.text(alphabet="baudrtecoms485=&;%0189NE", max_size=20) | st.builds(
    "{}={}".format, st.sampled_from([*ADAPTER_OPTIONS, *DEVICE_OPTIONS]), st.text(max_size=8)
)
URLS = st.builds("{}://{}?{}".format, st.sampled_from(SCHEMES), HOSTS, QUERIES)


@given(HOSTS | URLS, st.booleans())
@example("tcp://\N{DOUBLE QUESTION MARK}", False)
@example("rtu:///dev/tty?baudrate=" + "9" * 5000, False)
def test_any_text_is_an_adapter_or_a_usage_error(text: str, rtu: bool) -> None:
    try:
        outcome: Adapter | str = parse_adapter(text, rtu=rtu)
    except UsageError as error:
        outcome = str(error)
    if isinstance(outcome, str):
        assert outcome.isprintable()
    else:
        assert outcome.address
        assert outcome.medium in (Medium.SERIAL, Medium.MOCK) or 0 < outcome.port < 65536


@pytest.mark.parametrize(
    "url",
    [
        "rtu:///dev/ttyUSB0",
        "rtu:///dev/ttyUSB0?baudrate=19200&comset=8E1",
        "ascii:///dev/ttyS0?rs485=true",
        "tcp://host:502",
        "tcp://[::1]:1502",
        "rtu+tcp://host:23?baudrate=38400&comset=8N2",
        "ascii+tcp://host:23",
        "rtu+udp://10.0.0.1:4001",
        "rtu:///dev/ttyUSB0?baudrate=19200&unit_pause=20ms&connect_delay=2s&pause=10ms&max_registers=60",
        "tcp://host:502?close=true&transaction_ids=false&timeout=1s&rating=43.5&include=Power+Import*",
        "rtu:///dev/ttyUSB0?id=3",
        "mock",
        "mock://?id=9999&rate=1s",
    ],
)
def test_an_adapter_says_the_url_that_makes_it(url: str) -> None:
    assert str(parse_adapter(url)) == url


@pytest.mark.parametrize("text", ["/dev/a?baudrate=9600", "h:502?close=true", "mock?rate=1s"])
def test_only_a_url_has_options(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_adapter(text)
    message = "only a URL has options, as in rtu:///dev/ttyUSB0?pause=10ms; those of a device stand before its @"
    assert str(caught.value) == f"adapter {text!r}: {message}"


def test_options_of_an_adapter() -> None:
    adapter = parse_adapter("tcp://h?close=true&timeout=1s&transaction_ids=false&connect_delay=2s&unit_pause=20ms")
    assert (adapter.close, adapter.transaction_ids, adapter.connect_delay, adapter.unit_pause) == (True, False, 2, 0.02)
    assert adapter.options == DeviceOptions(timeout=1.0)
    assert parse_adapter("rtu:///dev/a?pause=0&holes=false").options == DeviceOptions(pause=0.0, holes=False)


def test_nothing_is_asked_for_without_options() -> None:
    adapter = parse_adapter("tcp://h")
    assert (adapter.close, adapter.transaction_ids, adapter.connect_delay, adapter.unit_pause) == (False, True, 0, 0)
    assert adapter.options == DeviceOptions()
    assert parse_adapter("tcp://h?") == adapter


PLACES = st.sampled_from(
    [
        serial("/dev/ttyUSB0"),
        serial("/dev/ttyUSB0", framing=Framing.ASCII),
        network(Medium.TCP, Framing.MBAP, "::1", 502),
        network(Medium.TCP, Framing.RTU, "h", 23),
        network(Medium.TCP, Framing.ASCII, "h", 23),
        network(Medium.UDP, Framing.RTU, "h", 23),
        parse_adapter("mock"),
    ]
)
SECONDS = st.floats(0, 1e6)


@st.composite
def adapters(draw: st.DrawFn) -> Adapter:
    adapter = replace(
        draw(PLACES),
        unit_pause=draw(SECONDS),
        connect_delay=draw(SECONDS),
        id=draw(st.none() | st.integers(1, 9999)),
        options=draw(DEVICE_OPTION_SETS),
    )
    if adapter.is_serial_line:
        adapter = replace(adapter, baudrate=draw(st.integers(300, 4_000_000)), comset=draw(st.sampled_from(COMSETS)))
    if adapter.medium is Medium.TCP:
        adapter = replace(adapter, close=draw(st.booleans()))
    return replace(
        adapter,
        rs485=adapter.medium is Medium.SERIAL and draw(st.booleans()),
        transaction_ids=adapter.framing is not Framing.MBAP or draw(st.booleans()),
    )


@given(adapters())
def test_every_adapter_is_read_back(adapter: Adapter) -> None:
    assert parse_adapter(str(adapter)) == adapter
