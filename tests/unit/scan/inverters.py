"""SunSpec units for scans: their registers, written down plainly, and what a scan makes of them."""

from collections.abc import Sequence

from mbmd.scan.bus import Survey
from mbmd.scan.subdevices import Subdevice, subdevices
from mbmd.sunspec.chain import Chain, End, Placement
from mbmd.sunspec.common import Common
from tests.scripted import Step
from tests.unit.scan.lines import words

MARKER = (0x5375, 0x6E53)
END_MARK = (0xFFFF, 0)
INVERTER = Common("SMA", "STP 8.0", "", "3.1", "4711")
METER = Common("SMA", "EMETER-20", "Grid meter", "2.03", "19002")
Models = Sequence[tuple[int, Sequence[int]]]
"""Ids and the registers behind their headers."""
OTHERS: Models = ((103, [0] * 50), (160, [0] * 48))


def texts(common: Common, length: int = 66) -> list[int]:
    """The registers of model 1 behind its header."""
    fields = ((common.manufacturer, 16), (common.model, 16), (common.options, 8), (common.version, 8))
    data = b"".join(text.encode().ljust(2 * size, b"\0") for text, size in (*fields, (common.serial, 16)))
    registers = [int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2)]
    return [*registers, 126, 0x8000][:length]


def image(models: Models, base: int = 40000, end: Sequence[int] = END_MARK) -> dict[int, int]:
    """The registers of a unit."""
    bodies = [word for model, body in models for word in (model, len(body), *body)]
    return dict(enumerate([*MARKER, *bodies, *end], base))


def unit(models: Models | None = None, base: int = 40000, end: Sequence[int] = END_MARK) -> Step:
    """A unit that refuses what is not in it, and knows one function; by itself an inverter."""
    registers = image([(1, texts(INVERTER)), *OTHERS] if models is None else models, base, end)
    return words({3: registers, 4: {}})


def chain(*commons: Common, models: Sequence[int] = (103,), base: int = 40000, end: End = End.MARK) -> Chain:
    """What a walk finds: logical devices with model 1 and the same further ones."""
    ids = [(number, model) for number in range(len(commons)) for model in (1, *models)]
    placed = [Placement(model, base + 2 + 12 * at, 10, number) for at, (number, model) in enumerate(ids)]
    return Chain(base, tuple(placed), commons, end, 2 if end is End.REFUSED else 0)


def found(made: Survey, number: int = 0) -> tuple[Subdevice, ...]:
    """The subdevices of one of the devices found."""
    sunspec = made.found[number].sunspec
    assert sunspec is not None
    return subdevices(sunspec)


def end_of(made: Survey, number: int = 0) -> End:
    """Why the models of one of the devices found ended."""
    sunspec = made.found[number].sunspec
    assert sunspec is not None
    return sunspec.end
