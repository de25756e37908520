"""From what was given to typed values, and the model that says what is known."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.config.adapter import ADAPTER_OPTIONS
from mbmd.config.given import Given, Origin
from mbmd.config.model import AdapterKeys, Config, DeviceKeys, keys, leaves
from mbmd.config.options import DEVICE_OPTIONS
from mbmd.config.outputs import Influx, Mqtt
from mbmd.config.reader import Layer, read

HERE = Origin("mbmd.yaml", 1)


def made(value: Any) -> Given:
    """Plain values as given."""
    if isinstance(value, dict):
        value = {key: made(child) for key, child in value.items()}
    elif isinstance(value, list):
        value = [made(item) for item in value]
    return Given(value, HERE)


def layer(value: Any, base: Path | None = None) -> Layer:
    return read(made(value), base)


def said(value: Any) -> list[str]:
    return [str(problem) for problem in layer(value).problems]


def test_adapters_and_devices_have_all_options() -> None:
    assert [*ADAPTER_OPTIONS, *DEVICE_OPTIONS] == [name for name in keys(AdapterKeys) if name not in ("device", "rtu")]
    own = ["type", "id", "name", "place", "subdevice", "adapter"]
    assert [*own, *DEVICE_OPTIONS] == list(keys(DeviceKeys))


def test_every_key_is_explained() -> None:
    for kind in (Config, Mqtt, Influx, AdapterKeys, DeviceKeys):
        assert all(key.description for key in keys(kind).values())
        for key in leaves(kind).values():
            assert key.default is None or key.default not in ("", ()) or key.example, key.name


@pytest.mark.parametrize("kind", [Config, Mqtt, Influx, AdapterKeys, DeviceKeys])
def test_defaults_are_what_the_options_would_read(kind: type) -> None:
    for key in leaves(kind).values():
        if not key.required and key.default not in (None, "", ()):
            assert key.option.parse(key.option.render(key.default)) == key.default, key.name


@pytest.mark.parametrize("kind", [Config, Mqtt, Influx, AdapterKeys, DeviceKeys])
def test_examples_are_what_the_options_read(kind: type) -> None:
    for key in leaves(kind).values():
        for text in key.example.strip("[]").split(", ") if key.example else ():
            key.option.parse(text)


def test_values_have_their_types() -> None:
    values = layer(
        {
            "api": ":9090",
            "rate": "1m30s",
            "raw": "Yes",
            "devices_dir": ["a", "/b"],
            "state": "",
            "mqtt": {"qos": "2", "password": "0123"},
            "adapters": [{"device": "/dev/a", "comset": "8e1", "slow": ["Import*", "Export*+Sum"]}],
        },
        Path("/etc"),
    ).values
    (adapter,) = values.pop("adapters")
    assert values == {
        "api": ("0.0.0.0", 9090),
        "rate": 90.0,
        "raw": True,
        "devices_dir": (Path("/etc/a"), Path("/b")),
        "state": None,
        "mqtt": {"qos": 2, "password": "0123"},
    }
    expected = AdapterKeys(path="adapters[0]", device="/dev/a", comset="8E1", slow=("Import*", "Export*", "Sum"))
    assert adapter == expected


def test_a_path_may_be_in_the_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert layer({"state": "~/x"}, Path("/etc")).values == {"state": Path("/home/me/x")}


def test_a_list_of_one_needs_no_brackets() -> None:
    assert layer({"devices_dir": "a"}).values == {"devices_dir": (Path("a"),)}
    (adapter,) = layer({"adapters": [{"device": "mock", "slow": "Import"}]}).values["adapters"]
    assert adapter.slow == ("Import",)


def test_what_is_wrong_leaves_the_rest_alone() -> None:
    found = layer({"rate": "soon", "timeout": "1s", "devices": [{"type": "sdm"}, {"type": "sdm", "id": "2"}]})
    assert found.values == {"timeout": 1.0, "devices": (DeviceKeys(path="devices[1]", type="sdm", id=2),)}
    assert len(found.problems) == 2


def test_a_configuration_of_nothing_but_mistakes_is_told_in_part() -> None:
    assert len(said({f"key{n}": "x" for n in range(10_000)})) == 100


def test_a_complaint_is_cut_when_it_is_long() -> None:
    (problem,) = said({"rate": "x" * 100_000})
    assert len(problem) < 400
    assert problem.endswith("is not a duration: write it as 300ms, 1s or 1m30s")


def test_a_password_shows_itself_nowhere() -> None:
    word = "tr0ub4dor"
    section = Mqtt(password=layer({"mqtt": {"password": word}}).values["mqtt"]["password"])
    assert word not in repr(section)
    assert section.password == word


@pytest.mark.parametrize(
    ("section", "text"),
    [
        ({"mqtt": {"broker": "me:tr0ub4dor@host:99999"}}, "mqtt.broker: is not an address"),
        ({"mqtt": {"broker": "mqqt://me:tr0ub4dor@host"}}, "mqtt.broker: has an unknown scheme"),
        ({"influx": {"url": "ftp://me:tr0ub4dor@host"}}, "influx.url: has an unknown scheme"),
        ({"adapter": "tcp://me:tr0ub4dor@host"}, ""),
        ({"api": "http://me:tr0ub4dor@host"}, "api: 'http://********@host' is not host:port"),
    ],
)
def test_a_complaint_about_an_address_has_no_password(section: Any, text: str) -> None:
    lines = said(section)
    assert all(text in line and "tr0ub" not in line for line in lines)
    assert bool(lines) == bool(text)


@pytest.mark.parametrize("broker", ["", "host", "host:1883", "mqtts://me:x@[::1]:8883", "ws://host/path", "[::1]:1883"])
def test_brokers(broker: str) -> None:
    assert layer({"mqtt": {"broker": broker}}).values == {"mqtt": {"broker": broker}}


TREES = st.recursive(
    st.none() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*keys(Config), *keys(AdapterKeys), *keys(DeviceKeys), *keys(Mqtt)]) | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(list(keys(Config))), TREES, max_size=6))
def test_any_tree_is_typed_values_or_problems(tree: dict[str, Any]) -> None:
    found = layer(tree)
    assert all(str(problem).startswith("mbmd.yaml:1: ") and str(problem).isprintable() for problem in found.problems)
    assert set(found.values) <= set(keys(Config))
