"""Templates that would give two devices one topic."""

from pathlib import Path

import pytest

from mbmd.config.build import build
from mbmd.config.load import load
from mbmd.config.topics import fill, parse_template
from mbmd.errors import UsageError

DEVICES = """
adapter: mock
devices:
- {type: sdm, id: 1, name: x-y, place: a}
- {type: sdm, id: 2, name: status}
- {type: sdm, id: 3, name: y, place: a-x}
"""


def said(tmp_path: Path, keys: str) -> list[str]:
    file = tmp_path / "mbmd.yaml"
    file.write_text(f"mqtt: {{broker: localhost, {keys}}}{DEVICES}", encoding="utf-8")
    problems = build(load(file, {}, {}), ()).problems
    return [str(problem).removeprefix(f"{file}:") for problem in problems]


@pytest.mark.parametrize(
    "keys",
    [
        "device: name",
        "payload: both",
        "payload: json, json_template: '{root}/{place}/{name}/all'",
        "device: name, payload: json, topic: ''",
        "template: '{name}/{measurement}'",
        "payload: json, template: '{root}/{id}{place}/{measurement}'",
    ],
)
def test_devices_with_topics_of_their_own_are_fine(tmp_path: Path, keys: str) -> None:
    assert said(tmp_path, keys) == []


def test_nothing_is_checked_that_is_off(tmp_path: Path) -> None:
    assert said(tmp_path, "topic: '', payload: json, device: name") == []


def test_a_topic_of_mbmd_itself_is_refused_to_a_device(tmp_path: Path) -> None:
    (complaint,) = said(tmp_path, "device: name, payload: json")
    assert complaint.startswith(
        "1: mqtt.json_template: SDM1.2 would have the topic mbmd/status, and so has mbmd itself: "
    )


def test_a_topic_of_two_devices_is_refused(tmp_path: Path) -> None:
    (complaint,) = said(tmp_path, "template: '{root}/{place}-{name}/{measurement}'")
    topic = "mbmd/a-x-y/{measurement}"
    assert (
        complaint == f"1: mqtt.template: SDM1.3 would have the topic {topic}, and so has SDM1.1: change it, or a name"
    )


def test_a_level_that_nothing_is_left_of_is_left_out() -> None:
    values = {"root": "mbmd", "place": "", "device": "sdm1-1"}
    assert fill("{root}/{place}/{device}", values) == "mbmd/sdm1-1"
    assert fill("/{root}//x{place}/{device}", values) == "/mbmd//x/sdm1-1"


@pytest.mark.parametrize("text", ["{root}/{device", "{root}/{device:>3}", "{root}/{unit}", "{root}/{measurement}"])
def test_a_template_that_cannot_work_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_template(text, ("measurement",))
