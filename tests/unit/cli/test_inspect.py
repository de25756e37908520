"""`mbmd inspect`: what it prints of devices, whole and broken, and of what is none."""

import json
import re
import shlex
from collections.abc import Sequence
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mbmd import cli
from mbmd.cli.inspect import parse_job
from mbmd.config.adapter import Framing
from tests.unit.cli.by_hand import PLACES, Done, Shell
from tests.unit.sunspec.images import IMAGES, chained, common, image, words
from tests.written import Device, Saying, lost, refused

INVERTER = [0] * 50
TCP = ("-a", PLACES[Framing.MBAP])


def device(registers: dict[int, int], framing: Framing = Framing.MBAP) -> Device:
    return Device(framing, registers=registers)


def of(name: str) -> Device:
    """The first unit of an image."""
    return device(next(iter(image(name).values())))


def inspect(shell: Shell, there: Device, *argv: str, spec: str = "sunspec:1") -> Done:
    return shell.ask(there, "inspect", "-d", spec, *argv)


def document(shell: Shell, there: Device, *argv: str, spec: str = "sunspec:1") -> dict[str, Any]:
    done = inspect(shell, there, "--json", *argv, spec=spec)
    assert (done.code, done.err) == (0, "")
    found: dict[str, Any] = json.loads(done.out)
    return found


def points(found: dict[str, Any], model: int) -> dict[str, Any]:
    """The points of the first model of that id, by path."""
    models = [each for of_device in found["devices"] for each in of_device["models"]]
    return {point["path"]: point for point in next(each for each in models if each["id"] == model)["points"]}


def line(done: Done, beginning: str) -> list[str]:
    """The cells of the first line that begins so, address aside."""
    lines = [line.split() for line in done.out.splitlines()]
    return next(cells[1:] for cells in lines if cells[1:2] == [beginning])


@pytest.mark.parametrize("framing", Framing)
def test_all_models_stand_under_their_device_with_their_points(framing: Framing, shell: Shell) -> None:
    done = inspect(shell, device(image("main")[126], framing))
    assert (done.code, done.err) == (0, "")
    headings = [text for text in done.out.splitlines() if text.startswith(("unit", "device", "model", "!"))]
    assert headings == [
        "unit 1 on meter:502: SunSpec marker at 40000; 2 devices, 5 models, 15 requests",
        "device 0 (sunspec:1): SMA STP 10.0-3AV-40 Tripower X, version 3.11.12.R, serial 3012345678",
        "model 1 Common, at 40002, length 66",
        "model 103 Inverter (Three Phase), at 40070, length 50",
        "model 160 Multiple MPPT Inverter Extension Model, at 40122, length 48",
        "device 1 (sunspec:1.1): SMA EMETER-20, options Grid meter, version 2.03.4.R, serial 1900203011",
        "model 1 Common, at 40172, length 66",
        "model 203 wye-connect three phase (abcn) meter, at 40240, length 105",
    ]


def test_points_are_told_with_value_unit_number_type_and_label(shell: Shell) -> None:
    done = inspect(shell, of("main"))
    assert line(done, "PhVphA") == ["PhVphA", "231.2", "V", "2312", "uint16", "Phase", "Voltage", "AN"]
    assert line(done, "DCA") == ["DCA", "n/a", "65535", "uint16", "DC", "Amps"]
    assert line(done, "St") == ["St", "MPPT", "4", "enum16", "Operating", "State"]
    assert line(done, "Evt1") == ["Evt1", "none", "0x0", "bitfield32", "Event1"]
    assert line(done, "module/2/DCWH") == ["module/2/DCWH", "0", "Wh", "0", "acc32", "Lifetime", "Energy"]
    assert line(done, "PFphB") == ["PFphB", "n/a", "-99", "int16", "PF", "phase", "B", "PF_SF", "is", "n/a"]


def test_bits_are_told_in_words(shell: Shell) -> None:
    body = [*INVERTER[:38], 0, 0b10000101, *INVERTER[40:]]
    done = inspect(shell, device(chained(common(), (103, body))))
    names = ["GROUND_FAULT", "AC_DISCONNECT", "OVER_TEMP"]
    assert points(document(shell, device(chained(common(), (103, body)))), 103)["Evt1"]["names"] == names
    assert ", ".join(names) in done.out


