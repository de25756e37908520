"""From the configuration to devices on adapters, with their ids and names, and secrets out of their files."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mbmd.config.adapter import Framing, parse_adapter
from mbmd.config.build import Built, build
from mbmd.config.load import load
from mbmd.config.model import AdapterKeys, Config, DeviceKeys, keys
from mbmd.config.options import DeviceOptions
from mbmd.config.run import RunConfig

if TYPE_CHECKING:
    from msgspec import Struct

CASES = Path(__file__).parents[2] / "cases"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mbmd.yaml"


def built(file: Path, text: str, **flags: Any) -> Built:
    file.write_text(text, encoding="utf-8")
    return build(load(file, {}, {key: (f"--{key}", value) for key, value in flags.items()}), ())


def run(file: Path, text: str, **flags: Any) -> RunConfig:
    made = built(file, text, **flags)
    assert [str(problem) for problem in made.problems] == []
    return made.config


def said(file: Path, text: str, **flags: Any) -> list[str]:
    return [str(problem).removeprefix(f"{file}:") for problem in built(file, text, **flags).problems]


def test_the_file_of_the_original_loads(file: Path) -> None:
    made = built(file, (CASES / "config-original.yaml").read_text(encoding="utf-8"))
    assert made.problems == ()
    config = made.config
    assert (config.api, config.rate, config.timeout) == (("0.0.0.0", 8080), 1.0, 0.3)
    assert [(device.id, device.name) for device in config.devices] == [("SDM1.1", "sdm1"), ("SUNSPEC2.126", "sma1")]
    assert config.mqtt is not None
    assert config.influx is not None
    assert (config.mqtt.broker, config.mqtt.topic, config.mqtt.user) == ("localhost:1883", "mbmd", "")
    assert (config.influx.url, config.influx.database, config.influx.token) == ("http://localhost:8086", "data", "")
    assert made.warnings == ()


def test_nothing_is_published_unless_asked_for(file: Path) -> None:
    made = built(file, "adapter: mock\ndevices: [{type: sdm, id: 1}]\nmqtt: {user: me}")
    assert (made.config.mqtt, made.config.influx, made.warnings) == (None, None, ())


def test_adapters_have_their_options_and_the_settings_at_the_top(file: Path) -> None:
    text = """
    baudrate: 19200
    comset: 8E1
    adapters:
    - {device: /dev/a, baudrate: 2400, pause: 10ms, id: 5}
    - {device: /dev/b}
    - {device: "rtu+tcp://h:23?unit_pause=20ms", timeout: 1s, close: yes}
    - {device: "g:23", rtu: true}
    - {device: mock, rate: 10s}
    devices:
    - {type: sdm, id: 1, adapter: /dev/a}
    - {type: sdm, id: 1, adapter: /dev/b}
    - {type: sdm, id: 1, adapter: "h:23"}
    - {type: sdm, id: 1, adapter: "g:23"}
    - {type: sdm, id: 1, adapter: mock}
    """
    config = run(file, text)
    assert [str(device.spec.adapter) for device in config.devices] == [
        "rtu:///dev/a?id=5&baudrate=2400&comset=8E1&pause=10ms",
        "rtu:///dev/b?baudrate=19200&comset=8E1",
        "rtu+tcp://h:23?baudrate=19200&comset=8E1&unit_pause=20ms&close=true&timeout=1s",
        "rtu+tcp://g:23?baudrate=19200&comset=8E1",
        "mock://?rate=10s",
    ]
    assert [device.id for device in config.devices] == ["SDM5.1", "SDM1.1", "SDM3.1", "SDM2.1", "SDM4.1"]


ADAPTERS = "adapters: [{device: 'rtu:///dev/a?id=7'}, {device: 'h:502', id: 8}]\n"


@pytest.mark.parametrize(
    ("adapter", "address"),
    [
        ("rtu:///dev/a?id=7", "/dev/a"),
        ("/dev/a", "/dev/a"),
        ("7", "/dev/a"),
        ("8", "h:502"),
        ("h:502", "h:502"),
        ("/dev/other", "/dev/other"),
        ("tcp://other", "other:502"),
    ],
)
def test_a_device_names_its_adapter_as_written_by_address_by_id_or_anew(adapter: str, address: str, file: Path) -> None:
    (device,) = run(file, f"{ADAPTERS}devices: [{{type: sdm, id: 1, adapter: '{adapter}'}}]").devices
    assert device.spec.adapter.address == address
    (device,) = run(file, ADAPTERS, devices=[f"sdm:1@{adapter}"]).devices
    assert device.spec.adapter.address == address


def test_a_device_without_an_adapter_is_on_the_default_or_the_only_one(file: Path) -> None:
    only = "adapters: [{device: /dev/a}]\ndevices: [{type: sdm, id: 1}]\n"
    assert run(file, only).devices[0].spec.adapter.address == "/dev/a"
    assert run(file, only + "adapter: h:502").devices[0].spec.adapter.address == "h:502"
    assert run(file, only, adapter="/dev/b").devices[0].spec.adapter.address == "/dev/b"
    assert run(file, f"{ADAPTERS}adapter: 8\ndevices: [{{type: sdm, id: 1}}]").devices[0].id == "SDM8.1"
    assert run(file, only, devices=["abb:2"]).devices[0].spec.adapter.address == "/dev/a"


def test_rtu_at_the_top_counts_for_the_default_adapter(file: Path) -> None:
    text = "adapter: h:23\nrtu: true\ndevices: [{type: sdm, id: 1}, {type: sdm, id: 2, adapter: 'g:502'}]"
    framings = [device.spec.adapter.framing for device in run(file, text).devices]
    assert framings == [Framing.RTU, Framing.MBAP]


def test_flags_win_over_what_the_file_says_of_the_default_adapter_and_of_no_other(file: Path) -> None:
    text = "adapters: [{device: /dev/a, baudrate: 2400, comset: 8E1}]\ndevices: [{type: sdm, id: 1, adapter: /dev/a}]"
    adapter = run(file, text, adapter="/dev/a", baudrate="19200").devices[0].spec.adapter
    assert (adapter.baudrate, adapter.comset) == (19200, "8E1")
    assert run(file, text, baudrate="19200").devices[0].spec.adapter.baudrate == 19200
    assert run(file, f"{text}\nadapter: /dev/a", baudrate="19200").devices[0].spec.adapter.baudrate == 19200
    assert run(file, f"{text}\nadapter: /dev/b", baudrate="19200").devices[0].spec.adapter.baudrate == 2400
    assert run(file, text, adapter="/dev/b", baudrate="19200").devices[0].spec.adapter.baudrate == 2400
    two = text.replace("[{device", "[{device: /dev/b}, {device", 1)
    assert run(file, two, baudrate="19200").devices[0].spec.adapter.baudrate == 2400


@pytest.mark.parametrize("name", ["3", "/dev/a", "rtu:///dev/a?baudrate=2400&id=3"])
def test_flags_beside_an_adapter_win_over_its_url_by_whatever_name(name: str, file: Path) -> None:
    text = "adapters: [{device: 'rtu:///dev/a?baudrate=2400&id=3'}]\ndevices: [{type: sdm, id: 1}]"
    adapter = run(file, text, adapter=name, baudrate="19200", rtu="true").devices[0].spec.adapter
    assert (adapter.baudrate, adapter.id) == (19200, 3)


def test_a_default_adapter_that_is_a_number_is_the_id_of_one(file: Path) -> None:
    text = "adapter: 8\nadapters: [{device: mock, id: 7}]\ndevices: [{type: sdm, id: 1}]"
    assert said(file, text) == ["1: adapter: no adapter has the id 8"]
    assert run(file, text, adapter="7").devices[0].id == "SDM7.1"


def test_a_device_has_its_options_name_and_place(file: Path) -> None:
    text = """
    adapter: mock
    devices: [{type: SDM, id: 1, subdevice: 2, name: Heat pump, place: cellar, rate: 10s, slow: [Import*, Sum]}]
    """
    (device,) = run(file, text).devices
    assert (device.id, device.name, device.place) == ("SDM1.1.2", "Heat pump", "cellar")
    assert device.spec.options == DeviceOptions(rate=10.0, slow=("Import*", "Sum"))
    assert device.spec.adapter == parse_adapter("mock")


def test_a_broken_adapter_is_the_only_complaint(file: Path) -> None:
    devices = "devices: [{type: sdm, id: 1}, {type: sdm, id: 2, adapter: 3}, {type: sdm, id: 3, adapter: 'tpc://h'}]"
    complaint = "1: adapters[0].device: adapter 'tpc://h' has unknown scheme 'tpc': did you mean tcp?"
    assert said(file, "adapters: [{device: 'tpc://h', id: 3}]\n" + devices) == [complaint]
    assert said(file, "adapter: 'tpc://h'\ndevices: [{type: sdm, id: 1}]")[0].startswith("1: adapter: adapter 'tpc:")
    assert said(file, "", adapter="tpc://h", devices=["sdm:1"]) == [
        "adapter 'tpc://h' has unknown scheme 'tpc': did you mean tcp?"
    ]


def test_a_name_may_be_the_id_of_its_own_device(file: Path) -> None:
    assert run(file, "adapter: mock\ndevices: [{type: sdm, id: 1, name: sdm1-1}]").devices[0].name == "sdm1-1"


def test_secrets_come_out_of_their_files(file: Path) -> None:
    (file.parent / "password").write_text("tr0ub4dor \n", encoding="utf-8")
    (file.parent / "password").chmod(0o600)
    (file.parent / "token").write_bytes("schlüssel\r\n".encode())
    (file.parent / "token").chmod(0o640)
    text = "mqtt: {broker: h, user: me, password_file: password}\n"
    text += "influx: {url: 'http://h', database: d, token_file: token}\n"
    made = built(file, text + "adapter: mock\ndevices: [{type: sdm, id: 1}]")
    assert made.config.mqtt is not None
    assert made.config.influx is not None
    assert (made.config.mqtt.password, made.config.influx.token) == ("tr0ub4dor ", "schlüssel")
    assert "tr0ub4dor" not in repr(made)
    assert made.warnings == ()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff\n", "is no UTF-8 text"),
        (b"x" * 100_000, "is larger than 64 KiB: it should hold one secret and nothing else"),
    ],
)
def test_what_is_wrong_with_the_file_of_a_secret_is_said(content: bytes | None, complaint: str, file: Path) -> None:
    secret = file.parent / "password"
    if content is not None:
        secret.write_bytes(content)
    text = "adapter: mock\ndevices: [{type: sdm, id: 1}]\nmqtt:\n  password_file: password\n"
    assert said(file, text) == [f"4: mqtt.password_file: {secret} {complaint}"]


def test_a_secret_that_everyone_may_read_is_warned_of(file: Path) -> None:
    secret = file.parent / "password"
    secret.write_text("x", encoding="utf-8")
    secret.chmod(0o644)
    made = built(file, "adapter: mock\ndevices: [{type: sdm, id: 1}]\nmqtt: {password_file: password}\n")
    assert made.warnings == (f"{file}:3: mqtt.password_file: {secret} can be read by everyone: chmod o-r {secret}",)


def test_where_a_device_stands_in_the_file_is_known(file: Path) -> None:
    text = "adapter: mock\ndevices:\n- {type: sdm}\n- {type: sdm, id: 1}\n- {type: sdm, id: 2}"
    assert built(file, text).paths == ("devices[1]", "devices[2]")
    assert built(file, text, devices=["sdm:3,sdm:4"]).paths == ("devices", "devices")


TEXTS = st.sampled_from(
    ["sdm", "1", "0", "255", "7", "mock", "/dev/a", "tcp://h", "rtu://x", "g:23", "true", "1s", "Power", ""]
)
VALUES = TEXTS | st.text(max_size=6) | st.none() | st.lists(TEXTS, max_size=2)


def section(kind: "type[Struct]") -> "st.SearchStrategy[dict[str, Any]]":
    return st.dictionaries(st.sampled_from(list(keys(kind))), VALUES, max_size=6)


ADAPTER = st.builds(lambda more, device: {**more, "device": device}, section(AdapterKeys), TEXTS)
DEVICE = st.builds(lambda more, unit: {**more, "type": "sdm", "id": unit}, section(DeviceKeys), TEXTS)
FILES = st.builds(
    lambda top, adapters, devices: {**top, "adapters": adapters, "devices": devices},
    section(Config),
    st.lists(ADAPTER | section(AdapterKeys), max_size=3),
    st.lists(DEVICE | section(DeviceKeys), max_size=3),
)


@given(FILES)
def test_any_file_is_a_run_or_problems(tmp_path_factory: pytest.TempPathFactory, tree: dict[str, Any]) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    made = built(file, yaml.safe_dump(tree, allow_unicode=True))
    assert all(str(problem).startswith(f"{file}:") and str(problem).isprintable() for problem in made.problems)
    names = [device.id.casefold() for device in made.config.devices]
    assert made.problems or len(set(names)) == len(names) > 0
