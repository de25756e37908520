"""`mbmd scan`: its options, and what is said about wrong ones."""

import asyncio

import pytest

from mbmd import cli
from mbmd.cli.scan import TIMEOUT, _job, _scan, parse_ids, parse_lines
from mbmd.config.adapter import Adapter, parse_adapter
from mbmd.config.defaults import DEFAULT_TIMEOUT
from mbmd.errors import UsageError
from mbmd.scan import bus
from mbmd.scan.bus import Survey
from mbmd.scan.unit import Portrait
from mbmd.sunspec.common import Common
from tests.unit.scan.inverters import chain
from tests.unit.scan.lines import Log

SERIAL = parse_adapter("/dev/ttyUSB0")
TCP = parse_adapter("192.168.0.7:502")
RTU_TCP = parse_adapter("192.168.0.7:23", rtu=True)


def parse(*argv: str) -> "tuple[object, ...]":
    return _job(cli.make_parser().parse_args(["scan", *argv]))


def refusal(*argv: str) -> str:
    with pytest.raises(UsageError) as caught:
        parse(*argv)
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("adapter", [SERIAL, RTU_TCP])
def test_all_ids_of_a_serial_line(adapter: Adapter) -> None:
    assert parse_ids(None, adapter) == list(range(1, 248))


def test_all_ids_of_modbus_tcp_end_with_those_that_stand_for_any() -> None:
    assert parse_ids(None, TCP) == [*range(1, 248), 255, 0]


@pytest.mark.parametrize(
    ("text", "units"),
    [("1", [1]), ("1-3", [1, 2, 3]), ("100, 1-3", [1, 2, 3, 100]), ("5-5,4-6", [4, 5, 6]), ("247", [247])],
)
def test_ids(text: str, units: list[int]) -> None:
    assert parse_ids(text, SERIAL) == units


@pytest.mark.parametrize("text", ["", "a", "1-", "-3", "3-1", "0", "248", "1,,2", "1-2-3", "1 2", "9" * 5000, "\u0661"])
def test_wrong_ids(text: str) -> None:
    with pytest.raises(UsageError, match="--ids"):
        parse_ids(text, SERIAL)


def test_modbus_tcp_has_more_ids() -> None:
    assert parse_ids("0,255", TCP) == [0, 255]


def test_every_baud_rate_is_tried_with_every_comset() -> None:
    lines = parse_lines(SERIAL, "9600, 19200,9600", "8N1,8e1")
    assert [(line.baudrate, line.comset) for line in lines] == [
        (9600, "8N1"),
        (19200, "8N1"),
        (9600, "8E1"),
        (19200, "8E1"),
    ]


def test_what_is_not_tried_stays_as_the_adapter_says() -> None:
    adapter = parse_adapter("rtu:///dev/ttyUSB0?baudrate=2400&comset=8E1&rs485=true")
    assert parse_lines(adapter, None, None) == [adapter]
    (line,) = parse_lines(adapter, "4800", None)
    assert (line.baudrate, line.comset, line.rs485) == (4800, "8E1", True)


@pytest.mark.parametrize(
    ("baudrates", "comsets"), [("", None), ("fast", None), ("100", None), ("9600,", None), (None, "7N1"), (None, "")]
)
def test_wrong_settings(baudrates: str | None, comsets: str | None) -> None:
    with pytest.raises(UsageError):
        parse_lines(SERIAL, baudrates, comsets)


def test_only_serial_devices_have_settings_to_try() -> None:
    with pytest.raises(UsageError, match="serial devices"):
        parse_lines(RTU_TCP, "9600", None)


def test_the_patience_is_shorter_than_that_of_other_commands_unless_one_is_named() -> None:
    patience = 4
    assert parse("-a", "/dev/ttyUSB0")[patience] == 0.2
    assert TIMEOUT != DEFAULT_TIMEOUT == "300ms"
    assert parse("-a", "/dev/ttyUSB0", "--timeout", "".join(["300", "ms"]))[patience] == 0.3
    assert parse("-a", "rtu:///dev/ttyUSB0?timeout=1s")[patience] == 1.0
    assert parse("--timeout", "1s", "-a", "rtu:///dev/ttyUSB0?timeout=2s")[patience] == 2.0


def test_bus_options_may_stand_before_the_command() -> None:
    args = cli.make_parser().parse_args(["-a", "/dev/ttyUSB0", "--timeout", "1s", "scan", "--ids", "7"])
    job = _job(args)
    assert (job.lines, job.units, job.patience) == ([SERIAL], [7], 1.0)


@pytest.mark.parametrize(("argv", "asked"), [((), [9600, 19200, 38400]), (("--first",), [9600, 19200])])
def test_first_ends_with_the_first_setting_that_has_a_device(
    argv: tuple[str, ...], asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned: list[tuple[int, list[int]]] = []

    async def fake(survey: Survey, units: list[int], *_: object) -> None:
        scanned.append((survey.adapter.baudrate, units))
        if survey.adapter.baudrate == 19200:
            survey.portraits.append(Portrait(2, {}, sunspec=chain(Common())))

    monkeypatch.setattr(bus, "scan", fake)
    argv = ("-a", "/dev/ttyUSB0", "--ids", "1-3", "--baudrates", "9600,19200,38400", *argv)
    asyncio.run(_scan(_job(cli.make_parser().parse_args(["scan", *argv])), [], Log()))
    assert [baudrate for baudrate, _ in scanned] == asked
    assert [units for _, units in scanned] == [[1, 2, 3], [1, 2, 3], [1, 3]][: len(asked)]


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ((), "no adapter"),
        (("-a", "mock"), "mock"),
        (("-a", "/dev/ttyUSB0", "--timeout", "0"), "--timeout"),
        (("-a", "/dev/ttyUSB0", "--timeout", "fast"), "fast"),
        (("-a", "/dev/ttyUSB0", "--types", "sdn"), "did you mean"),
        (("-a", "/dev/ttyUSB0", "--types", ""), "unknown device type"),
        (("-a", "/dev/ttyUSB0", "--ids", "300"), "1 to 247"),
    ],
)
def test_wrong_usage_is_told_in_one_line(argv: tuple[str, ...], told: str) -> None:
    assert told in refusal(*argv)


@pytest.mark.parametrize(
    "adapter", ["192.168.0.7:502", "rtu+tcp://192.168.0.7:23", "/dev/ttyUSB0", "ascii:///dev/ttyS0"]
)
def test_sunspec_is_looked_for_everywhere_unless_other_types_are_asked_for(adapter: str) -> None:
    sunspec = 3
    assert parse("-a", adapter)[sunspec] is True
    assert parse("-a", adapter, "--types", "sdm")[sunspec] is False
    assert parse("-a", adapter, "--types", "sdm,SMA")[sunspec] is True
    assert parse("-a", adapter, "--types", "sunspec")[sunspec] is True
