"""What a scan tells of SunSpec devices."""

import json
from dataclasses import replace

import orjson
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mbmd.cli.scan_paste import command, specs
from mbmd.cli.scan_paste import yaml as yaml_of
from mbmd.cli.scan_report import document, summary
from mbmd.config.adapter import parse_adapter
from mbmd.config.devices import parse_specs
from mbmd.scan.bus import Survey
from mbmd.scan.unit import Portrait
from mbmd.sunspec.chain import Chain, End, Placement
from mbmd.sunspec.common import Common
from tests.unit.cli.test_scan_report import portrait
from tests.unit.scan.inverters import INVERTER, METER, chain

TCP = "10.0.0.4:502"


def inverter(chain: Chain, unit: int = 126, **more: object) -> Portrait:
    return Portrait(unit, {}, sunspec=chain, **more)  # type: ignore[arg-type]


def surveyed(*portraits: Portrait, adapter: str = TCP) -> Survey:
    return Survey(parse_adapter(adapter), list(portraits), complete=True)


def told(*portraits: Portrait, adapter: str = TCP) -> list[str]:
    """The lines of devices."""
    return [line for line in summary([surveyed(*portraits, adapter=adapter)]) if line.startswith("* ")]


def test_a_device_is_told_by_name_with_its_models() -> None:
    assert told(inverter(chain(INVERTER, models=(103, 160)))) == [
        "* #126 type SMA: SMA STP 8.0 3.1 serial 4711; models 103, 160"
    ]


def test_a_subdevice_has_a_line_of_its_own() -> None:
    lines = summary([surveyed(inverter(chain(INVERTER, METER)))])
    assert lines[:3] == [
        "found 2 active devices:",
        "* #126 type SMA: SMA STP 8.0 3.1 serial 4711; model 103",
        "* #126.1 type SMA: SMA EMETER-20 Grid meter 2.03 serial 19002; model 103",
    ]


def test_on_a_serial_line_the_settings_are_told() -> None:
    first, second = told(inverter(chain(INVERTER, METER)), adapter="/dev/ttyUSB0")
    assert first.startswith("* #126 type SMA at 9600 8N1: SMA STP")
    assert second.startswith("* #126.1 type SMA at 9600 8N1: SMA EMETER")


def test_another_base_than_the_first_is_told() -> None:
    (line,) = told(inverter(chain(INVERTER, base=50000)))
    assert line.endswith("; model 103; from 50000 on")
    (line,) = told(inverter(chain(INVERTER, base=50000)), adapter=f"tcp://{TCP}?bases=50000+40000")
    assert line.endswith("; model 103")


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (End.REFUSED, "exception 2 (illegal data address)"),
        (End.SILENT, "no answer"),
        (End.ZERO, "a model without an id or without registers"),
        (End.NO_ROOM, "the end of the address space"),
        (End.TOO_MANY, "more than 200 models"),
    ],
)
def test_what_ends_early_says_where_and_why(end: End, words: str) -> None:
    first, second = told(inverter(chain(INVERTER, METER, end=end), also_at=(0, 255)))
    assert first.endswith(f"; model 103; its models end at 40050 with {words}; answers to 0, 255 too")
    assert second.endswith("; model 103")


def test_the_marker_alone_is_a_device_that_is_not_polled() -> None:
    bare = inverter(Chain(40000, (), (), End.SILENT))
    assert told(bare) == ["* #126 type SUNSPEC: no name; no measurements; its models end at 40002 with no answer"]
    assert "poll them with:" not in summary([surveyed(bare)])
    assert document([surveyed(bare)])["polling"] == []


def test_a_missing_model_1_is_told() -> None:
    nameless = Chain(40000, (Placement(103, 40002, 50, 0),), (Common(),), End.MARK)
    assert told(inverter(nameless)) == ["* #126 type SUNSPEC: no name; model 1 is missing; model 103"]


def test_what_has_nothing_to_measure_is_told_and_left_out() -> None:
    models = (Placement(1, 0, 66, 0), Placement(11, 68, 13, 0), Placement(1, 83, 66, 1), Placement(203, 151, 105, 1))
    made = surveyed(inverter(Chain(0, models, (INVERTER, METER), End.MARK)))
    assert "; model 11; no measurements; " in summary([made])[1]
    assert specs(made) == "sma:126.1"
    assert [device["id"] for device in yaml.safe_load(yaml_of(made))["devices"]] == [126]
    (told_device,) = document([made])["devices"]
    assert [subdevice["measured"] for subdevice in told_device["sunspec"]["subdevices"]] == [False, True]


def test_the_command_and_the_yaml_poll_subdevices_too() -> None:
    kostal = inverter(chain(replace(INVERTER, manufacturer="KOSTAL")), unit=71)
    made = surveyed(inverter(chain(INVERTER, METER)), kostal, portrait("SDM", 2))
    assert command(made) == f"mbmd run -a tcp://{TCP} -d sdm:2,kostal:71,sma:126,sma:126.1"
    assert yaml.safe_load(yaml_of(made))["devices"] == [
        {"name": "sdm2", "type": "sdm", "id": 2, "adapter": TCP},
        {"name": "kostal71", "type": "kostal", "id": 71, "adapter": TCP},
        {"name": "sma126", "type": "sma", "id": 126, "adapter": TCP},
        {"name": "sma126-sub1", "type": "sma", "id": 126, "subdevice": 1, "adapter": TCP},
    ]


def test_the_document_has_all_of_it() -> None:
    made = json.loads(orjson.dumps(document([surveyed(inverter(chain(INVERTER, METER, base=0, end=End.REFUSED)))])))
    (device,) = made["devices"]
    assert (device["id"], device["type"]) == (126, "SMA")
    names = {"manufacturer": "SMA", "model": "EMETER-20", "options": "Grid meter", "version": "2.03", "serial": "19002"}
    subdevices = device["sunspec"].pop("subdevices")
    assert subdevices[1] == {"subdevice": 1, **names, "models": [1, 103], "measured": True}
    assert len(subdevices) == 2
    assert device["sunspec"] == {
        "base": 0,
        "whole": False,
        "end": "an exception",
        "exception": 2,
        "end_address": 50,
    }


NAMES = st.builds(Common, *[st.text(st.characters(exclude_categories=("C", "Z")), max_size=32)] * 5)
CHAINS = st.builds(
    chain,
    *[NAMES] * 3,
    models=st.lists(st.sampled_from([103, 160, 203, 64001]), max_size=3),
    base=st.sampled_from([0, 40000, 50000]),
    end=st.sampled_from(list(End)),
)


@given(st.lists(CHAINS, max_size=3))
def test_whatever_they_say_it_can_be_pasted(chains: list[Chain]) -> None:
    made = surveyed(*(inverter(each, unit) for unit, each in enumerate(chains, 1)))
    orjson.dumps(document([made]))
    assert all(line.isprintable() for line in summary([made])[: 1 + 3 * len(chains)])
    parsed = parse_specs([specs(made)], parse_adapter, made.adapter)
    devices = yaml.safe_load(yaml_of(made))["devices"]
    told = [(device["type"], device["id"], device.get("subdevice", 0)) for device in devices]
    assert told == [(spec.type, spec.unit, spec.subdevice) for spec in parsed]
    assert len({device["name"] for device in devices}) == len(devices)
