"""The configuration out of all sources: a flag wins over the environment, that over the file, that over the default."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from msgspec import convert, structs

from mbmd.config import environment
from mbmd.config.adapter import Adapter, parse_adapter
from mbmd.config.given import DEFAULT, Given, Origin, Problem, nested
from mbmd.config.model import SECRET_FILES, AdapterKeys, Config
from mbmd.config.paths import home_directory, state_file
from mbmd.config.reader import Layer, read
from mbmd.errors import UsageError

Flags: TypeAlias = Mapping[str, tuple[str, str | Sequence[str]]]
"""What the command line gave: by key, such as `mqtt.broker`, the flag and its text or texts."""

_LINE = ("baudrate", "comset", "rtu")
"""Flags that count for the default adapter even if the file says something else of it."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The configuration, with where its values come from and what is wrong with them.

    What is wrong is left out of `config`. `warnings` are for people; nothing is lost by them.
    """

    config: Config
    file: Path | None
    origins: Mapping[str, Origin]
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]

    def origin(self, key: str) -> Origin:
        """Where a value was given, or else what it is part of."""
        while key not in self.origins and key:
            key = key[: max(key.rfind("."), key.rfind("["), 0)]
        return self.origins.get(key, DEFAULT)

    def is_flag(self, key: str) -> bool:
        """The command line gave it."""
        origin = self.origin(key)
        return not origin.line and origin.place.startswith("-")

    def problem(self, key: str, text: str) -> Problem:
        """A problem of a key; texts about what the command line gave name it themselves."""
        return Problem(Origin("") if self.is_flag(key) else self.origin(key), key, text)

    def told(self, key: str, text: str) -> Problem:
        """A problem whose text does not say of what: where the key was given does, or else the key."""
        origin = self.origin(key)
        if origin.line or key in self.origins:
            return Problem(origin, key, text)
        return Problem(Origin(""), key, f"{key}: {text}")


def load(file: Path | None, variables: Mapping[str, str], flags: Flags) -> Loaded:
    """Everything that was given. Raises UsageError only for a file that is no YAML with keys at its top."""
    layers = [_of_system(variables), _of_file(file), _of_environment(variables), _of_flags(flags)]
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for layer in layers:
        _merge(values, origins, layer)
    _put_on_default(values, origins, layers[-1])
    problems = tuple(problem for layer in layers for problem in layer.problems)
    warnings = tuple(environment.unknown_variables(variables)) if environment.is_given(variables) else ()
    return Loaded(convert(values, Config), file, origins, problems, warnings)


def _of_system(variables: Mapping[str, str]) -> Layer:
    """Defaults that are another on each system."""
    state = state_file(variables, home_directory())
    return Layer({"state": state, "outbox": {"folder": state.parent / "outbox" if state else None}})


def _of_file(file: Path | None) -> Layer:
    if file is None:
        return Layer()
    from mbmd.config.document import read_document

    given, problems = read_document(file)
    layer = read(given, file.parent)
    layer.problems.extend(problems)
    return layer


def _of_environment(variables: Mapping[str, str]) -> Layer:
    if not environment.is_given(variables):
        return Layer()
    layer = read(environment.read_environment(variables))
    name = f"{environment.PREFIX}DEVICES"
    if variables.get(name):
        _set_specs(layer, [variables[name]], Origin(name))
    return layer


def _of_flags(flags: Flags) -> Layer:
    leaves = [(key, _of_flag(Origin(flag), value)) for key, (flag, value) in flags.items() if key != "devices"]
    layer = read(nested(leaves, Origin("command line")))
    if "devices" in flags:
        flag, specs = flags["devices"]
        _set_specs(layer, [specs] if isinstance(specs, str) else specs, Origin(flag))
    return layer


def _of_flag(origin: Origin, value: str | Sequence[str]) -> Given:
    return Given(value if isinstance(value, str) else [Given(text, origin) for text in value], origin)


def _set_specs(layer: Layer, specs: Sequence[str], origin: Origin) -> None:
    layer.values.update(specs=tuple(specs), devices=())
    layer.origins["devices"] = origin


def _merge(values: dict[str, Any], origins: dict[str, Origin], layer: Layer) -> None:
    """Put a layer over what lies below it."""
    for key, value in layer.values.items():
        if isinstance(value, dict):
            section = values.setdefault(key, {})
            for name in [name for name in section if _other_form(name) in value]:
                del section[name]
                del origins[f"{key}.{name}"]
            section |= value
        else:
            values[key] = value
            for inner in [name for name in origins if name.startswith(f"{key}[")]:
                del origins[inner]
    origins |= layer.origins


def _put_on_default(values: dict[str, Any], origins: dict[str, Origin], flags: Layer) -> None:
    """Give the adapter of the file that is the default, by its name or as the only one, the flags of the line."""
    given = {key: flags.values[key] for key in _LINE if key in flags.values}
    adapters, named = values.get("adapters", ()), values.get("adapter")
    for index, keys in enumerate(adapters):
        if named in _names(keys) or (named is None and len(adapters) == 1):
            values["adapters"] = (*adapters[:index], structs.replace(keys, **given), *adapters[index + 1 :])
            origins |= {f"{keys.path}.{key}": flags.origins[key] for key in given}
            return


def _names(keys: AdapterKeys) -> set[str]:
    try:
        return set(adapter_names(keys, parse_adapter(keys.device)))
    except UsageError:
        return {keys.device}


def adapter_names(keys: AdapterKeys, adapter: Adapter) -> Iterator[str]:
    """All that an adapter of the file may be called: as it is written, its address, its id."""
    yield from (keys.device, adapter.address)
    if number := adapter.id or keys.id:
        yield str(number)


def _other_form(name: str) -> str | None:
    """A secret by its file, or the file by its secret."""
    return SECRET_FILES.get(name) or next((file for file, secret in SECRET_FILES.items() if secret == name), None)
