"""From what was given to typed values: every key is looked up in the model, and all that is wrong is told at once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec import Struct, convert

from mbmd.config.given import Given, Origin, Problem
from mbmd.config.model import SECRET_FILES, Config, Leaf, Section, keys, leaves
from mbmd.config.values import did_you_mean
from mbmd.errors import UsageError

_MOST = 100
"""Problems told of one source: beyond them it is no configuration."""

_WORD = re.compile(r"[\w.-]{1,40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Layer:
    """The values of one source, such as a file, by key; sections are mappings, lists of them tuples of structs.

    `origins` says where each was given, by its place such as `adapters[0].baudrate`.
    """

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read(given: Given, base: Path | None = None) -> Layer:
    """The values of all that is right; relative paths are taken from `base`."""
    layer = Layer()
    layer.values.update(_Reader(layer, base).section(Config, given, ""))
    return layer


class _Reader:
    def __init__(self, layer: Layer, base: Path | None) -> None:
        self._layer = layer
        self._base = base

    def section(self, kind: type[Struct], given: Given, path: str) -> dict[str, Any]:
        """The values of the keys that were given; those that are wrong are left out."""
        if not isinstance(given.value, dict):
            if given.value is not None:
                self._problem(given.origin, path, _no_section(kind))
            return {}
        known = keys(kind)
        values: dict[str, Any] = {}
        for name, child in given.value.items():
            place = f"{path}.{name}".lstrip(".")
            if name not in known:
                self._problem(child.origin, path, _unknown(name, known))
            elif child.value is not None:
                self._layer.origins[place] = child.origin
                self._put(values, known[name], child, place)
        self._check_secrets(values, path)
        return values

    def _put(self, values: dict[str, Any], key: Leaf | Section, given: Given, path: str) -> None:
        try:
            if isinstance(key, Leaf):
                values[key.name] = self._leaf(key, given)
            elif key.is_list:
                values[key.name] = self._list(key.kind, given, path)
            else:
                values[key.name] = self.section(key.kind, given, path)
        except UsageError as error:
            self._problem(given.origin, path, str(error))

    def _list(self, kind: type[Struct], given: Given, path: str) -> tuple[Struct, ...]:
        if not isinstance(given.value, list):
            raise UsageError("must be a list, with a dash before each item")
        found = []
        for index, item in enumerate(given.value):
            place = f"{path}[{index}]"
            self._layer.origins[place] = item.origin
            if item.value is None:
                self._problem(item.origin, place, "is empty: remove the dash")
                continue
            values = self.section(kind, item, place)
            if self._is_complete(kind, item, values, place):
                found.append(convert({**values, "path": place}, kind))
        return tuple(found)

    def _is_complete(self, kind: type[Struct], given: Given, values: Mapping[str, Any], path: str) -> bool:
        needed = [key for key in leaves(kind).values() if key.required]
        for key in needed:
            child = given.value.get(key.name) if isinstance(given.value, dict) else given
            if child is None or child.value is None:
                self._problem(given.origin, path, f"{key.name} is missing: {key.description}")
        return all(key.name in values for key in needed)

    def _leaf(self, key: Leaf, given: Given) -> Any:
        if isinstance(given.value, str):
            return self._from_base(key.option.parse(given.value))
        if not isinstance(given.value, list) or not key.option.adds_up:
            raise UsageError("must be one value, not a list or keys")
        parts: list[Any] = []
        for item in given.value:
            if not isinstance(item.value, str):
                raise UsageError("must be a list of texts, as in [one, two]")
            parts += self._from_base(key.option.parse(item.value))
        return tuple(parts)

    def _from_base(self, value: Any) -> Any:
        if self._base is None:
            return value
        if isinstance(value, tuple):
            return tuple(map(self._from_base, value))
        return self._base / value if isinstance(value, Path) else value

    def _check_secrets(self, values: dict[str, Any], path: str) -> None:
        for file, secret in SECRET_FILES.items():
            if file in values and secret in values:
                place = f"{path}.{file}"
                self._problem(self._layer.origins[place], place, f"give {secret} or {file}, not both")
                del values[file]

    def _problem(self, origin: Origin, path: str, text: str) -> None:
        if len(self._layer.problems) < _MOST:
            self._layer.problems.append(Problem(origin, path, text))


def _no_section(kind: type[Struct]) -> str:
    first = next(iter(leaves(kind).values()))
    return f"must hold keys, as in {first.name}: {first.example}"


def _unknown(name: str, known: Mapping[str, Leaf | Section]) -> str:
    """What is said of a key that nobody knows; only its first word is told, for the rest may be a password."""
    match = _WORD.match(name)
    if match is None:
        return "a key that is no word"
    if match[0] in known:
        return f"key {match[0]!r} needs a colon and a space behind it"
    return f"unknown key {match[0]!r}{did_you_mean(match[0], known)}"
