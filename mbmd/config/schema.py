"""The configuration as JSON Schema (2020-12), for editors that complete and check it while it is written."""

from typing import Any

from msgspec import Struct

from mbmd.config.model import Config, Leaf, Section, keys, leaves

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXTS = {"type": "array", "items": {"type": "string"}}


def schema() -> dict[str, Any]:
    """The schema of the configuration file."""
    return {"$schema": DIALECT, "title": "Configuration of mbmd", **_section(Config)}


def _section(kind: type[Struct]) -> dict[str, Any]:
    required = [name for name, key in leaves(kind).items() if key.required]
    return {
        "type": "object" if required else ["object", "null"],
        "properties": {name: _value(key) for name, key in keys(kind).items()},
        "required": required,
        "additionalProperties": False,
    }


def _value(key: Leaf | Section) -> dict[str, Any]:
    if isinstance(key, Section):
        section = _section(key.kind)
        section = {"type": ["array", "null"], "items": section} if key.is_list else section
        return {"description": key.description, **section}
    kinds = [{"type": "string"}, _TEXTS] if key.option.adds_up else [dict(key.option.schema)]
    # A key without a value counts as one that is not there.
    return {"description": key.description, "anyOf": [*kinds, {"type": "null"}]}
