"""Templates of MQTT topics, such as `{root}/{device}/{measurement}`."""

from collections.abc import Collection, Mapping
from string import Formatter

from mbmd.errors import UsageError

DEVICE_FIELDS = ("device", "id", "name")
"""Fields that tell devices apart; `name` is the id of a device that has none."""
FIELDS = ("root", *DEVICE_FIELDS, "place", "type", "measurement")
STATUS = "{root}/status"
"""Where it stands whether mbmd is there."""
AVAILABILITY = "{root}/{device}/status"
"""Where it stands whether a device answers."""
_SEPARATORS = str.maketrans("/+#", "---")


def parse_template(text: str, needed: Collection[str]) -> str:
    """The text, if it is a template with all fields that are `needed`, and one that tells devices apart.

    Raises UsageError.
    """
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        raise UsageError(f"{text!r} has a brace without its other one") from None
    fields = [field for _, field, form, conversion in parts if field is not None]
    if any(form or conversion for _, _, form, conversion in parts) or not set(fields) <= set(FIELDS):
        raise UsageError(f"{text!r} has a field that is none of {', '.join(f'{{{field}}}' for field in FIELDS)}")
    for field in needed:
        if field not in fields:
            raise UsageError(f"{text!r} needs {{{field}}}")
    if not set(DEVICE_FIELDS) & set(fields):
        raise UsageError(f"{text!r} needs {{device}}, or all devices would have one topic")
    return text


def id_segment(device_id: str) -> str:
    """An id as it stands in topics: `sdm1-1` of `SDM1.1`."""
    return device_id.lower().replace(".", "-")


def topic_fields(root: str, by: str, device_id: str, name: str, place: str, type_name: str) -> dict[str, str]:
    """All fields of a device; `by` is what topics call it by, id or name. `measurement` stands for itself."""
    segment = id_segment(device_id)
    return {
        "root": root,
        "device": name or segment if by == "name" else segment,
        "id": segment,
        "name": name or segment,
        "place": place.translate(_SEPARATORS),
        "type": type_name.lower(),
        "measurement": "{measurement}",
    }


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its fields filled in; a level that nothing is left of is left out."""
    levels = ((level, level.format_map(values)) for level in template.split("/"))
    return "/".join(filled for level, filled in levels if filled or not level)
