"""Units on a scripted line, and a scan of it in virtual time."""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence

from mbmd.bus.client import Client
from mbmd.config.adapter import Adapter, Framing
from mbmd.devices.identify import Identifier, Read
from mbmd.devices.registry import BUILT_IN
from mbmd.devices.schema import DeviceType
from mbmd.scan.bus import Scan, Survey
from mbmd.scan.unit import Portrait
from mbmd.session import Session
from tests import virtual_time
from tests.scripted import Asked, FarEnd, ScriptedLine, Step, drop, exception
from tests.simulated_units import TYPES, answer, registers

TIMEOUT = 0.2
RTU, MBAP = Framing.RTU, Framing.MBAP


def meter(name: str, unit: int = 1, gaps: str = "strict") -> Step:
    """A meter of a type; those of other `unit`s show other values."""
    device = BUILT_IN.get(name)
    return words(registers(device, unit), gaps, device.max_registers)


def words(image: Mapping[int, dict[int, int]], gaps: str = "strict", most: int = 125) -> Step:
    """A unit with any registers."""

    def step(far: FarEnd, asked: Asked) -> None:
        said = answer(dict(image), Read(asked.function, asked.address, asked.count), gaps, most)
        if isinstance(said, bytes):
            far.send(asked.frame(bytes((asked.function, len(said))) + said))
        elif said is not None:
            exception(said)(far, asked)

    return step


def zeros(far: FarEnd, asked: Asked) -> None:
    """0 in every register."""
    words({3: {}, 4: {}}, "zero")(far, asked)


def line_of(framing: Framing, units: Mapping[int, Step], nobody: Step = drop) -> ScriptedLine:
    """A line with some units; `nobody` is what happens when another is asked."""
    line = ScriptedLine(framing, itertools.repeat(nobody))
    line.by_unit.update(units)
    return line


def first(times: int, step: Step, then: Step) -> Step:
    """One thing about the first requests, and another about all others."""
    turns = itertools.chain(itertools.repeat(step, times), itertools.repeat(then))

    def turn(far: FarEnd, asked: Asked) -> None:
        next(turns)(far, asked)

    return turn


class Log:
    """What a scan told on its way."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []
        self.seen: list[int] = []

    def asking(self, adapter: Adapter, unit: int, left: int) -> None:
        self.asked.append((unit, left))

    def found(self, adapter: Adapter, portrait: Portrait) -> None:
        self.seen.append(portrait.unit)


def survey(
    line: ScriptedLine,
    units: Iterable[int],
    types: Sequence[DeviceType] = TYPES,
    sunspec: bool = False,
    log: Log | None = None,
    catch: type[Exception] | tuple[()] = (),
    change: Callable[[Client], None] = lambda client: None,
) -> Survey:
    """Scan a line; what `catch` catches leaves the survey as it is."""

    async def scan() -> Survey:
        client = Client(line.adapter, line.open, TIMEOUT)
        change(client)
        await client.connect()
        made = Survey(line.adapter)
        try:
            await Scan(Session(client), made, Identifier(types), sunspec, TIMEOUT, log or Log()).run(list(units))
        except catch:
            pass
        finally:
            client.close()
        return made

    return virtual_time.run(scan())


def types(made: Survey) -> dict[int, str]:
    """The best type of each device found."""
    return {portrait.unit: portrait.types[0] for portrait in made.found}


def times_asked(line: ScriptedLine, unit: int) -> int:
    """How many requests a unit has had."""
    return sum(asked.unit == unit for asked in line.asked)
