"""SunSpec units that answer as scripted, in memory or on a real line, and note each read."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from mbmd.config.adapter import Framing
from tests.integration.real_lines import playing
from tests.scripted import Asked, FarEnd, ScriptedLine
from tests.sunspec_images import BASES, Registers, find, is_known, points

MODES = ("normal", "exc2", "silent", "zeros", "ffff", "aligned", "nocross")
"""How a unit treats what others refuse: see `Unit`."""
ABSENT = 11
"""What a gateway says of a unit that is not there."""
HANG_UP: Final = "hang up"
"""The connection is closed in place of an answer."""

Answer: TypeAlias = list[int] | int | None
"""Registers, the code of an exception, or None for silence."""
Fault: TypeAlias = int | float | str | None
"""What becomes of one request: an exception by its code, HANG_UP, silence, or the answer after so many seconds."""


class Read(NamedTuple):
    """A request: `result` is `ok`, `silent`, `hang up` or `exc<code>`; connections are counted from 1."""

    unit: int
    address: int
    size: int
    result: str
    connection: int
    when: float


class Unit:
    """One unit with an image, which may be replaced while it runs.

    mode: normal: exception 2 for what is not mapped; exc2: for all; silent: nothing for all; zeros, ffff: what is not
    mapped reads so; aligned: exception 2 for reads that do not begin and end with a point; nocross: for reads that
    leave the model in which they begin. Marker and headers belong to the model that follows.
    maxcount: exception 3 for longer reads. exceptions: by address, for each read that touches it.
    """

    def __init__(
        self, registers: Registers, mode: str = "normal", *, maxcount: int = 125, bases: Iterable[int] = BASES
    ) -> None:
        assert mode in MODES
        self.mode = mode
        self.maxcount = maxcount
        self.exceptions: dict[int, int] = {}
        self.is_asleep = False
        self.renewed = 0
        self._bases = tuple(bases)
        self.load(registers)

    def load(self, registers: Registers) -> None:
        """Have another image from now on."""
        self.registers = dict(registers)
        self.renewed += 1
        self._starts, self._owners = _shape(self.registers, self._bases)

    def refuse(self, addresses: Iterable[int], code: int = 2) -> None:
        """Answer reads that touch one of the addresses with an exception from now on; 0 ends that."""
        for address in addresses:
            self.exceptions[address] = code
        self.exceptions = {address: code for address, code in self.exceptions.items() if code}

    def answer(self, function: int, address: int, count: int) -> Answer:
        """What a read brings."""
        if self.is_asleep or self.mode == "silent":
            return None
        if code := self._refusal(function, address, count):
            return code
        fill = {"zeros": 0, "ffff": 0xFFFF}.get(self.mode)
        words = [self.registers.get(at, fill) for at in range(address, address + count)]
        mapped = [word for word in words if word is not None]
        return mapped if len(mapped) == count else 2

    def _refusal(self, function: int, address: int, count: int) -> int:
        if self.mode == "exc2":
            return 2
        if function != 3:
            return 1
        if not 1 <= count <= self.maxcount:
            return 3
        if self.mode == "aligned" and not {address, address + count} <= self._starts:
            return 2
        if self.mode == "nocross" and self._owners.get(address) != self._owners.get(address + count - 1):
            return 2
        return next((c for at in range(address, address + count) if (c := self.exceptions.get(at))), 0)


class Site:
    """Units behind one address; it is a Step of a scripted line, and notes each read in `reads`.

    `faults` are what becomes of the next requests, None for no answer; `delay` is how long answers take. `closes`:
    the connection ends with each answer. `one_client`: others than the first are hung up on, until it is gone.
    `unknown` is what is said of units that are not there, None for nothing.
    """

    def __init__(self, units: Mapping[int, Unit], *, unknown: int | None = ABSENT) -> None:
        self.units = dict(units)
        self.unknown = unknown
        self.reads: list[Read] = []
        self.faults: Iterator[Fault] = iter(())
        self.delay = 0.0
        self.closes = False
        self.one_client = False
        self.on_read: Callable[[Read], None] = lambda _: None
        self._ends: list[FarEnd] = []

    def line(self, framing: Framing = Framing.MBAP) -> ScriptedLine:
        """A line in memory that leads here."""
        return ScriptedLine(framing, repeat(self))

    def __call__(self, far: FarEnd, asked: Asked) -> None:
        if far not in self._ends:
            self._ends.append(far)
        answer, delay = self._answer(asked, far)
        read = Read(asked.unit, *asked.place, _result(answer), self._ends.index(far) + 1, asked.when)
        self.reads.append(read)
        self.on_read(read)
        if answer is None:
            return
        if delay:
            asyncio.get_running_loop().call_later(delay, self._send, far, asked, answer)
        else:
            self._send(far, asked, answer)

    def read_of(self, unit: int, since: int = 0) -> list[tuple[int, int]]:
        """Address and size of the reads of a unit, from a place in `reads` on."""
        return [(read.address, read.size) for read in self.reads[since:] if read.unit == unit]

    def _answer(self, asked: Asked, far: FarEnd) -> tuple[list[int] | int | str | None, float]:
        if self.one_client and far is not next(end for end in self._ends if not end.transport.is_closing()):
            return HANG_UP, 0.0
        unit = self.units.get(asked.unit)
        answer = unit.answer(asked.function, *asked.place) if unit is not None else self.unknown
        fault = next(self.faults, 0.0)
        if isinstance(fault, float):
            return answer, fault + self.delay
        return fault, self.delay

    def _send(self, far: FarEnd, asked: Asked, answer: list[int] | int | str) -> None:
        if isinstance(answer, list):
            data = b"".join(word.to_bytes(2) for word in answer)
            far.send(asked.frame(bytes((asked.function, len(data))) + data))
        elif isinstance(answer, int):
            far.send(asked.frame(bytes((asked.function | 0x80, answer))))
        if self.closes or answer == HANG_UP:
            asyncio.get_running_loop().call_soon(far.transport.close)


@contextmanager
def serving(site: Site, url: str, folder: Path) -> Iterator[str]:
    """The address of a site on a real line, one of `real_lines.LINES`, played by a thread of its own."""
    loop = asyncio.new_event_loop()
    started: threading.Event = threading.Event()
    stop = asyncio.Event()
    address: list[str] = []

    async def play() -> None:
        async with playing(url, folder) as line:
            line.usual = site
            address.append(str(line.adapter))
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(play(),))
    thread.start()
    try:
        assert started.wait(30)
        yield address[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def _result(answer: list[int] | int | str | None) -> str:
    if isinstance(answer, list):
        return "ok"
    return f"exc{answer}" if isinstance(answer, int) else answer or "silent"


def _shape(registers: Registers, bases: Iterable[int]) -> tuple[set[int], dict[int, int]]:
    """Where points begin, and to which model, by number, an address belongs."""
    models = find(registers, bases)
    if not models:
        return set(), {}
    first, last = models[0].address, models[-1].span.stop
    starts, owners = {first - 2, last, last + 1, last + 2}, {first - 2: 0, first - 1: 0}
    for number, model in enumerate(models):
        owners |= dict.fromkeys(model.span, number)
        places = [p.at for p in points(model.id, model.length)] if is_known(model.id) else [0, 1, 2]
        starts |= {model.address + at for at in places if at < 2 + model.length}
    return starts, owners | {last: len(models), last + 1: len(models)}
