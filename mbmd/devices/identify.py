"""Which device type a meter is: what to read of it, and from what came the types that fit; pure.

A type fits when its probe does, or another voltage of the mains. Types that fit alike are told apart by the registers
that one has and the other has not, or has in another form: first by telling ones (voltages, frequency, power factors),
then by any. What is 0 speaks for nobody, so that a meter that answers 0 for what it does not know gains nothing by it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from mbmd.devices.evidence import Answer, Span, is_readable, physical_unit, span, value, weight

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mbmd.devices.schema import DeviceType, Register

FITS = 0.4
"""The least score of a type that is worth telling."""
SURE = 4.0
"""The score of a type that more than one telling register speaks for."""
MARGIN = 1.0
"""Types whose scores differ by no more fit alike."""
MOST_READS = 40
"""Reads of one meter beside the probes."""


class Read(NamedTuple):
    """A read of one value."""

    function: int
    address: int
    size: int

    def __str__(self) -> str:
        return f"{self.function}:{self.address}+{self.size}"


Answers: TypeAlias = "Mapping[Read, Answer]"
"""What the reads of one meter brought."""


@dataclass(frozen=True, slots=True)
class Match:
    """Types that fit and have the same registers, so that nothing tells them apart; `values` are what was read."""

    types: tuple[DeviceType, ...]
    score: float
    values: Mapping[str, float]

    @property
    def is_sure(self) -> bool:
        """Whether more than one telling register speaks for it."""
        return self.score >= SURE


class Identifier:
    """Tells which of some device types a meter is.

    `probes` are the reads to begin with, those that most types have in common first.
    """

    def __init__(self, types: Iterable[DeviceType]) -> None:
        kinds: dict[object, _Kind] = {}
        for device in sorted(types, key=lambda device: device.type.upper()):
            kind = _Kind(device)
            if kind.probe is not None:
                kinds.setdefault((kind.probe, frozenset(kind.fields.items())), kind).types.append(device)
        self._kinds = tuple(kinds.values())
        sharers = Counter(_read(kind.probe) for kind in self._kinds for _ in kind.types if kind.probe)
        self.probes = tuple(sorted(sharers, key=lambda read: (-sharers[read], read)))

    def matches(self, answers: Answers) -> list[Match]:
        """The types that fit, best first; of two that fit alike, the one with fewer registers that say nothing."""
        scores = {kind: score for kind in self._kinds if (score := kind.score(answers)) >= FITS}
        ranked = sorted(scores, key=lambda kind: (-round(scores[kind], 6), kind.zeros(answers), len(kind.fields)))
        return [Match(tuple(kind.types), scores[kind], kind.values(answers)) for kind in ranked]

    def next_read(self, answers: Answers, brief: bool = False) -> Read | None:
        """What to read next of a meter that has answered so far; None when no more can be learned.

        `brief`: no more probes once a type fits, for a meter that is slow to say what it does not have.
        """
        scores = {kind: score for kind in self._kinds if (score := kind.score(answers)) > 0}
        probe = next((read for read in self.probes if read not in answers), None)
        if probe is not None and not (brief and scores):
            return probe
        if not scores or len(answers) >= len(self.probes) + MOST_READS:
            return None
        best = max(scores, key=lambda kind: scores[kind])
        rivals = [kind for kind, score in scores.items() if score >= scores[best] - MARGIN]
        return _separating(rivals, answers) or _confirming(best, scores[best], answers)


def also_fit(matches: Sequence[Match]) -> list[Match]:
    """Those of ranked matches that fit about as well as the first."""
    return [match for match in matches[1:] if match.score >= matches[0].score - MARGIN]


class _Kind:
    """Types with the same registers."""

    def __init__(self, device: DeviceType) -> None:
        self.types: list[DeviceType] = []
        registers = [register for register in device.registers if is_readable(register)]
        self.probe = _probe(device, registers)
        self.fields: dict[Read, Register] = {}
        for register in (*registers, *((self.probe,) if self.probe else ())):
            self.fields.setdefault(_read(register), register)

    def score(self, answers: Answers) -> float:
        """What all answers together say for these types; 0 if neither their probe nor another voltage fits."""
        weights = {
            register: weight(register, answers[read]) for read, register in self.fields.items() if read in answers
        }
        if not any(
            number > 0 and (register == self.probe or _is_mains(register)) for register, number in weights.items()
        ):
            return 0.0
        return sum(weights.values())

    def zeros(self, answers: Answers) -> int:
        """How many values are 0."""
        return sum(not number for number in self.values(answers).values())

    def values(self, answers: Answers) -> dict[str, float]:
        """What the answers mean."""
        found = ((register, answers.get(read)) for read, register in self.fields.items())
        return {register.measurement: value(register, data) for register, data in found if isinstance(data, bytes)}


def _read(register: Register) -> Read:
    return Read(register.function, register.address, register.count)


def _probe(device: DeviceType, registers: Sequence[Register]) -> Register | None:
    """What a meter must answer well to be of a type.

    It is the register that the type has where its table puts the probe, for some tables have it there in another
    form. Without a probe it is a voltage, a frequency, or else a counter, above all that of all energy.
    """
    probe = device.probe if device.probe and is_readable(device.probe) else None
    if probe is not None:
        place = probe.measurement, probe.function, probe.address
        return next((r for r in registers if (r.measurement, r.function, r.address) == place), probe)
    return min(registers, key=_preference, default=None)


def _preference(register: Register) -> tuple[bool, ...]:
    unit = _unit(register)
    return not _is_mains(register), unit != "Hz", register.measurement != "Sum", unit != "kWh"


def _is_mains(register: Register) -> bool:
    return _unit(register) == "V" and span(register).is_telling


def _unit(register: Register) -> str:
    return physical_unit(register.measurement)


def _separating(rivals: Sequence[_Kind], answers: Answers) -> Read | None:
    """The most telling read that says something else of one rival than of another."""
    ranked = []
    for read in {read for kind in rivals for read in kind.fields} - answers.keys():
        meanings = [_meaning(kind.fields.get(read)) for kind in rivals]
        if len(set(meanings)) > 1:
            telling = max(meaning.span.weight for meaning in meanings if meaning)
            ranked.append((-telling, max(map(meanings.count, meanings)), read))
    return min(ranked)[-1] if ranked else None


class _Meaning(NamedTuple):
    type: str
    divisor: float
    nan: int | None
    span: Span


def _meaning(register: Register | None) -> _Meaning | None:
    return None if register is None else _Meaning(register.type, register.divisor, register.nan, span(register))


def _confirming(kind: _Kind, score: float, answers: Answers) -> Read | None:
    """A read that shows whether the only types left are right: a frequency, more where little speaks for them yet,
    and a counter, which says which meter it is."""
    ahead = {read: register for read, register in kind.fields.items() if read not in answers}
    units = Counter(_unit(register) for read, register in kind.fields.items() if read in answers)
    for quantity in ("Hz", "kWh"):
        if not units[quantity]:
            wanted = (read for read, register in ahead.items() if _unit(register) == quantity)
            if read := next(wanted, None):
                return read
    return max(ahead, key=lambda read: span(ahead[read]).weight, default=None) if score < SURE else None
