"""Flags, environment, file and defaults: who wins, and where every value comes from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.config import files
from mbmd.config.environment import variables
from mbmd.config.files import find_file
from mbmd.config.given import Problem
from mbmd.config.load import Loaded, load
from mbmd.config.log import Log
from mbmd.config.model import Config, leaves
from mbmd.config.outputs import Influx, Mqtt, Outbox
from mbmd.config.show import rows
from mbmd.config.web import Web
from mbmd.errors import UsageError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mbmd.yaml"


def loaded(
    file: Path | None = None, text: str = "", environment: Mapping[str, str] | None = None, **flags: Any
) -> Loaded:
    if file is not None:
        file.write_text(text, encoding="utf-8")
    given = {key: (f"--{key.replace('_', '-')}", value) for key, value in flags.items()}
    return load(file, environment or {}, given)


def test_a_flag_wins_over_the_environment_that_over_the_file_that_over_the_default(file: Path) -> None:
    everything = loaded(file, "rate: 2s", {"MBMD_RATE": "3s"}, rate="4s")
    assert (everything.config.rate, str(everything.origin("rate"))) == (4.0, "--rate")
    everything = loaded(file, "rate: 2s", {"MBMD_RATE": "3s"})
    assert (everything.config.rate, str(everything.origin("rate"))) == (3.0, "MBMD_RATE")
    everything = loaded(file, "\nrate: 2s")
    assert (everything.config.rate, str(everything.origin("rate"))) == (2.0, f"{file}:2")
    everything = loaded(file)
    assert (everything.config.rate, str(everything.origin("rate"))) == (1.0, "default")


SOURCES = st.sets(st.sampled_from(["file", "environment", "flag"]))
CHOICES = {"rate": ["2s", "3s", "4s"], "baudrate": ["300", "1200", "2400"], "comset": ["8E1", "8N2", "8O1"]}


@given(st.dictionaries(st.sampled_from(list(CHOICES)), SOURCES, min_size=1))
def test_the_highest_source_wins_for_every_key_by_itself(
    tmp_path_factory: pytest.TempPathFactory, given_in: dict[str, set[str]]
) -> None:
    low, middle, high = (
        {key: CHOICES[key][n] for key, sources in given_in.items() if source in sources}
        for n, source in enumerate(["file", "environment", "flag"])
    )
    text = "".join(f"{key}: {value}\n" for key, value in low.items())
    environment = {f"MBMD_{key.upper()}": value for key, value in middle.items()}
    found = loaded(tmp_path_factory.getbasetemp() / "precedence.yaml", text, environment, **high)
    shown = {row.key: row.value for row in rows(found)}
    for key in CHOICES:
        default = leaves(Config)[key].option.render(leaves(Config)[key].default)
        assert shown[key] == {**low, **middle, **high}.get(key, default)


def test_keys_of_a_section_are_merged_one_by_one(file: Path) -> None:
    text = "mqtt: {broker: a, user: me, password: x}"
    found = loaded(file, text, {"MBMD_MQTT_BROKER": "b", "MBMD_INFLUX_URL": "http://c"})
    assert found.config.mqtt == Mqtt(broker="b", user="me", password=found.config.mqtt.password)
    assert found.config.influx == Influx(url="http://c")


def test_a_secret_wins_in_either_form_over_that_of_a_lower_source(file: Path) -> None:
    text = "mqtt: {password: x}\ninflux: {token_file: a, password: x}"
    found = loaded(file, text, {"MBMD_MQTT_PASSWORD_FILE": "/b", "MBMD_INFLUX_TOKEN": "c"})
    assert (found.config.mqtt.password, found.config.mqtt.password_file) == ("", Path("/b"))
    assert (found.config.influx.token, found.config.influx.token_file) == ("c", None)
    assert found.config.influx.password
    assert "mqtt.password" not in found.origins
    assert found.problems == ()


def test_devices_of_the_command_line_are_in_place_of_those_of_the_file(file: Path) -> None:
    text = "devices: [{type: sdm, id: 1}, {type: abb, id: 2}]"
    found = loaded(file, text, {"MBMD_DEVICES": "dzg:3"}, devices=["sdm:4", "sdm:5"])
    assert (found.config.specs, found.config.devices) == (("sdm:4", "sdm:5"), ())
    assert not any(key.startswith("devices[") for key in found.origins)
    found = loaded(file, text, {"MBMD_DEVICES": "dzg:3"})
    assert (found.config.specs, found.config.devices) == (("dzg:3",), ())
    assert str(found.origin("devices[0].adapter")) == "MBMD_DEVICES"
    found = loaded(file, text)
    assert (found.config.specs, len(found.config.devices)) == ((), 2)


def test_every_key_but_lists_has_a_variable() -> None:
    top = {f"MBMD_{name.upper()}" for name in leaves(Config)}
    sections = {
        f"MBMD_{name}_{key.upper()}"
        for name, kind in (("LOG", Log), ("WEB", Web), ("MQTT", Mqtt), ("INFLUX", Influx), ("OUTBOX", Outbox))
        for key in leaves(kind)
    }
    assert set(variables()) == top | sections


def test_an_empty_variable_counts_as_none() -> None:
    assert loaded(environment={"MBMD_API": "", "MBMD_DEVICES": "", "MBMD_RATE": ""}).config.api == ("0.0.0.0", 8080)


def test_folders_in_the_environment_are_separated_by_colons() -> None:
    assert loaded(environment={"MBMD_DEVICES_DIR": "/a::b"}).config.devices_dir == (Path("/a"), Path("b"))


def test_what_is_wrong_in_the_environment_is_named_by_its_variable() -> None:
    found = loaded(environment={"MBMD_MQTT_QOS": "9", "MBMD_RATE": "soon"}, timeout="0")
    assert sorted(map(str, found.problems)) == [
        "--timeout: '0' must be longer than nothing, as in 300ms",
        "MBMD_MQTT_QOS: '9' is not a number from 0 to 2",
        "MBMD_RATE: 'soon' is not a duration: write it as 300ms, 1s or 1m30s",
    ]


def test_a_variable_that_means_nothing_is_warned_of_without_its_value() -> None:
    environment = {"MBMD_MQTT_PASWORD": "tr0ub4dor", "MBMD_DEBUG": "1", "MBMD_CONFIG": "x", "OTHER": "1"}
    assert loaded(environment=environment).warnings == (
        "'MBMD_MQTT_PASWORD' in the environment means nothing: did you mean MBMD_MQTT_PASSWORD?",
    )


def test_the_place_of_a_part_is_that_of_the_whole(file: Path) -> None:
    found = loaded(file, "adapters:\n- device: /dev/a\ndevices:\n- type: sdm\n  id: 1")
    for key, line in {"adapters[0].id": 2, "devices[0].adapter": 4, "devices[0].id": 5, "adapters[7]": 1}.items():
        assert found.origin(key) == (str(file), line)
    assert found.problem("devices[0].name", "is bad") == Problem(
        found.origin("devices[0]"), "devices[0].name", "is bad"
    )


def test_paths_of_the_file_are_taken_from_its_folder(file: Path) -> None:
    config = loaded(file, "state: a\ndevices_dir: [b, /c]\nmqtt: {password_file: d}").config
    assert config.state == file.parent / "a"
    assert config.devices_dir == (file.parent / "b", Path("/c"))
    assert config.mqtt.password_file == file.parent / "d"
    assert loaded(environment={"MBMD_STATE": "a"}).config.state == Path("a")


def test_the_first_file_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, here, etc = tmp_path / "home", tmp_path / "here", tmp_path / "etc.yaml"
    home.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(files, "PLACES", ("mbmd.yaml", str(etc)))
    assert find_file(None, {}, home) is None
    etc.touch()
    assert find_file(None, {}, home) == etc
    Path("mbmd.yaml").touch()
    assert find_file(None, {}, home) == Path("mbmd.yaml")
    (home / "mbmd.yaml").touch()
    assert find_file(None, {}, home) == home / "mbmd.yaml"
    assert find_file(None, {}, None) == Path("mbmd.yaml")
    assert find_file(None, {"MBMD_CONFIG": str(etc)}, home) == etc
    assert find_file(None, {"MBMD_CONFIG": ""}, home) == home / "mbmd.yaml"
    assert find_file("mbmd.yaml", {"MBMD_CONFIG": str(etc)}, home) == Path("mbmd.yaml")
    assert find_file("", {"MBMD_CONFIG": str(etc)}, home) is None


def test_the_file_of_the_service_is_passed_over_by_who_may_not_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    etc, here = tmp_path / "etc" / "mbmd.yaml", tmp_path / "mbmd.yaml"
    etc.parent.mkdir()
    etc.touch()
    monkeypatch.setattr(files, "PLACES", (str(here), str(etc)))
    monkeypatch.setattr(files, "_OF_SERVICE", str(etc.parent))
    monkeypatch.setattr("os.access", lambda path, _: Path(path) not in (etc, here))
    assert find_file(None, {}, None) is None
    assert find_file(str(etc), {}, None) == etc
    here.touch()
    assert find_file(None, {}, None) == here


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    missing = str(tmp_path / "no.yaml")
    with pytest.raises(UsageError) as caught:
        find_file(missing, {}, None)
    assert str(caught.value) == f"{missing}: no such configuration file"


def test_what_is_shown_has_no_secrets(file: Path) -> None:
    text = """
    mqtt: {broker: "me:tr0ub4dor@host", password: tr0ub4dor}
    influx: {url: "http://me:tr0ub4dor@host/p?token=tr0ub4dor", token: tr0ub4dor, password_file: x}
    adapters: [{device: "tcp://me:tr0ub4dor@host"}]
    """
    shown = {row.key: (row.value, row.origin) for row in rows(loaded(file, text, adapter="tcp://me:tr0ub4dor@host"))}
    assert "tr0ub" not in str(shown)
    assert shown["mqtt.password"] == ("********", f"{file}:2")
    assert shown["mqtt.broker"][0] == "********@host"
    assert shown["influx.url"][0] == "http://********@host/p?********"
    assert shown["influx.password"] == ("", "default")
    assert shown["influx.password_file"] == (str(file.parent / "x"), f"{file}:3")


def test_what_is_shown_is_all_that_counts(file: Path) -> None:
    text = "adapters:\n- device: /dev/a\n  slow: [Import*, Sum]\ndevices: [{type: sdm, id: 1}]"
    shown = {row.key: (row.value, row.origin) for row in rows(loaded(file, text, {"MBMD_API": ":1"}, rate="0"))}
    assert shown["api"] == ("0.0.0.0:1", "MBMD_API")
    assert shown["rate"] == ("0", "--rate")
    assert shown["timeout"] == ("300ms", "default")
    assert shown["adapters[0].slow"] == ("Import* Sum", f"{file}:3")
    assert "adapters[0].timeout" not in shown
    assert {"devices[0].type", "devices[0].id"} <= set(shown)
    shown = {row.key: (row.value, row.origin) for row in rows(loaded(file, text, adapter="/dev/a", baudrate="300"))}
    assert shown["adapters[0].baudrate"] == ("300", "--baudrate")
    shown = {row.key: (row.value, row.origin) for row in rows(loaded(file, text, devices=["sdm:1@h:1"]))}
    assert shown["devices[0]"] == ("sdm:1@h:1", "--devices")
    assert "devices[0].type" not in shown
