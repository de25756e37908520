"""What a scan has found, for people and for scripts, and how to poll it."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from mbmd.cli.output import console, print_json
from mbmd.cli.scan_paste import command, is_pollable, specs, yaml
from mbmd.cli.scan_sunspec import sunspec_document, sunspec_texts
from mbmd.config.adapter import Adapter, Framing, Medium
from mbmd.devices.evidence import physical_unit
from mbmd.errors import EXCEPTIONS
from mbmd.scan.alike import strangers
from mbmd.sunspec.common import BASES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mbmd.scan.bus import Survey
    from mbmd.scan.unit import Portrait

_SHOWN_UNITS = ("V", "Hz", "kWh")
"""Of each unit the first value is shown: it tells people which of their meters it is."""

_CROWD = 8
"""So many units that answer the very same, and are of no type, are not there."""


def found_lines(adapter: Adapter, portrait: Portrait) -> list[str]:
    """A device in one line; a SunSpec device has one for each of its subdevices."""
    at = f" at {adapter.baudrate} {adapter.comset}" if adapter.medium is Medium.SERIAL else ""
    what = f"type {portrait.types[0]}{at}"
    if portrait.sunspec is None:
        name = portrait.matches[0].types[0].description
        return [f"#{portrait.unit} {what}: {'; '.join((name, *_remarks(portrait)))}"]
    bases = adapter.options.bases or BASES
    texts = sunspec_texts(portrait.sunspec, bases[0], _elsewhere(portrait))
    return [f"#{portrait.unit}{number} {what}: {text}" for number, text in texts]


def print_summary(surveys: Sequence[Survey]) -> None:
    """What was found, what is strange, and what to do next; long lines stay whole, for they are to be pasted."""
    console().print("\n".join(summary(surveys)), soft_wrap=True)


def print_document(surveys: Sequence[Survey]) -> None:
    """The same as one JSON document."""
    print_json(document(surveys))


def summary(surveys: Sequence[Survey]) -> list[str]:
    """The lines of the summary."""
    found = [line for survey in surveys for portrait in survey.found for line in found_lines(survey.adapter, portrait)]
    lines = [f"found {len(found)} active devices:", *(f"* {line}" for line in found)]
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
            if is_pollable(survey)
        ],
    }


def ranges(units: Iterable[int]) -> str:
    """Numbers as `1-20, 22`."""
    runs = groupby(enumerate(sorted(units)), key=lambda pair: pair[1] - pair[0])
    spans = [[unit for _, unit in run] for _, run in runs]
    return ", ".join(f"{span[0]}-{span[-1]}" if len(span) > 1 else f"{span[0]}" for span in spans)


def _is_complete(surveys: Sequence[Survey]) -> bool:
    return bool(surveys) and all(survey.complete for survey in surveys)


def _remarks(portrait: Portrait) -> list[str]:
    """What is known of a meter beside its type."""
    best = portrait.matches[0]
    shown = {
        physical_unit(name): f"{number:.1f}" for name, number in reversed(list(best.values.items())) if abs(number) > 0
    }
    remarks = [", ".join(f"{shown[name]} {name}" for name in _SHOWN_UNITS if name in shown)]
    if not best.is_sure:
        remarks.append("perhaps: few registers speak for it")
    if len(portrait.types) > 1:
        remarks.append(f"has the same registers as {', '.join(portrait.types[1:])}")
    if portrait.also:
        remarks.append(f"also fits: {', '.join(portrait.also)}")
    return list(filter(None, (*remarks, *_elsewhere(portrait))))


def _elsewhere(portrait: Portrait) -> list[str]:
    return [f"answers to {ranges(portrait.also_at)} too"] if portrait.also_at else []


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
    if not is_pollable(survey):
        return []
    return [
        "",
        "poll them with:",
        f"  {command(survey)}",
        "",
        "or with this in mbmd.yaml:",
        yaml(survey).rstrip(),
    ]


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
        "sunspec": sunspec_document(portrait.sunspec) if portrait.sunspec else None,
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