def test_json_has_all_that_is_known(shell: Shell) -> None:
    found = document(shell, of("main"))
    assert {key: found[key] for key in ("unit", "adapter", "base", "end", "exception", "complete", "notes")} == {
        "unit": 1,
        "adapter": "tcp://meter:502",
        "base": 40000,
        "end": "the end mark",
        "exception": None,
        "complete": True,
        "notes": [],
    }
    assert [(each["device"], each["spec"], each["serial"]) for each in found["devices"]] == [
        (0, "sunspec:1", "3012345678"),
        (1, "sunspec:1.1", "1900203011"),
    ]
    assert points(found, 160)["module/1/DCV"] == {
        "name": "DCV",
        "path": "module/1/DCV",
        "groups": [{"name": "module", "number": 1}],
        "label": "DC Voltage",
        "type": "uint16",
        "address": 40142,
        "size": 1,
        "registers": [4105],
        "raw": 4105,
        "scale": -1,
        "value": 410.5,
        "unit": "V",
        "names": [],
        "state": "ok",
        "note": "",
    }
    assert points(found, 103)["St"]["value"] == 4
    assert points(found, 103)["St"]["names"] == ["MPPT"]
    assert points(found, 103)["DCA"]["value"] is None
    assert points(found, 103)["DCA"]["state"] == "n/a"


def test_numbers_keep_all_their_digits(shell: Shell) -> None:
    body = INVERTER[:]
    body[22:24], body[24] = words((411523).to_bytes(4)), 0xFFFE
    there = device(chained(common(), (103, body)))
    assert '"value": 4115.23,' in inspect(shell, there, "--json").out
    assert line(inspect(shell, there), "WH")[:4] == ["WH", "4115.23", "Wh", "411523"]


@pytest.mark.parametrize("name", IMAGES)
def test_each_image_is_told_in_both_forms(name: str, shell: Shell) -> None:
    found = document(shell, of(name))
    done = inspect(shell, of(name))
    for model in [model for each in found["devices"] for model in each["models"]]:
        assert f"model {model['id']}" in done.out
        for point in model["points"]:
            assert point["path"] in done.out
            assert (point["value"] is None) == (point["state"] != "ok")


def test_one_subdevice_and_some_models_can_be_asked_for(shell: Shell) -> None:
    def models(*argv: str, spec: str = "sunspec:1") -> list[tuple[int, int]]:
        found = document(shell, of("main"), *argv, spec=spec)
        return [(each["device"], model["id"]) for each in found["devices"] for model in each["models"]]

    assert models() == [(0, 1), (0, 103), (0, 160), (1, 1), (1, 203)]
    assert models(spec="sma:1.1") == [(1, 1), (1, 203)]
    assert models(spec="sma:1.0") == [(0, 1), (0, 103), (0, 160)]
    assert models("--model", "1, 203", "--model", "160") == [(0, 1), (0, 160), (1, 1), (1, 203)]
    assert models("--model", "1", spec="sma:1.1") == [(1, 1)]


def test_models_that_are_not_asked_for_are_not_read(shell: Shell) -> None:
    there = of("main")
    inspect(shell, there, "--model", "203")
    reads = [(int.from_bytes(pdu[1:3]), int.from_bytes(pdu[3:5])) for pdu in there.heard]
    assert reads[-1] == (40242, 105)
    assert (40072, 50) not in reads


@pytest.mark.parametrize(
    ("argv", "spec", "said"),
    [
        (("--model", "999"), "sunspec:1", "there is no model 999: it has 1, 103, 160, 203"),
        (("--model", "103"), "sunspec:1.1", "there is no model 103: it has 1, 203"),
        ((), "sunspec:1.2", "there is no subdevice 2: it has 0, 1"),
    ],
)
def test_what_the_unit_does_not_have_is_exit_code_1(argv: Sequence[str], spec: str, said: str, shell: Shell) -> None:
    assert inspect(shell, of("main"), *argv, spec=spec) == (1, "", f"mbmd: unit 1 on meter:502: {said}\n")


def test_a_chain_without_an_end_may_be_why_a_model_is_missing(shell: Shell) -> None:
    done = inspect(shell, of("noend"), "--model", "999")
    assert done.code == 1
    assert re.search(r"no model 999: it has 1(, \d+)+; the chain has no end mark, but ends at \d+: ", done.err)


def test_a_model_that_is_missing_beside_others_is_told(shell: Shell) -> None:
    assert document(shell, of("main"), "--model", "103,999")["notes"] == ["there is no model 999"]


