"""The adapters of the configuration, and which of them a device means."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mbmd.config.adapter import ADAPTER_OPTIONS, Adapter, Framing, Medium, misplaced, parse_adapter, with_options
from mbmd.config.given import Problem
from mbmd.config.load import Loaded, adapter_names
from mbmd.config.model import AdapterKeys
from mbmd.config.options import DEVICE_OPTIONS
from mbmd.errors import UsageError


@dataclass(frozen=True, slots=True)
class Buses:
    """Adapters by all that devices may call them: what was written, the address, the id.

    `default` is for devices that name none. `problems` are those of adapters; others stand in for what is wrong, so
    that nobody complains of devices whose adapter is not right.
    """

    baudrate: int
    comset: str
    named: Mapping[str, Adapter]
    default: Adapter | None
    problems: tuple[Problem, ...]
    is_complete: bool = True

    def find(self, text: str) -> Adapter:
        """The adapter that a text names, or is by itself."""
        if text in self.named:
            return self.named[text]
        if self.is_complete:
            _refuse_id(text)
        return parse_adapter(text, self.baudrate, self.comset)


def buses(loaded: Loaded) -> Buses:
    """All adapters of a configuration."""
    config = loaded.config
    named, problems = _named(loaded)
    own = list(dict.fromkeys(named.values()))
    is_complete = not any(problem.key.startswith("adapter") for problem in loaded.problems)
    default = own[0] if len(own) == 1 else None if is_complete else _stand_in("")
    if config.adapter is not None:
        try:
            default = named.get(config.adapter) or _default(loaded, config.adapter, is_complete)
        except UsageError as error:
            problems.append(loaded.problem("adapter", str(error)))
            default = _stand_in(config.adapter)
        named = {config.adapter: default, default.address: default} | named
    return Buses(config.baudrate, config.comset, named, default, tuple(problems), is_complete)


def _named(loaded: Loaded) -> tuple[dict[str, Adapter], list[Problem]]:
    named: dict[str, Adapter] = {}
    problems: list[Problem] = []
    taken: dict[object, str] = {}
    for keys in loaded.config.adapters:
        adapter, wrong = _adapter(loaded, keys)
        problems += [*wrong, *_taken(loaded, keys.path, adapter, taken)]
        for name in adapter_names(keys, adapter):
            named.setdefault(name, adapter)
    return named, problems


def _default(loaded: Loaded, text: str, is_complete: bool) -> Adapter:
    config = loaded.config
    if is_complete:
        _refuse_id(text)
    return parse_adapter(text, config.baudrate, config.comset, config.rtu)


def _refuse_id(text: str) -> None:
    if text.isdecimal():
        raise UsageError(f"no adapter has the id {text}")


def _stand_in(text: str) -> Adapter:
    return Adapter(Medium.MOCK, Framing.MBAP, text)


def _adapter(loaded: Loaded, keys: AdapterKeys) -> tuple[Adapter, list[Problem]]:
    values = _values(keys)
    try:
        adapter = parse_adapter(keys.device, loaded.config.baudrate, loaded.config.comset, keys.rtu)
    except UsageError as error:
        return _stand_in(keys.device), [loaded.problem(f"{keys.path}.device", str(error))]
    # A flag wins over what the URL says and needs not fit.
    given = (*values, "rtu") if keys.rtu else tuple(values)
    in_file = [key for key in given if not loaded.is_flag(f"{keys.path}.{key}")]
    problems = [loaded.problem(f"{keys.path}.{key}", text) for key, text in _misfits(keys.device, adapter, in_file)]
    return with_options(adapter, values), problems


def _misfits(device: str, adapter: Adapter, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield from misplaced(adapter, keys)
    if "://" in device:
        if "rtu" in keys:
            yield "rtu", "is for host:port: a URL says so itself, as in rtu+tcp://host:23"
        in_url = dict(parse_qsl(urlsplit(device).query, keep_blank_values=True))
        yield from ((key, "is in the URL of device too: give it once") for key in keys if key in in_url)


def _values(keys: AdapterKeys) -> dict[str, Any]:
    """The options that were given for an adapter."""
    known = (*ADAPTER_OPTIONS, *DEVICE_OPTIONS)
    return {key: getattr(keys, key) for key in known if getattr(keys, key) not in (None, ())}


def _taken(loaded: Loaded, path: str, adapter: Adapter, taken: dict[object, str]) -> Iterator[Problem]:
    for key, what, text in (("device", adapter.address, adapter.address), ("id", adapter.id, f"id {adapter.id}")):
        if what is None:
            continue
        first = taken.setdefault(what, path)
        if first != path:
            yield loaded.problem(f"{path}.{key}", f"{text} is given twice, before at {loaded.origin(first)}")
