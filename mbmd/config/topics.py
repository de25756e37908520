"""Templates of MQTT topics, such as `{root}/{device}/{measurement}`."""

from collections.abc import Collection, Mapping
from string import Formatter

from mbmd.errors import UsageError

DEVICE_FIELDS = ("device", "id", "name")
"""Fields that tell devices apart; `name` is the id of a device that has none."""
FIELDS = ("root", *DEVICE_FIELDS, "place", "type", "measurement")


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


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its fields filled in."""
    return template.format_map(values)