def test_an_unknown_model_is_told_in_hex(shell: Shell) -> None:
    there = device(chained(common(), (64999, [1, 0xBEEF, *range(8)])))
    done = inspect(shell, there)
    heading, *lines = done.out.partition("model 64999")[2].splitlines()
    assert heading == ": unknown, its registers in hex, at 40070, length 10"
    assert lines == ["  40072  0001 beef 0000 0001 0002 0003 0004 0005", "  40080  0006 0007"]
    (model,) = document(shell, there, "--model", "64999")["devices"][0]["models"]
    assert (model["known"], model["points"]) == (False, [])
    assert model["other"] == [{"address": 40072, "registers": [1, 0xBEEF, *range(8)]}]


def test_a_broken_device_says_what_is_broken(shell: Shell) -> None:
    registers = chained((103, INVERTER), (160, [*[0] * 6, 3, *[0] * 41]), (103, INVERTER[:40]), (203, [0] * 105))
    for address in range(40200, 40400):
        registers.pop(address, None)
    found = document(shell, device(registers))
    assert found["notes"] == [
        "the chain has no end mark, but ends at 40253: exception 2 (illegal data address)",
        "device 0 does not begin with model 1: nothing says what it is",
        "device 0 has model 103 more than once: at 40002, 40104",
    ]
    assert (found["complete"], found["exception"]) == (False, 2)
    models = found["devices"][0]["models"]
    assert models[1]["notes"] == ["N says 3 of module, but there is room for 2"]
    assert models[2]["notes"] == ["a length of 40 is too short for Evt2, EvtVnd1, EvtVnd2, EvtVnd3, EvtVnd4"]
    assert models[3]["notes"] == ["unread at 40200 to 40252: exception 2 (illegal data address)"]
    states = {point["state"] for point in models[3]["points"]}
    assert {"unread"} < states
    printed = inspect(shell, device(registers)).out
    for note in (*found["notes"], *(note for model in models for note in model["notes"])):
        assert f"! {note}\n" in printed


def test_the_marker_is_looked_for_where_it_is_said_to_be(shell: Shell) -> None:
    there = device(chained(common(), base=1000))
    assert inspect(shell, there).code == 1
    found = document(shell, there, spec="sunspec:1?bases=7+1000")
    assert found["base"] == 1000
    assert found["notes"] == [
        "the marker is at 1000, and not at 40000, 0 or 50000: others find it only if they are told"
    ]
    with shell.reaching(there):
        assert shell("inspect", "-d", f"sunspec:1@{PLACES[Framing.MBAP]}?bases=1000").code == 0


def test_counters_of_kostal_are_signed(shell: Shell) -> None:
    body = INVERTER[:]
    body[22:24] = 0xFFFF, 0xFFFE
    there = device(chained(common(), (103, body)))
    assert points(document(shell, there, spec="kostal:1"), 103)["WH"]["value"] == -2
    assert points(document(shell, there), 103)["WH"]["value"] == 2**32 - 2


def test_a_unit_without_a_marker_is_told_what_to_look_at(shell: Shell) -> None:
    done = inspect(shell, Saying(repeat(refused(2))))
    assert (done.code, done.out) == (1, "")
    what = "it answers, but has no SunSpec marker at 40000 and 0 and 50000 (exception 2 (illegal data address))"
    assert done.err.startswith(f"mbmd: unit 1 on meter:502: {what}: see")
    assert f"mbmd scan -a {shlex.quote('tcp://meter:502')}" in done.err
    done = inspect(shell, device(dict.fromkeys(range(40000, 40010), 0x1234)))
    assert "40000 (registers 1234 1234), 0 and 50000 (exception 2 (illegal data address))" in done.err


def test_a_marker_without_models_is_told(shell: Shell) -> None:
    done = inspect(shell, device(chained(end=())))
    assert (done.code, done.out) == (1, "")
    assert "marker is at 40000, but no model behind it: the chain has no end mark, but ends at 40002" in done.err


@pytest.mark.parametrize(("framing", "words"), [(Framing.MBAP, "--rtu"), (Framing.RTU, "A and B")])
def test_a_silent_unit_is_told_from_one_without_a_marker(framing: Framing, words: str, shell: Shell) -> None:
    done = inspect(shell, Saying(repeat(lost), framing))
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert done.err.startswith("mbmd: unit 1 on meter:502: no answer: see the unit id")
    assert words in done.err
    assert "mbmd scan" in done.err


