"""What a scan tells."""

import json
import shlex
from dataclasses import replace

import orjson
import pytest
import yaml

from mbmd.cli.scan_paste import command
from mbmd.cli.scan_paste import yaml as yaml_of
from mbmd.cli.scan_report import document, ranges, summary
from mbmd.config.adapter import parse_adapter
from mbmd.config.devices import parse_specs
from mbmd.devices.identify import Identifier, Read
from mbmd.devices.registry import BUILT_IN
from mbmd.scan.bus import Survey
from mbmd.scan.unit import Portrait
from tests.simulated_units import TYPES, interviewed
from tests.unit.scan.inverters import INVERTER, chain

IDENTIFIER = Identifier(TYPES)


def portrait(name: str, unit: int) -> Portrait:
    answers = interviewed(IDENTIFIER, BUILT_IN.get(name))
    return Portrait(unit, answers, tuple(IDENTIFIER.matches(answers)))


def surveyed(*portraits: Portrait, adapter: str = "/dev/ttyUSB0", complete: bool = True, **more: object) -> Survey:
    return Survey(parse_adapter(adapter), list(portraits), complete=complete, **more)  # type: ignore[arg-type]


TWO = surveyed(portrait("JANITZA", 26), portrait("X961A", 21))
SMA = Portrait(126, {}, sunspec=chain(INVERTER))


def test_the_summary_has_the_form_that_scripts_know() -> None:
    lines = summary([TWO])
    assert lines[0] == "found 2 active devices:"
    assert lines[1].startswith("* #21 type SDM at 9600 8N1: Eastron SDM630; ")
    assert lines[2].startswith("* #26 type JANITZA at 9600 8N1: Janitza B-Series meters; ")
    assert any("may be missed" in line for line in lines)


def test_a_device_is_told_with_what_people_know_it_by() -> None:
    line = summary([TWO])[1]
    assert " V, " in line
    assert " Hz, " in line
    assert " kWh" in line
    assert "has the same registers as X961A" in line


def test_values_that_are_none_or_0_are_not_told() -> None:
    one = portrait("JANITZA", 1)
    values = {"VoltageL1": 230.0, "Frequency": float("nan"), "Import": 0.0}
    line = summary([surveyed(replace(one, matches=(replace(one.matches[0], values=values),)))])[1]
    assert line == "* #1 type JANITZA at 9600 8N1: Janitza B-Series meters; 230.0 V"


def test_the_command_and_the_yaml_poll_what_was_found() -> None:
    words = shlex.split(command(TWO))
    assert words == ["mbmd", "run", "-a", "rtu:///dev/ttyUSB0", "-d", "sdm:21,janitza:26"]
    assert yaml.safe_load(yaml_of(TWO)) == {
        "adapters": [{"device": "/dev/ttyUSB0", "baudrate": 9600, "comset": "8N1"}],
        "devices": [
            {"name": "sdm21", "type": "sdm", "id": 21, "adapter": "/dev/ttyUSB0"},
            {"name": "janitza26", "type": "janitza", "id": 26, "adapter": "/dev/ttyUSB0"},
        ],
    }
    assert yaml_of(TWO).startswith(
        "adapters:\n- {device: /dev/ttyUSB0, baudrate: 9600, comset: 8N1}\ndevices:\n- {name"
    )


def test_a_name_keeps_the_number_of_the_type_and_the_id_apart() -> None:
    loaded = yaml.safe_load(yaml_of(surveyed(portrait("SDM72", 9), portrait("SDM", 1))))
    assert [device["name"] for device in loaded["devices"]] == ["sdm1", "sdm72-9"]


@pytest.mark.parametrize(
    ("adapter", "entry"),
    [
        ("192.168.0.7:502", {"device": "192.168.0.7:502"}),
        ("[::1]:502", {"device": "[::1]:502"}),
        ("rtu+tcp://192.168.0.7:23", {"device": "192.168.0.7:23", "rtu": True}),
        ("rtu+udp://192.168.0.7:502", {"device": "rtu+udp://192.168.0.7:502"}),
        ("ascii:///dev/ttyS0?baudrate=19200", {"device": "ascii:///dev/ttyS0?baudrate=19200"}),
        ("rtu:///dev/ttyS0?unit_pause=20ms", {"device": "rtu:///dev/ttyS0?unit_pause=20ms"}),
        ("/dev/my: bus", {"device": "/dev/my: bus", "baudrate": 9600, "comset": "8N1"}),
    ],
)
def test_every_adapter_is_written_so_that_it_can_be_read(adapter: str, entry: dict[str, object]) -> None:
    survey = surveyed(portrait("SDM", 1), adapter=adapter)
    loaded = yaml.safe_load(yaml_of(survey))
    assert loaded["adapters"] == [entry]
    assert loaded["devices"][0]["adapter"] == entry["device"]
    words = shlex.split(command(survey))
    (spec,) = parse_specs([words[-1]], parse_adapter, parse_adapter(words[3]))
    assert (spec.type, spec.unit, spec.adapter) == ("sdm", 1, survey.adapter)


def test_nothing_found() -> None:
    lines = summary([surveyed()])
    assert lines[0] == "found 0 active devices:"
    assert not any("mbmd run" in line for line in lines)


