"""The commented example of a configuration file, out of the model."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from mbmd.config.model import SECRET_FILES, AdapterKeys, Config, DeviceKeys, Leaf, Section, keys, leaves
from mbmd.config.outputs import SinkKeys
from mbmd.config.show import shown

_HEAD = """\
# Configuration of mbmd: copy it to ~/mbmd.yaml, ./mbmd.yaml or /etc/mbmd.yaml, of which the first that is there
# counts, or name it with -c.
#
# A flag wins over a variable of the environment (MBMD_RATE, MBMD_MQTT_BROKER), that over the file, and the file over
# the default. Lines that begin with # and a key count when the # is removed; they show the default, if there is one.
# Paths are taken from the folder of this file. A key without a value counts as one that is not there.
#
# mbmd config check    tells all that is wrong
# mbmd config show     tells what counts, and where it comes from
# mbmd config schema   is for editors
"""
_WIDTH = 118
_TCP = ("rtu", "close", "transaction_ids")
"""Keys of adapters that mean nothing on a serial line."""


def example() -> str:
    """The text of mbmd.dist.yaml."""
    return _HEAD + "".join("\n" + "".join(f"{line}\n" for line in _key(key)) for key in keys(Config).values())


def example_without_devices() -> str:
    """The same with nothing to poll: what it has of adapters and devices counts when its # is removed, too."""
    return re.sub(r"^(?=[- ] [a-z])", "#", example(), flags=re.MULTILINE)


def _key(key: Leaf | Section) -> Iterator[str]:
    if isinstance(key, Leaf):
        yield from _leaf(key, "")
        return
    if key.kind is SinkKeys:
        item = ", ".join(f"{leaf.name}: {leaf.example}" for leaf in leaves(SinkKeys).values())
        yield from (f"# {key.description}", f"#{key.name}: [{{{item}}}]")
        return
    yield from (f"# {key.description}", f"{key.name}:")
    if key.kind is AdapterKeys:
        serial = [name for name in leaves(AdapterKeys) if name not in _TCP]
        yield from _item(AdapterKeys, serial, {"device": "/dev/ttyUSB0", "baudrate": "9600", "comset": "8N1"})
        yield from _item(AdapterKeys, _TCP, {"device": "192.168.0.7:502"})
    elif key.kind is DeviceKeys:
        first = {"name": "Heat pump", "type": "sdm", "id": "1", "adapter": "/dev/ttyUSB0"}
        yield from _item(DeviceKeys, leaves(DeviceKeys), first)
        yield from _item(DeviceKeys, (), {"type": "janitza", "id": "26", "adapter": "/dev/ttyUSB0"})
        yield from _item(DeviceKeys, (), {"type": "abb", "id": "1", "adapter": "192.168.0.7:502"})
    else:
        for inner in leaves(key.kind).values():
            yield from _leaf(inner, "  ")


def _item(kind: type[Struct], beside: Iterable[str], values: Mapping[str, str]) -> Iterator[str]:
    """One of a list: what is configured, then what may be beside it."""
    for number, (name, value) in enumerate(values.items()):
        yield f"{'  ' if number else '- '}{name}: {value}"
    for name in beside:
        if name not in values:
            yield from _leaf(leaves(kind)[name], "  ")


def _leaf(key: Leaf, indent: str) -> Iterator[str]:
    if key.name in SECRET_FILES:  # no key of its own: with all # removed it would stand beside the secret
        yield f"{indent}# {key.description}: {key.name}: {key.example}"
        return
    yield from textwrap.wrap(key.description, _WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")
    value = shown(key, key.default) or key.example
    yield f"{indent}#{key.name}: {_quoted(value)}"


def _quoted(value: str) -> str:
    """A text as YAML has it; a template would be keys."""
    return f'"{value}"' if value.startswith("{") else value
