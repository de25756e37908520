"""Device specs and the ids that users know devices by."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.config.adapter import Adapter, parse_adapter
from mbmd.config.devices import DeviceSpec, assign_ids, parse_specs
from mbmd.config.options import DeviceOptions
from mbmd.errors import UsageError

USB = parse_adapter("/dev/ttyUSB0")
TCP = parse_adapter("10.0.0.4:502")


def specs(*texts: str, default: Adapter | None = USB) -> list[DeviceSpec]:
    return parse_specs(texts, parse_adapter, default)


def ids(*texts: str, default: Adapter | None = USB) -> list[str]:
    return [device.id for device in assign_ids(specs(*texts, default=default))]


def test_a_spec_names_type_unit_subdevice_and_adapter() -> None:
    assert specs("SDM:1") == [DeviceSpec("SDM", 1, 0, USB)]
    assert specs("SMA:126.3@10.0.0.4:502") == [DeviceSpec("SMA", 126, 3, TCP)]
    assert specs("SDM:1@[::1]:502")[0].adapter.host == "::1"
    assert specs("SDM:1@rtu+tcp://h:23")[0].adapter.address == "h:23"


def test_several_by_comma_or_by_repeating() -> None:
    assert specs("sdm:1, sdm:2,,", "", "abb:3") == specs("sdm:1", "sdm:2", "abb:3")
    assert [spec.unit for spec in specs("sdm:1,sdm:2", "abb:3")] == [1, 2, 3]


@pytest.mark.parametrize(
    "text",
    [
        "sdm",
        "sdm:",
        ":1",
        "sdm:x",
        "sdm:-1",
        "sdm:1.",
        "sdm:1.x",
        "sdm:1@",
        "sdm:1:2",
        "sdm:1.2.3",
        "sdm:\N{ARABIC-INDIC DIGIT ONE}",
        "s\nm:1",
        "sdm?rate=1s:1",
        "sdm?:1",
        "@x",
    ],
)
def test_what_is_no_spec_is_told_how_to_write_one(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        specs(text)
    message = "is not TYPE:UNIT[.SUBDEVICE][?OPTIONS][@ADAPTER], as in SDM:1 or SMA:126@10.0.0.4:502"
    assert str(caught.value) == f"device {text!r} {message}"


def test_options_before_the_at_are_of_the_device() -> None:
    (spec,) = specs("sdm:1?rate=10s&slow=Import*+Export*@/dev/ttyUSB0")
    assert spec == DeviceSpec("sdm", 1, 0, USB, DeviceOptions(rate=10.0, slow=("Import*", "Export*")))
    assert specs("sma:126.3?timeout=1s", "sdm:2?") == [
        DeviceSpec("sma", 126, 3, USB, DeviceOptions(timeout=1.0)),
        DeviceSpec("sdm", 2, 0, USB),
    ]


def test_options_behind_the_at_are_of_the_adapter() -> None:
    (spec,) = specs("sdm:1?pause=1s@tcp://h:502?pause=2s&close=true")
    assert (spec.options, spec.adapter.options) == (DeviceOptions(pause=1.0), DeviceOptions(pause=2.0))
    assert spec.adapter.close
    assert specs("sdm:1@tcp://h:502?pause=2s")[0].options == DeviceOptions()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("sdm:1?rat=1s", " has unknown option 'rat': did you mean rate?"),
        ("sdm:1?rate=1", ": rate '1' is not a duration: write it as 300ms, 1s or 1m30s"),
        ("sdm:1?rate=1s&rate=2s@tcp://h", ": rate is given twice: give it once"),
        ("sdm:1?close=true@tcp://h", ": close is an option of the adapter: write it in the URL behind the @"),
        ("sdm:1?baudrate=9600", ": baudrate is an option of the adapter: write it in the URL behind the @"),
    ],
)
def test_a_wrong_option_is_named_with_its_device(text: str, complaint: str) -> None:
    with pytest.raises(UsageError) as caught:
        specs(text)
    assert str(caught.value) == f"device {text!r}{complaint}"


def test_a_device_needs_an_adapter() -> None:
    with pytest.raises(UsageError) as caught:
        specs("sdm:1", default=None)
    assert str(caught.value) == "device 'sdm:1' has no adapter: give one with -a, or write sdm:1@/dev/ttyUSB0"


@pytest.mark.parametrize(
    ("text", "outside"),
    [
        ("sdm:0", "1 to 247 on /dev/ttyUSB0"),
        ("sdm:248", "1 to 247 on /dev/ttyUSB0"),
        ("sdm:256@10.0.0.4:502", "0 to 255 on 10.0.0.4:502"),
        ("sdm:248@rtu+tcp://h:23", "1 to 247 on h:23"),
    ],
)
def test_units_outside_their_range(text: str, outside: str) -> None:
    unit = re.findall(r"\d+", text)[0]
    with pytest.raises(UsageError) as caught:
        specs(text)
    assert str(caught.value) == f"device '{text}': unit {unit} is outside {outside}"


def test_units_at_the_ends_of_their_range() -> None:
    assert [spec.unit for spec in specs("sdm:1", "sdm:247", "sdm:0@10.0.0.4:502", "sdm:255@10.0.0.4:502")] == [
        1,
        247,
        0,
        255,
    ]


@pytest.mark.parametrize("text", ["sdm:" + "1" * 5000, "sdm:1." + "1" * 5000])
def test_very_many_digits_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        specs(text)


def test_adapters_count_from_one_sorted_by_address() -> None:
    texts = ["sdm:1@/dev/ttyUSB1", "sdm:1@/dev/ttyUSB0", "sdm:1@10.0.0.4:502", "sdm:2@/dev/ttyUSB1"]
    assert ids(*texts) == ["SDM2.1", "SDM1.1", "SDM3.1", "SDM2.2"]


def test_only_adapters_with_devices_count() -> None:
    assert ids("sdm:1@/dev/ttyUSB9") == ["SDM1.1"]


def test_an_adapter_with_an_id_keeps_it_whatever_others_there_are() -> None:
    usb = "sdm:1@rtu:///dev/ttyUSB0?id=3"
    assert ids(usb) == ["SDM3.1"]
    assert ids("sdm:1@/dev/a", usb, "sdm:1@/dev/z") == ["SDM1.1", "SDM3.1", "SDM2.1"]


def test_numbers_that_are_taken_are_left_out() -> None:
    texts = ["sdm:1@/dev/a", "sdm:1@/dev/b", "sdm:1@rtu:///dev/c?id=1", "sdm:1@rtu:///dev/d?id=3"]
    assert ids(*texts) == ["SDM2.1", "SDM4.1", "SDM1.1", "SDM3.1"]


def test_two_adapters_with_one_id() -> None:
    with pytest.raises(UsageError) as caught:
        ids("sdm:1@rtu:///dev/a?id=3", "sdm:1@tcp://h?id=3")
    assert str(caught.value) == "adapters /dev/a and h:502 have the same id 3: give one of them another"


def test_two_devices_that_would_be_called_the_same() -> None:
    with pytest.raises(UsageError) as caught:
        ids("sdm:1@rtu:///dev/a?id=722", "SDM72:1@rtu:///dev/b?id=2")
    assert str(caught.value) == (
        "SDM72:1 on /dev/b and sdm:1 on /dev/a would both be SDM722.1: give one of the adapters another id"
    )


def test_all_conflicts_are_told_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        ids("sdm:1", "sdm:1", "abb:2", "dzg:2")
    assert str(caught.value).splitlines() == [
        "device sdm:1 is given twice for unit 1 of /dev/ttyUSB0",
        "two meters on unit 2 of /dev/ttyUSB0: abb and dzg",
    ]


def test_type_in_upper_case_and_subdevice_above_zero() -> None:
    assert ids("ORNO1p:4") == ["ORNO1P1.4"]
    assert ids("SMA:126", "SMA:126.1", "sma:126.2") == ["SMA1.126", "SMA1.126.1", "SMA1.126.2"]
    assert ids("SMA:126.0") == ["SMA1.126"]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (("sdm:1", "sdm:1"), "device sdm:1 is given twice for unit 1 of /dev/ttyUSB0"),
        (("sdm:1", "SDM:1"), "device SDM:1 is given twice for unit 1 of /dev/ttyUSB0"),
        (("sdm:1", "abb:1"), "two meters on unit 1 of /dev/ttyUSB0: sdm and abb"),
        (("sma:1.2", "sma:1.2"), "device sma:1.2 is given twice for unit 1 of /dev/ttyUSB0"),
        (("sdm:1", "sdm:1@rtu:///dev/ttyUSB0"), "device sdm:1 is given twice for unit 1 of /dev/ttyUSB0"),
    ],
)
def test_two_devices_on_one_unit(texts: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        ids(*texts)
    assert str(caught.value) == message


def test_one_unit_on_two_adapters() -> None:
    assert ids("sdm:1", "sdm:1@/dev/ttyUSB1") == ["SDM1.1", "SDM2.1"]


def test_one_address_with_two_settings() -> None:
    with pytest.raises(UsageError) as caught:
        ids("sdm:1@rtu:///dev/ttyUSB0?baudrate=9600", "sdm:2@rtu:///dev/ttyUSB0?baudrate=19200")
    message = str(caught.value)
    assert message.startswith("adapter /dev/ttyUSB0 is given with two settings: ")
    assert message.endswith("rtu:///dev/ttyUSB0 and rtu:///dev/ttyUSB0?baudrate=19200")
    assert "baudrate=19200" in message
    assert message.isprintable()


def test_one_address_with_two_options() -> None:
    with pytest.raises(UsageError, match=r": tcp://h:502\?timeout=1s and tcp://h:502$"):
        ids("sdm:1@tcp://h?timeout=1s", "sdm:2@tcp://h")


def test_one_device_with_two_options() -> None:
    with pytest.raises(UsageError, match=r"^device sdm:1 is given twice for unit 1 of /dev/ttyUSB0$"):
        ids("sdm:1?rate=1s", "sdm:1?rate=2s")


TEXTS = st.text(alphabet="sdmSDM:.@,?=&0123456789/[]- \n", max_size=30) | st.text(max_size=20)


@given(st.lists(TEXTS, max_size=4))
def test_any_texts_are_devices_or_a_usage_error(texts: list[str]) -> None:
    try:
        outcome: list[str] | str = ids(*texts)
    except UsageError as error:
        outcome = str(error)
    if isinstance(outcome, str):
        assert all(line.isprintable() for line in outcome.split("\n"))  # each problem has a line
    else:
        assert len(set(outcome)) == len(outcome)


UNITS = st.sets(st.tuples(st.sampled_from(["/dev/a", "/dev/b", "h:502"]), st.integers(1, 247), st.integers(0, 3)))


@given(UNITS)
def test_ids_tell_all_devices_apart(places: set[tuple[str, int, int]]) -> None:
    names = ids(*(f"sdm:{unit}.{sub}@{adapter}" for adapter, unit, sub in sorted(places)))
    assert len(set(names)) == len(places)
