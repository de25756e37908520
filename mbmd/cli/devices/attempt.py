"""Reading all registers of a device once, whatever it refuses."""

from array import array
from collections.abc import Awaitable, Callable, Iterable, Mapping
from math import isnan, nan
from typing import NamedTuple, TypeAlias

from mbmd.devices.schema import Register
from mbmd.errors import LinkError, ModbusException, TransactionError, UnsteadyError
from mbmd.planner import Block, refine
from mbmd.protocol.pdu import Request

Ask: TypeAlias = Callable[[Request, int], Awaitable[bytes]]
"""Gives the data of the answer to a request, which is sent so many times at most.

Raises TransactionError or LinkError."""
ATTEMPTS = 3
MOST_VAIN = 8
"""Reads in vain, the last ones of a part of what was planned, after which a device that said nothing is not there."""
_ABOUT_REGISTERS = (2, 3, 4)
"""Exceptions that a read of fewer registers may not get."""


class Answer(NamedTuple):
    """What a device said of one register: the raw words in hex (of a coil 0 or 1) and its value, or the `error`.

    A value of None is what the device itself takes for none."""

    register: Register
    raw: str = ""
    value: float | str | None = None
    error: TransactionError | LinkError | None = None


async def read_all(ask: Ask, blocks: Iterable[Block], slots: Mapping[str, int]) -> list[Answer]:
    """An answer for each register of `blocks`.

    What is refused is read again in parts, down to single registers, and so is what gets no answer. Raises the first
    error when the device says nothing at all.
    """
    reading = _Reading(ask, slots)
    ahead = list(blocks)
    while ahead:
        ahead = [*await reading.read(ahead[0]), *ahead[1:]] or reading.parts_of_unanswered()
    reading.check_heard()
    return reading.answers


class _Reading:
    def __init__(self, ask: Ask, slots: Mapping[str, int]) -> None:
        self.answers: list[Answer] = []
        self._ask = ask
        self._slots = slots
        self._heard = False
        self._vain: list[TransactionError | LinkError] = []
        self._unanswered: list[tuple[Block, TransactionError | LinkError]] = []

    async def read(self, block: Block) -> list[Block]:
        """Read a block and take its answer; returns what is to be read in place of it."""
        is_hopeful = not self._vain or (self._heard and len(block.registers) == 1)
        try:
            payload = await self._data(block, ATTEMPTS if is_hopeful else 1)
        except (TransactionError, LinkError) as error:
            return self._parts_instead(block, error)
        self._heard = True
        self.answers += _decoded(block, payload, self._slots)
        return []

    async def _data(self, block: Block, attempts: int) -> bytes:
        """What its program is for: data of scales and of values in a row, where they are read apart."""
        payloads = [await self._ask(read.request, attempts) for read in block.reads]
        if block.parts and not block.is_steady(payloads[0], payloads[-1]):
            raise UnsteadyError("the scales changed while the values were read")
        return b"".join(payloads[:2])

    def _parts_instead(self, block: Block, error: TransactionError | LinkError) -> list[Block]:
        if isinstance(error, LinkError) or error.means_silence:
            self._unanswered.append((block, error))
            self._vain.append(error)
            if len(self._vain) >= MOST_VAIN:
                self.check_heard()
            return []
        self._heard = True
        is_about_registers = isinstance(error, ModbusException) and error.code in _ABOUT_REGISTERS
        parts = refine(block, self._slots) if is_about_registers else []
        if not parts:
            self._give_up(block, error)
        return parts

    def parts_of_unanswered(self) -> list[Block]:
        """What to read in place of reads that got no answer: the others were asked first."""
        unanswered, self._unanswered = self._unanswered, []
        ahead = []
        for block, error in unanswered:
            if parts := refine(block, self._slots):
                ahead += parts
            else:
                self._give_up(block, error)
        return ahead

    def check_heard(self) -> None:
        """Raise the first error if the device has said nothing yet."""
        if not self._heard:
            raise self._vain[0]

    def _give_up(self, block: Block, error: TransactionError | LinkError) -> None:
        self.answers += [Answer(register, error=error) for register in block.registers]


def _decoded(block: Block, payload: bytes, slots: Mapping[str, int]) -> list[Answer]:
    column = array("d", [nan]) * len(slots)
    block.program.run(payload, column)
    numbers = {r.measurement: column[slots[r.measurement]] for r in block.registers}
    values: dict[str, float | str] = {name: value for name, value in numbers.items() if not isnan(value)}
    values |= block.texts(payload)
    return [Answer(r, _raw(r, block, payload), values.get(r.measurement)) for r in block.registers]


def _raw(register: Register, block: Block, payload: bytes) -> str:
    """The words of a value, and behind them those of its scale; of a coil or discrete input its bit."""
    values, scales = block.origins
    at = register.address - values
    if register.is_bit:
        return str(payload[at >> 3] >> (at & 7) & 1)
    words = [payload[2 * at : 2 * (at + register.count)].hex(" ", 2)]
    if (scale := register.scale) is not None:
        words.append(payload[2 * (scale.address - scales) : 2 * (scale.end - scales)].hex(" ", 2))
    return " scale ".join(words)
