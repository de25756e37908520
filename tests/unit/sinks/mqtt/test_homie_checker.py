"""The checkers of the Homie convention find what is wrong."""

import json

import pytest

from tests.homie_checker import complaints_4, complaints_5

GOOD_4 = {
    "homie/m/$homie": b"4.0",
    "homie/m/$name": b"M",
    "homie/m/$state": b"ready",
    "homie/m/$nodes": b"meter",
    "homie/m/meter/$name": b"Meter",
    "homie/m/meter/$type": b"SDM",
    "homie/m/meter/$properties": b"power",
    "homie/m/meter/power": b"-1.5",
    "homie/m/meter/power/$name": b"Power",
    "homie/m/meter/power/$datatype": b"float",
}
POWER = {"name": "Power", "datatype": "float"}
DESCRIBED = {"homie": "5.0", "version": 1, "root": "r", "nodes": {"meter": {"properties": {"power": POWER}}}}
GOOD_5 = {
    "homie/5/r/$state": b"ready",
    "homie/5/r/$description": b'{"homie": "5.0", "version": 1, "children": ["m"]}',
    "homie/5/m/$state": b"ready",
    "homie/5/m/$description": json.dumps(DESCRIBED).encode(),
    "homie/5/m/$alert/offline": b"why",
    "homie/5/m/meter/power": b"1e3",
}


def found_4(**changes: bytes | None) -> list[str]:
    retained = {**GOOD_4, **{f"homie/m/{topic}": text for topic, text in changes.items() if text is not None}}
    for topic in [f"homie/m/{topic}" for topic, text in changes.items() if text is None]:
        del retained[topic]
    return complaints_4("homie", retained, {*retained, "homie/m/$extensions"})


def found_5(topic: str, payload: bytes | None) -> list[str]:
    retained = {found: text for found, text in GOOD_5.items() if found != f"homie/5/{topic}"}
    if payload is not None:
        retained[f"homie/5/{topic}"] = payload
    return complaints_5("homie", retained)


def described(**changes: object) -> bytes:
    return json.dumps({key: value for key, value in {**DESCRIBED, **changes}.items() if value is not None}).encode()


def of_property(**changes: object) -> bytes:
    return described(nodes={"meter": {"properties": {"power": {**POWER, **changes}}}})


def test_what_is_right_is_let_alone() -> None:
    assert found_4() == []
    assert found_4(**{"meter/power/$unit": b"W", "$implementation": b"x", "meter/power": None}) == []
    assert complaints_5("homie", GOOD_5) == []


def test_extensions_must_be_sent() -> None:
    assert complaints_4("homie", GOOD_4, set(GOOD_4)) == ["homie/m/$extensions is missing"]


@pytest.mark.parametrize("topic", [topic.removeprefix("homie/m/") for topic in GOOD_4 if "$" in topic])
def test_what_is_missing_is_found(topic: str) -> None:
    assert found_4(**{topic: None})


@pytest.mark.parametrize(
    ("topic", "text"),
    [
        ("$homie", b"3.0"),
        ("$state", b"online"),
        ("$nodes", b"meter,other"),
        ("$foo", b"1"),
        ("meter/$properties", b""),
        ("meter/$properties", b"power,power"),
        ("meter/$array", b"1"),
        ("meter/Power/$name", b"x"),
        ("meter/-power", b"x"),
        ("meter/power_l1", b"1"),
        ("meter/thd", b"1"),
        ("meter/thd/$name", b"THD"),
        ("meter/power", b"nan"),
        ("meter/power", b"1,5"),
        ("meter/power", b"-"),
        ("meter/power/$datatype", b"double"),
        ("meter/power/$scale", b"1"),
        ("meter/power/set", b"1"),
    ],
)
def test_what_is_wrong_is_found(topic: str, text: bytes) -> None:
    assert found_4(**{topic: text})


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("m/$state", None),
        ("m/$state", b"alert"),
        ("m/$description", None),
        ("m/$description", described(homie="4.0")),
        ("m/$description", described(homie=None)),
        ("m/$description", described(version="1")),
        ("m/$description", described(version=None)),
        ("m/$description", described(root="elsewhere")),
        ("m/$description", described(root=None, parent="r")),
        ("m/$description", described(children=["nobody"])),
        ("m/$description", described(serial="1")),
        ("m/$description", described(nodes={})),
        ("m/$description", described(nodes={"Meter": {}})),
        ("m/$description", of_property(datatype="double")),
        ("m/$description", of_property(unit=1)),
        ("m/$description", of_property(datatype=None)),
        ("r/$description", b'{"homie": "5.0", "version": 1}'),
        ("r/$state", None),
        ("m/meter/thd", b"1"),
        ("m/meter/power", b"inf"),
        ("m/$unknown", b"1"),
    ],
)
def test_what_is_wrong_by_version_5_is_found(topic: str, payload: bytes | None) -> None:
    assert found_5(topic, payload)