@pytest.mark.parametrize("surveys", [[], [surveyed(complete=False)]])
def test_a_scan_that_was_cut_short_says_so(surveys: list[Survey]) -> None:
    assert any("did not come to its end" in line for line in summary(surveys))
    assert document(surveys)["complete"] is False


def test_a_unit_of_no_known_type_is_told_with_what_it_said_and_what_to_do() -> None:
    stranger = Portrait(5, {Read(4, 0, 2): 2, Read(3, 4, 2): 2, Read(3, 8, 2): bytes(4), Read(3, 0, 1): None})
    text = "\n".join(summary([surveyed(stranger)]))
    assert "#5: of no known type, it answers exception 2 (illegal data address) to 2 reads" in text
    assert "mbmd read -a rtu:///dev/ttyUSB0 -d 5 " in text
    assert "found 0" in text


def test_ids_that_all_say_the_same_are_told_in_one_line() -> None:
    group = [Portrait(unit, {Read(4, 0, 2): bytes(4)}) for unit in (*range(1, 10), 20)]
    (line,) = (line for line in summary([surveyed(*group)]) if "gateway" in line)
    assert line.startswith("#1-9, 20: 10 ids answer the very same, 0 to 1 reads")


def test_a_few_that_say_the_same_may_be_devices() -> None:
    text = "\n".join(summary([surveyed(*(Portrait(unit, {Read(4, 0, 2): 1}) for unit in (1, 2)))]))
    assert "#1-2: of no known type" in text


def test_two_devices_on_one_id_are_thought_of() -> None:
    text = "\n".join(summary([surveyed(Portrait(1, {Read(4, 0, 2): None}))]))
    assert "two devices with one id" in text


def test_one_device_under_all_ids_is_explained() -> None:
    text = "\n".join(summary([surveyed(portrait("SDM", 1), adapter="10.0.0.4:502", is_one_device=True)]))
    assert "answers to every id" in text


def test_a_gateway_that_hangs_up_may_speak_the_other_framing() -> None:
    text = "\n".join(summary([surveyed(adapter="10.0.0.4:502", cut=247, reason="what came is not Modbus TCP")]))
    assert "requests under which the connection ended: 247 (what came is not Modbus TCP" in text
    assert "try -a rtu+tcp://10.0.0.4:502" in text


@pytest.mark.parametrize(
    ("adapter", "advice"),
    [
        ("/dev/ttyUSB0", "nothing answers on /dev/ttyUSB0 at 9600 8N1: try --baudrates"),
        ("rtu+tcp://10.0.0.4:23", "try -a tcp://10.0.0.4:23"),
        ("rtu+udp://10.0.0.4:23", "nothing answers on 10.0.0.4:23"),
    ],
)
def test_where_nothing_answers_there_is_something_else_to_try(adapter: str, advice: str) -> None:
    assert any(advice in line for line in summary([surveyed(adapter=adapter)]))
    assert not any(advice in line for line in summary([surveyed(adapter=adapter, complete=False)]))


def test_devices_at_several_speeds_are_told_with_theirs() -> None:
    slow = surveyed(portrait("SDM", 1), adapter="rtu:///dev/ttyUSB0")
    fast = surveyed(portrait("ABB", 2), adapter="rtu:///dev/ttyUSB0?baudrate=19200&comset=8E1")
    lines = summary([slow, fast])
    assert lines[0] == "found 2 active devices:"
    assert lines[1].startswith("* #1 type SDM at 9600 8N1: ")
    assert lines[2].startswith("* #2 type ABB at 19200 8E1: ")
    assert sum("mbmd run" in line for line in lines) == 2


def test_the_document_has_all_that_the_summary_has() -> None:
    stranger = Portrait(5, {Read(4, 0, 2): 2, Read(3, 4, 2): b"\0\x01\0\0"})
    made = json.loads(orjson.dumps(document([surveyed(portrait("SDM", 21), stranger, SMA)])))
    assert set(made) == {"complete", "requests", "seconds", "devices", "unknown", "notes", "polling"}
    sdm, inverter = made["devices"]
    assert (sdm["id"], sdm["type"], sdm["same"], sdm["also"], sdm["sure"]) == (21, "SDM", ["X961A"], [], True)
    assert (sdm["adapter"], sdm["baudrate"], sdm["comset"]) == ("rtu:///dev/ttyUSB0", 9600, "8N1")
    assert 220 < sdm["values"]["VoltageL1"] < 240
    assert inverter["sunspec"]["subdevices"][0]["serial"] == "4711"
    assert made["unknown"] == [
        {"adapter": "rtu:///dev/ttyUSB0", "ids": [5], "damaged": False, "answers": {"4:0+2": 2, "3:4+2": "00010000"}}
    ]
    assert made["polling"][0]["devices"] == "sdm:21,sma:126"
    assert made["polling"][0]["command"].startswith("mbmd run ")


@pytest.mark.parametrize(("units", "text"), [([], ""), ([5], "5"), ([3, 1, 2, 9], "1-3, 9"), ([1, 2], "1-2")])
def test_ranges(units: list[int], text: str) -> None:
    assert ranges(units) == text
