"""The example, the manual and the schema say what the model says."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from mbmd.config.build import build
from mbmd.config.load import load
from mbmd.config.model import AdapterKeys, Config, DeviceKeys, leaves
from mbmd.config.outputs import Influx, Mqtt, Outbox, SinkKeys
from mbmd.config.schema import DIALECT, schema
from mbmd.config.web import Web
from tests import approve

if TYPE_CHECKING:
    from msgspec import Struct

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "mbmd.dist.yaml"


@pytest.mark.parametrize("name", ["../../mbmd.dist.yaml", "../../docs/configuration.md"])
def test_what_is_written_out_of_the_model_is_as_it_says(name: str) -> None:
    diff = approve.changes(name)
    assert not diff, f"the model changed; run `python -m tests.approve`:\n{diff}"


def uncommented() -> str:
    """The example with all keys."""
    return re.sub(r"^( *)#(?=\w)", r"\1", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)


def manual() -> str:
    """The configuration that the manual begins with."""
    return approve.MANUAL.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]


def test_the_example_is_a_configuration() -> None:
    built = build(load(EXAMPLE, {}, {}), ())
    assert (built.problems, built.warnings) == ((), ())
    assert [(device.id, device.name) for device in built.config.devices] == [
        ("SDM1.1", "Heat pump"),
        ("JANITZA1.26", ""),
        ("ABB2.1", ""),
    ]


def test_the_manual_begins_with_a_configuration(tmp_path: Path) -> None:
    file = tmp_path / "mbmd.yaml"
    file.write_text(manual(), encoding="utf-8")
    built = build(load(file, {}, {}), ())
    assert built.problems == ()
    assert [device.id for device in built.config.devices] == ["SDM1.1", "ABB7.1"]


def test_the_example_with_all_its_keys_is_a_configuration(tmp_path: Path) -> None:
    file = tmp_path / "mbmd.yaml"
    file.write_text(uncommented(), encoding="utf-8")
    loaded = load(file, {}, {})
    assert [str(problem) for problem in loaded.problems] == []
    shown = {re.sub(r"\[\d+\]", "", key) for key in loaded.origins}
    sections: dict[str, type[Struct]] = {
        "": Config,
        "web.": Web,
        "mqtt.": Mqtt,
        "influx.": Influx,
        "outbox.": Outbox,
        "sinks.": SinkKeys,
        "adapters.": AdapterKeys,
        "devices.": DeviceKeys,
    }
    every = {f"{path}{name}" for path, kind in sections.items() for name in leaves(kind)}
    assert {key for key in every if not key.endswith("_file")} <= shown


def test_the_commented_keys_at_the_top_are_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "mbmd.yaml"
    file.write_text(uncommented(), encoding="utf-8")
    config = load(file, {}, {}).config
    sections: list[tuple[type[Struct], Struct]] = [
        (Config, config),
        (Mqtt, config.mqtt),
        (Influx, config.influx),
        (Outbox, config.outbox),
    ]
    for kind, section in sections:
        for name, key in leaves(kind).items():
            if key.default not in (None, "", ()):
                assert getattr(section, name) == key.default, name


def test_the_schema_takes_the_example_the_manual_and_the_file_of_the_original() -> None:
    assert schema()["$schema"] == DIALECT
    jsonschema.Draft202012Validator.check_schema(schema())
    validator = jsonschema.Draft202012Validator(schema())
    original = (ROOT / "tests/cases/config-original.yaml").read_text(encoding="utf-8")
    for text in (uncommented(), original, manual(), "{}", "adapter: 7", "influx: {url: ''}", "mqtt: {password: 0123}"):
        assert [error.message for error in validator.iter_errors(yaml.safe_load(text))] == []


@pytest.mark.parametrize(
    "text",
    [
        "baudrat: 9600",
        "baudrate: fast",
        "rate: 10",
        "timeout: soon",
        "comset: 7E1",
        "mqtt: {qos: 3}",
        "mqtt: {device: both}",
        "adapters: [{baudrate: 9600}]",
        "devices: [{type: sdm}]",
        "devices: {type: sdm, id: 1}",
        "devices: [{type: sdm, id: 1, rating: 0}]",
        "devices: [{type: sdm, id: 1, slow: {a: b}}]",
        "devices: [{type: sdm, id: 1, adaptor: mock}]",
        "influx: {urll: http://h}",
    ],
)
def test_the_schema_refuses_what_the_program_refuses(text: str) -> None:
    assert not jsonschema.Draft202012Validator(schema()).is_valid(yaml.safe_load(text))


def test_every_part_of_the_schema_is_described() -> None:
    def undescribed(properties: dict[str, dict[str, object]]) -> list[str]:
        return [name for name, part in properties.items() if not part.get("description")]

    properties = schema()["properties"]
    assert undescribed(properties) == []
    assert undescribed(properties["mqtt"]["properties"]) == []
    assert undescribed(properties["devices"]["items"]["properties"]) == []
