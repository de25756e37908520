"""What a scan has found, for people and for scripts, and how to poll it."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import asdict, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from mbmd.cli.output import console, print_json
from mbmd.config.adapter import Adapter, Framing, Medium
from mbmd.devices.evidence import physical_unit
from mbmd.devices.registry import SUNSPEC
from mbmd.errors import EXCEPTIONS
from mbmd.scan.alike import strangers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mbmd.scan.bus import Survey
    from mbmd.scan.unit import Portrait

_SHOWN_UNITS = ("V", "Hz", "kWh")
"""Of each unit the first value is shown: it tells people which of their meters it is."""

_CROWD = 8
"""So many units that answer the very same, and are of no type, are not there."""


def found_line(adapter: Adapter, portrait: Portrait) -> str:
    """A device in one line."""
    at = f" at {adapter.baudrate} {adapter.comset}" if adapter.medium is Medium.SERIAL else ""
    parts = [f"#{portrait.unit} type {portrait.types[0]}{at}: {_name(portrait)}", *_remarks(portrait)]
    return "; ".join(parts)


def print_summary(surveys: Sequence[Survey]) -> None:
    """What was found, what is strange, and what to do next; long lines stay whole, for they are to be pasted."""
    console().print("\n".join(summary(surveys)), soft_wrap=True)


def print_document(surveys: Sequence[Survey]) -> None:
    """The same as one JSON document."""
    print_json(document(surveys))


def summary(surveys: Sequence[Survey]) -> list[str]:
    """The lines of the summary."""
    lines = [f"found {sum(len(survey.found) for survey in surveys)} active devices:"]
    for survey in surveys:
        lines += [f"* {found_line(survey.adapter, portrait)}" for portrait in survey.found]
    for survey in surveys:
        lines += _notes(survey)
    seconds, requests = sum(survey.seconds for survey in surveys), sum(survey.requests for survey in surveys)
    lines.append(f"{requests} requests in {seconds:.1f} s")
    if not _is_complete(surveys):
        lines.append("the scan did not come to its end: there may be more")
    lines.append("devices with other registers than those that were asked for may be missed, see mbmd scan --help")
    for survey in surveys:
        lines += _next_steps(survey)
    return lines


def document(surveys: Sequence[Survey]) -> dict[str, Any]:
    """All that is known, with texts to paste."""
    return {
        "complete": _is_complete(surveys),
        "requests": sum(survey.requests for survey in surveys),
        "seconds": round(sum(survey.seconds for survey in surveys), 3),
        "devices": [_device(survey.adapter, portrait) for survey in surveys for portrait in survey.found],
        "unknown": [
            {"adapter": str(survey.adapter), "ids": [p.unit for p in group], **_strange(group[0])}
            for survey in surveys
            for group in strangers(survey.unknown)
        ],
        "notes": [note for survey in surveys for note in _notes(survey)],
        "polling": [
            {"adapter": str(survey.adapter), "devices": specs(survey), "command": command(survey), "yaml": yaml(survey)}
            for survey in surveys
            if pollable(survey)
        ],
    }


def pollable(survey: Survey) -> list[Portrait]:
    """The devices found that `mbmd run` can poll."""
    return [portrait for portrait in survey.found if portrait.types[0] not in SUNSPEC]


def specs(survey: Survey) -> str:
    """The devices as `-d` takes them."""
    return ",".join(f"{portrait.types[0].lower()}:{portrait.unit}" for portrait in pollable(survey))


def command(survey: Survey) -> str:
    """The command that polls the devices found."""
    return f"mbmd run -a {shlex.quote(str(survey.adapter))} -d {specs(survey)}"


def yaml(survey: Survey) -> str:
    """The part of a configuration file that polls the devices found."""
    from yaml import safe_dump

    adapter = _adapter(survey.adapter)
    devices = [
        {"name": _id(kind, portrait.unit), "type": kind, "id": portrait.unit, "adapter": adapter["device"]}
        for portrait in pollable(survey)
        for kind in [portrait.types[0].lower()]
    ]
    text: str = safe_dump(
        {"adapters": [adapter], "devices": devices}, sort_keys=False, default_flow_style=None, width=1000
    )
    return text


def ranges(units: Iterable[int]) -> str:
    """Numbers as `1-20, 22`."""
    runs = groupby(enumerate(sorted(units)), key=lambda pair: pair[1] - pair[0])
    spans = [[unit for _, unit in run] for _, run in runs]
    return ", ".join(f"{span[0]}-{span[-1]}" if len(span) > 1 else f"{span[0]}" for span in spans)


def _is_complete(surveys: Sequence[Survey]) -> bool:
    return bool(surveys) and all(survey.complete for survey in surveys)


def _name(portrait: Portrait) -> str:
    if portrait.sunspec is not None:
        known = portrait.sunspec
        serial = f"serial {known.serial}" if known.serial else ""
        return " ".join(filter(None, (known.manufacturer, known.model, known.version, serial))) or "no name"
    return portrait.matches[0].types[0].description


def _remarks(portrait: Portrait) -> list[str]:
    remarks = []
    if portrait.matches:
        values = portrait.matches[0].values
        shown = {
            physical_unit(name): f"{number:.1f}" for name, number in reversed(list(values.items())) if abs(number) > 0
        }
        remarks.append(", ".join(f"{shown[name]} {name}" for name in _SHOWN_UNITS if name in shown))
        if not portrait.matches[0].is_sure:
            remarks.append("perhaps: few registers speak for it")
    if len(portrait.types) > 1:
        remarks.append(f"has the same registers as {', '.join(portrait.types[1:])}")
    if portrait.also:
        remarks.append(f"also fits: {', '.join(portrait.also)}")
    if portrait.also_at:
        remarks.append(f"answers to {ranges(portrait.also_at)} too")
    return list(filter(None, remarks))


def _notes(survey: Survey) -> list[str]:
    """What is strange about a bus."""
    notes = []
    if survey.is_one_device:
        notes.append(
            f"{survey.adapter.address} answers to every id with the same device: it counts as one, "
            f"under id {survey.found[0].unit}"
        )
    notes += [_stranger_line(survey.adapter, group) for group in strangers(survey.unknown)]
    if survey.cut:
        notes.append(f"requests under which the connection ended: {survey.cut} ({survey.reason})")
    if survey.complete and not survey.portraits:
        notes.append(f"nothing answers on {survey.adapter.address}{_advice(survey.adapter)}")
    return notes


def _advice(adapter: Adapter) -> str:
    """What else to try on a bus that brought nothing."""
    if adapter.medium is Medium.SERIAL:
        return f" at {adapter.baudrate} {adapter.comset}: try --baudrates 9600,19200,38400 --comsets 8N1,8E1"
    if adapter.medium is not Medium.TCP or adapter.framing is Framing.ASCII:
        return ""
    framing = Framing.MBAP if adapter.framing is Framing.RTU else Framing.RTU
    return f": a gateway may speak another framing, try -a {shlex.quote(str(replace(adapter, framing=framing)))}"


def _stranger_line(adapter: Adapter, group: Sequence[Portrait]) -> str:
    first = group[0]
    ids = ranges(portrait.unit for portrait in group)
    if first.is_damaged:
        return (
            f"#{ids}: something answers, but damaged each time: two devices with one id, a bad line, "
            "or other settings than the bus has"
        )
    if len(group) >= _CROWD:
        return f"#{ids}: {len(group)} ids answer the very same, {_said(first)}: a gateway's answer, no devices"
    return (
        f"#{ids}: of no known type, it answers {_said(first)}; look at its registers with "
        f"mbmd read -a {shlex.quote(str(adapter))} -d {first.unit} 0 10, and describe them in a table of your own"
    )


def _said(portrait: Portrait) -> str:
    """What a unit answered to the probes, in words."""
    kinds: Counter[str] = Counter()
    for answer in portrait.answers.values():
        if isinstance(answer, int):
            kinds[f"exception {answer} ({EXCEPTIONS.get(answer, 'unknown')})"] += 1
        elif answer is None:
            kinds["nothing"] += 1
        else:
            kinds["other values" if any(answer) else "0"] += 1
    return ", ".join(f"{kind} to {number} reads" for kind, number in kinds.most_common())


def _next_steps(survey: Survey) -> list[str]:
    left_out = [portrait for portrait in survey.found if portrait not in pollable(survey)]
    lines = []
    if left_out:
        ids = ranges(portrait.unit for portrait in left_out)
        lines.append(f"SunSpec devices (#{ids}) are not polled by this version yet")
    if pollable(survey):
        lines += [
            "",
            "poll them with:",
            f"  {command(survey)}",
            "",
            "or with this in mbmd.yaml:",
            yaml(survey).rstrip(),
        ]
    return lines


def _id(kind: str, unit: int) -> str:
    """A name for a device: two numbers side by side would be read as one."""
    return f"{kind}-{unit}" if kind[-1].isdigit() else f"{kind}{unit}"


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


def _device(adapter: Adapter, portrait: Portrait) -> dict[str, Any]:
    best = portrait.matches[0] if portrait.matches else None
    described = best and {"description": best.types[0].description, "manufacturer": best.types[0].manufacturer}
    return {
        "id": portrait.unit,
        "type": portrait.types[0],
        **(described or {}),
        "same": portrait.types[1:],
        "also": portrait.also,
        "sure": best is None or best.is_sure,
        "values": best.values if best else {},
        "sunspec": asdict(portrait.sunspec) if portrait.sunspec else None,
        "also_at": portrait.also_at,
        "adapter": str(adapter),
        **({"baudrate": adapter.baudrate, "comset": adapter.comset} if adapter.medium is Medium.SERIAL else {}),
    }


def _strange(portrait: Portrait) -> dict[str, Any]:
    return {
        "damaged": portrait.is_damaged,
        "answers": {
            str(read): answer.hex() if isinstance(answer, bytes) else answer
            for read, answer in portrait.answers.items()
        },
    }