def test_a_gateway_that_says_that_nobody_is_there_is_believed(shell: Shell) -> None:
    done = inspect(shell, Saying(repeat(refused(11))))
    assert (done.code, done.out) == (1, "")
    assert "exception 11 (gateway target device failed to respond): nobody answers the gateway" in done.err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), "no device: name it with -d"),
        (("-d", "sunspec:1"), "no adapter"),
        ((*TCP, "-d", "1"), "is not TYPE:UNIT"),
        ((*TCP, "-d", "sunspec:1,sunspec:2"), "name one device"),
        ((*TCP, "-d", "sunspec:256"), "unit 256 is outside 0 to 255"),
        ((*TCP, "-d", "sdm:1"), "sdm is no SunSpec device, which is what inspect is for: `mbmd devices try sdm`"),
        ((*TCP, "-d", "sunspek:1"), "did you mean sunspec?"),
        ((*TCP, "-d", "meter:1"), "is none of SunSpec devices: it is one of fronius, "),
        ((*TCP, "-d", "sunspec:1", "--model", "1-3"), "--model '1-3' is not the number of a model"),
        ((*TCP, "-d", "sunspec:1", "--model", "65535"), "is not the number of a model"),
        ((*TCP, "-d", "sunspec:1", "--model", ""), "is not the number of a model"),
        ((*TCP, "-d", "sunspec:1?bases=x"), "bases 'x'"),
        ((*TCP, "-d", "sunspec:1", "--timeout", "0s"), "--timeout must be longer than nothing"),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(argv: Sequence[str], said: str, shell: Shell) -> None:
    with shell.reaching(None):
        done = shell("inspect", *argv)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert said in done.err


def test_devices_and_adapters_of_the_configuration_are_known_by_name(nothing_configured: Path, shell: Shell) -> None:
    (nothing_configured / "mbmd.yaml").write_text(
        "adapters:\n- {device: 'tcp://meter:502', id: 7}\n- {device: 'tcp://other:502'}\n"
        "devices:\n- {name: roof, type: sma, id: 1, adapter: 'tcp://meter:502', bases: 1000}\n"
        "- {name: grid, type: sma, id: 1, subdevice: 1, adapter: 'tcp://meter:502', bases: 1000}\n"
    )
    there = device(chained(common(serial="S1"), common(serial="S2"), base=1000))

    def serials(spec: str) -> list[str]:
        with shell.reaching(there):
            done = shell("inspect", "--json", "-d", spec)
        assert (done.code, done.err) == (0, "")
        return [each["serial"] for each in json.loads(done.out)["devices"]]

    assert serials("roof") == ["S1", "S2"]
    assert serials("GRID") == ["S2"]
    assert serials("SMA7.1.1") == ["S2"]
    assert serials("sma:1.0?bases=1000@7") == ["S1"]
    with shell.reaching(None):
        done = shell("inspect", "-d", "attic")
    assert done[:2] == (2, "")
    assert done.err == "mbmd: no device of the configuration is called 'attic': it has roof, grid\n"


@pytest.mark.parametrize("size", [4, 60])
def test_a_unit_that_takes_short_reads_alone_says_all_the_same(size: int, shell: Shell) -> None:
    def keys(found: dict[str, Any]) -> list[Any]:
        return [points(found, model) for model in (1, 103, 160, 203)]

    short = document(shell, of("main"), spec=f"sunspec:1?max_registers={size}")
    assert keys(short) == keys(document(shell, of("main")))


def test_the_device_itself_stands_on_the_adapter_mock() -> None:
    def mocked(adapter: str) -> list[tuple[str, int]]:
        args = cli.make_parser(["inspect"]).parse_args(["inspect", "-a", adapter, "-d", "sma:126.1"])
        return [(kind.type, unit) for kind, unit in parse_job(args).mocked]

    assert mocked("mock") == [("SMA", 126)]
    assert mocked("meter:502") == []


_WORD = st.one_of(st.integers(0, 9), st.sampled_from([1, 103, 160, 203, 705, 0xFFFF, 0x8000]), st.integers(0, 0xFFFF))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.lists(_WORD, max_size=300), has_common=st.booleans(), is_json=st.booleans())
def test_any_registers_are_output_or_one_error(body: list[int], has_common: bool, is_json: bool, shell: Shell) -> None:
    registers = chained(*([common()] if has_common else []), end=body)
    done = inspect(shell, device(registers), *(["--json"] if is_json else []))
    if done.code:
        assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    else:
        assert done.err == ""
        assert json.loads(done.out)["devices"] if is_json else done.out.startswith("unit 1 on meter:502: ")
