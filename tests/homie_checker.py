"""What the Homie convention asks of the messages that a broker keeps, apart from how mbmd makes them.

Sources: The Homie Convention, versions 4.0.0 (27 August 2019) and 5.0.0 (11 May 2025),
https://homieiot.github.io/specification/spec-core-v4_0_0/ and spec-core-v5_0_0/, chapters "Topic IDs", "Payloads",
"Device Attributes", "Device Lifecycle", "Node Attributes", "Property Attributes" and "Alert topic".
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

Retained = Mapping[str, bytes]


class Attribute(NamedTuple):
    """A line of a table of attributes: whether the convention requires it, and whether its text may be empty.

    One that is required and empty is sent, and the broker keeps nothing of it.
    """

    name: str
    required: bool
    empty: bool = False


OF_DEVICE_4 = (
    Attribute("$homie", True),
    Attribute("$name", True),
    Attribute("$state", True),
    Attribute("$nodes", True),
    Attribute("$extensions", True, empty=True),
    Attribute("$implementation", False),
    # Of 3.0.1: whatever an implementation needs.
    Attribute("$implementation/clientid", False),
)
OF_NODE_4 = (Attribute("$name", True), Attribute("$type", True), Attribute("$properties", True))
OF_PROPERTY_4 = (
    Attribute("$name", True),
    Attribute("$datatype", True),
    Attribute("$format", False),
    Attribute("$settable", False),
    Attribute("$retained", False),
    Attribute("$unit", False),
)
STATES_4 = {"init", "ready", "disconnected", "sleeping", "lost", "alert"}
DATATYPES_4 = {"integer", "float", "boolean", "string", "enum", "color"}
ID_4 = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
ID_OF_MBMD = re.compile(r"[a-z0-9]([a-z0-9_-]*[a-z0-9])?")
"""Ids of Homie 4 as mbmd always had them: beyond the convention, with underscores."""

OF_DEVICE_5 = (Attribute("$state", True), Attribute("$description", True))
STATES_5 = STATES_4 - {"alert"}
DATATYPES_5 = DATATYPES_4 | {"datetime", "duration", "json"}
ID_5 = re.compile(r"[a-z0-9-]+")
Fields = Mapping[str, tuple[type, bool]]
"""Type of each field, and whether it is required."""
OF_DESCRIPTION_5: Fields = {
    "homie": (str, True),
    "version": (int, True),
    "nodes": (dict, False),
    "name": (str, False),
    "type": (str, False),
    "children": (list, False),
    "root": (str, False),
    "parent": (str, False),
    "extensions": (list, False),
}
FIELDS_OF_NODE_5: Fields = {"name": (str, False), "type": (str, False), "properties": (dict, False)}
FIELDS_OF_PROPERTY_5: Fields = {
    "name": (str, False),
    "datatype": (str, True),
    "format": (str, False),
    "settable": (bool, False),
    "retained": (bool, False),
    "unit": (str, False),
}

_FLOAT = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE]-?[0-9]+)?")


def complaints_4(base: str, retained: Retained, sent: Collection[str], ids: "re.Pattern[str]" = ID_4) -> list[str]:
    """What is wrong about the devices below a topic; `sent` are all topics of messages, the empty ones too."""
    return [said for device in _levels(base, retained) for said in _of_device_4(base, device, retained, sent, ids)]


def _of_device_4(
    base: str, device: str, retained: Retained, sent: Collection[str], ids: "re.Pattern[str]"
) -> Iterator[str]:
    topic = f"{base}/{device}"
    nodes = [name for name in _levels(topic, retained) if not name.startswith("$")]
    yield from _of_ids([device, *nodes], topic, ids)
    yield from _of_attributes(topic, OF_DEVICE_4, retained, sent, below_is_other=True)
    yield from _one_of(f"{topic}/$state", STATES_4, retained)
    yield from _listed(f"{topic}/$nodes", nodes, retained)
    if text(retained, f"{topic}/$homie") not in ("4.0", "4.0.0"):
        yield f"{topic}/$homie is no 4.0"
    for node in nodes:
        yield from _of_node_4(f"{topic}/{node}", retained, sent, ids)


def _of_node_4(topic: str, retained: Retained, sent: Collection[str], ids: "re.Pattern[str]") -> Iterator[str]:
    properties = [name for name in _levels(topic, retained) if not name.startswith("$")]
    yield from _of_ids(properties, topic, ids)
    yield from _of_attributes(topic, OF_NODE_4, retained, sent, below_is_other=True)
    yield from _listed(f"{topic}/$properties", properties, retained)
    for name in properties:
        below = f"{topic}/{name}"
        yield from _of_attributes(below, OF_PROPERTY_4, retained, sent, below_is_other=False)
        yield from _one_of(f"{below}/$datatype", DATATYPES_4, retained)
        if below in retained:
            yield from _of_value(below, text(retained, f"{below}/$datatype"), retained)


def _of_attributes(
    topic: str, table: Collection[Attribute], retained: Retained, sent: Collection[str], below_is_other: bool
) -> Iterator[str]:
    for name, required, empty in table:
        if required and f"{topic}/{name}" not in (sent if empty else retained):
            yield f"{topic}/{name} is missing"
    known = {attribute.name for attribute in table}
    for found in retained:
        name = found.removeprefix(f"{topic}/")
        if name not in known | {found} and (name.startswith("$") or not below_is_other):
            yield f"{found} is not in the convention"


def complaints_5(base: str, retained: Retained) -> list[str]:
    """What is wrong about the devices below a topic, without its `5`."""
    base = f"{base}/5"
    devices = _levels(base, retained)
    return [said for device in devices for said in _of_device_5(f"{base}/{device}", set(devices), retained)]


def _of_device_5(topic: str, devices: Collection[str], retained: Retained) -> Iterator[str]:
    base, _, device = topic.rpartition("/")
    yield from _of_ids([device], topic, ID_5)
    for name, required, _ in OF_DEVICE_5:
        if required and f"{topic}/{name}" not in retained:
            yield f"{topic}/{name} is missing"
            return
    yield from _one_of(f"{topic}/$state", STATES_5, retained)
    described = json.loads(retained[f"{topic}/$description"])
    yield from _of_fields(described, OF_DESCRIPTION_5, topic)
    if described.get("homie") != "5.0":
        yield f"{topic}: its version of the convention is not 5.0"
    root, children = described.get("root"), described.get("children", [])
    if root is None and described.get("parent") is not None:
        yield f"{topic}: a root with a parent"
    for other in {*children, *filter(None, (root, described.get("parent")))} - set(devices):
        yield f"{topic}: {other} is not there"
    if root is not None and device not in json.loads(retained.get(f"{base}/{root}/$description", b"{}")).get(
        "children", []
    ):
        yield f"{topic} is no child of {root}"
    yield from _of_values_5(topic, described, retained)


def _of_values_5(topic: str, described: Mapping[str, Any], retained: Retained) -> Iterator[str]:
    types: dict[str, str] = {}
    for node, fields in described.get("nodes", {}).items():
        yield from _of_fields(fields, FIELDS_OF_NODE_5, f"{topic}: {node}")
        yield from _of_ids([node, *fields.get("properties", {})], topic, ID_5)
        for name, of_property in fields.get("properties", {}).items():
            yield from _of_fields(of_property, FIELDS_OF_PROPERTY_5, f"{topic}: {name}")
            types[f"{topic}/{node}/{name}"] = of_property.get("datatype")
    yield from (f"{below} has the type {found}" for below, found in types.items() if found not in DATATYPES_5)
    for below in (found for found in retained if found.startswith(f"{topic}/")):
        name = below.removeprefix(f"{topic}/")
        if below in types:
            yield from _of_value(below, types[below], retained)
        elif name not in ("$state", "$description") and not re.fullmatch(r"\$alert/[a-z0-9-]+", name):
            yield f"{below} is not in the description"


def _of_fields(described: Mapping[str, object], fields: Fields, where: str) -> Iterator[str]:
    for name, (kind, required) in fields.items():
        if required and name not in described:
            yield f"{where}: {name} is missing"
        if name in described and type(described[name]) is not kind:
            yield f"{where}: {name} is no {kind.__name__}"
    yield from (f"{where}: {name} is not in the convention" for name in described if name not in fields)


def _of_ids(names: Collection[str], where: str, ids: "re.Pattern[str]") -> Iterator[str]:
    yield from (f"{where}: {name} is no id" for name in names if not ids.fullmatch(name))


def _listed(topic: str, names: Collection[str], retained: Retained) -> Iterator[str]:
    listed = text(retained, topic).split(",")
    if sorted(listed) != sorted(names):
        yield f"{topic} lists {listed}, and there are {sorted(names)}"


def _one_of(topic: str, words: Collection[str], retained: Retained) -> Iterator[str]:
    if (found := text(retained, topic)) not in words:
        yield f"{topic} is {found!r}"


def _of_value(topic: str, datatype: str, retained: Retained) -> Iterator[str]:
    if datatype == "float" and not _FLOAT.fullmatch(text(retained, topic)):
        yield f"{topic} is {retained[topic]!r}, and that is no float"


def _levels(topic: str, retained: Retained) -> list[str]:
    """The names right below a topic."""
    below = (found.removeprefix(f"{topic}/") for found in retained if found.startswith(f"{topic}/"))
    return sorted({name.partition("/")[0] for name in below})


def text(retained: Retained, topic: str) -> str:
    """What a topic says, empty if there is nothing."""
    return retained.get(topic, b"").decode()
