"""Meters of all types as pure functions from a read to its answer, in everyday and in poor circumstances."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mbmd.devices.identify import Answers, Identifier, Read, also_fit
from mbmd.devices.registry import BUILT_IN
from mbmd.simulator.registers import Image, encode, meter_of
from mbmd.simulator.values import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mbmd.devices.evidence import Answer
    from mbmd.devices.schema import DeviceType

TYPES = tuple(map(BUILT_IN.get, BUILT_IN.names()))
_ENERGY = re.compile(r"(Import|Export|Sum|Reactive(Import|Export|Sum))(T\d|L\d)?")
_LOAD = re.compile(r"Current|.*Power|Cosphi|PhaseAngle|ThreePhase|THD")


def _new(name: str, value: float) -> float:
    return 0.0 if _ENERGY.fullmatch(name) else value


def _idle(name: str, value: float) -> float:
    return 0.0 if _LOAD.match(name) else value


SCENES: Mapping[str, Callable[[str, float], float]] = {
    "everyday": lambda name, value: value,
    "no counts": _new,
    "no load": _idle,
    "neither": lambda name, value: _new(name, _idle(name, value)),
    "one phase": lambda name, value: 0.0 if re.search("L[23]", name) else value,
    "110 V": lambda name, value: value * 110 / 230 if name.startswith("Voltage") else value,
}
"""What becomes of the value of a measurement."""
GAPS = ("strict", "zero")


def registers(device: DeviceType, unit: int = 1, scene: str = "everyday") -> Image:
    """The words of a meter, as its table has them."""
    words: Image = {3: {}, 4: {}}
    moment = meter_of(device, unit).at(5.0)
    for register in (*((device.probe,) if device.probe else ()), *device.registers):
        value = SCENES[scene](register.measurement, reading(register.measurement, moment))
        words[register.function].update(enumerate(encode(register, value), register.address))
    return words


def answer(image: Image, read: Read, gaps: str = "strict", most: int = 125) -> Answer:
    """What a meter answers that refuses what it does not know (strict), or says 0 (zero)."""
    if read.size > most:
        return 3
    words = [image[read.function].get(at) for at in range(read.address, read.address + read.size)]
    if gaps == "strict" and None in words:
        return 2
    return b"".join((word or 0).to_bytes(2) for word in words)


def interview(identifier: Identifier, ask: Callable[[Read], Answer]) -> dict[Read, Answer]:
    """All that an identifier wants to know of a meter."""
    answers: dict[Read, Answer] = {}
    while (read := identifier.next_read(answers)) is not None:
        answers[read] = ask(read)
    return answers


def interviewed(identifier: Identifier, device: DeviceType, scene: str = "everyday", gaps: str = "strict") -> Answers:
    """The same of a simulated meter."""
    image = registers(device, 1, scene)
    return interview(identifier, lambda read: answer(image, read, gaps, device.max_registers))


def _rows() -> Iterator[str]:
    identifier = Identifier(TYPES)
    for scene in SCENES:
        for gaps in GAPS:
            for device in TYPES:
                answers = interviewed(identifier, device, scene, gaps)
                matches = identifier.matches(answers)
                first = [kind.type for kind in matches[0].types] if matches else ["unknown"]
                also = [kind.type for match in also_fit(matches) for kind in match.types]
                if scene == "everyday" or first != [device.type] or also:
                    verdict = "right" if device.type in first else "also" if device.type in also else "wrong"
                    reads = len(answers) - len(identifier.probes)
                    told = " = ".join(first) + (f"; also {', '.join(also)}" if also else "")
                    yield f"{scene:<9} {gaps:<6} {device.type:<11} {verdict:<5} {reads:>2} more reads: {told}\n"


def confusions() -> str:
    """For each type, scene and kind of gaps, what it is taken for; outside everyday only where that is not it alone."""
    return "".join(_rows())
