"""How to poll what a scan has found: texts to paste."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from mbmd.config.adapter import Adapter, Framing, Medium
from mbmd.scan.subdevices import subdevices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mbmd.scan.bus import Survey


class _Polled(NamedTuple):
    type: str
    unit: int
    subdevice: int


def is_pollable(survey: Survey) -> bool:
    """Whether any of the devices found has measurements."""
    return any(_polled(survey))


def specs(survey: Survey) -> str:
    """The devices that have measurements as `-d` takes them."""
    return ",".join(
        f"{kind}:{unit}.{subdevice}" if subdevice else f"{kind}:{unit}" for kind, unit, subdevice in _polled(survey)
    )


def command(survey: Survey) -> str:
    """The command that polls these."""
    return f"mbmd run -a {shlex.quote(str(survey.adapter))} -d {specs(survey)}"


def yaml(survey: Survey) -> str:
    """The part of a configuration file that polls these."""
    from yaml import safe_dump

    adapter = _adapter(survey.adapter)
    devices = [_device(polled, adapter["device"]) for polled in _polled(survey)]
    text: str = safe_dump(
        {"adapters": [adapter], "devices": devices}, sort_keys=False, default_flow_style=None, width=1000
    )
    return text


def _polled(survey: Survey) -> Iterator[_Polled]:
    for portrait in survey.found:
        kind = portrait.types[0].lower()
        if portrait.sunspec is None:
            yield _Polled(kind, portrait.unit, 0)
        else:
            for subdevice in subdevices(portrait.sunspec):
                if subdevice.is_measured:
                    yield _Polled(kind, portrait.unit, subdevice.number)


def _device(polled: _Polled, adapter: str) -> dict[str, Any]:
    subdevice = {"subdevice": polled.subdevice} if polled.subdevice else {}
    return {"name": _name(polled), "type": polled.type, "id": polled.unit, **subdevice, "adapter": adapter}


def _name(polled: _Polled) -> str:
    """A name for a device: two numbers side by side would be read as one, and with a dot between as an id."""
    gap = "-" if polled.type[-1].isdigit() else ""
    subdevice = f"-sub{polled.subdevice}" if polled.subdevice else ""
    return f"{polled.type}{gap}{polled.unit}{subdevice}"


def _adapter(adapter: Adapter) -> dict[str, Any]:
    """An adapter in the configuration file: in its plain form if it has one, else as a URL."""
    plain = Adapter(adapter.medium, adapter.framing, adapter.address, adapter.host, adapter.port)
    line: dict[str, Any] = {"baudrate": adapter.baudrate, "comset": adapter.comset}
    is_plain = adapter == replace(plain, **line)
    if is_plain and (adapter.medium, adapter.framing) == (Medium.SERIAL, Framing.RTU):
        return {"device": adapter.address, **line}
    # The line behind a gateway has its settings in a URL, if they are not the common ones.
    is_plain = adapter == plain or (is_plain and not adapter.is_serial_line)
    if is_plain and adapter.medium is Medium.TCP and adapter.framing is not Framing.ASCII:
        return {"device": adapter.address, **({"rtu": True} if adapter.framing is Framing.RTU else {})}
    return {"device": str(adapter)}
