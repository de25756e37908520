"""Variables of the environment: MBMD_ and a key, nested by _, as in MBMD_MQTT_BROKER."""

import difflib
import os
from collections.abc import Iterator, Mapping

from mbmd.config.given import Given, Origin, nested

PREFIX = "MBMD_"
CONFIG = f"{PREFIX}CONFIG"
"""Names the configuration file."""
_OTHERS = frozenset({CONFIG, f"{PREFIX}DEBUG"})
"""Variables that hold no key: the file, and the build's own."""


def is_given(environment: Mapping[str, str]) -> bool:
    """Some variable may hold a key."""
    return any(name.startswith(PREFIX) and name not in _OTHERS for name in environment)


def variables() -> dict[str, tuple[str, ...]]:
    """All variables, and the way to the key of each."""
    return {PREFIX + "_".join(way).upper(): way for way in _ways()}


def _ways() -> Iterator[tuple[str, ...]]:
    from mbmd.config.model import Config, Leaf, keys

    for name, key in keys(Config).items():
        if isinstance(key, Leaf):
            yield (name,)
        elif not key.is_list:
            yield from ((name, inner) for inner in keys(key.kind))


def read_environment(environment: Mapping[str, str]) -> Given:
    """The keys of all variables that are known; an empty one counts as none."""
    leaves = []
    for name, way in variables().items():
        if text := environment.get(name):
            origin = Origin(name)
            leaves.append((".".join(way), Given(_value(way, text, origin), origin)))
    return nested(leaves, Origin("environment"))


def _value(way: tuple[str, ...], text: str, origin: Origin) -> str | list[Given]:
    """Folders are told apart as those of PATH are."""
    if way != ("devices_dir",):
        return text
    return [Given(part, origin) for part in text.split(os.pathsep) if part]


def unknown_variables(environment: Mapping[str, str]) -> Iterator[str]:
    """A warning for each variable that looks like ours and is not."""
    known = {*variables(), *_OTHERS, f"{PREFIX}DEVICES"}
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name[:60], known, n=1, cutoff=0.0)[0]
            yield f"{name[:60]!r} in the environment means nothing: did you mean {near}?"
