"""How long everything takes on a serial line, and how its characters reach a program; pure."""

from dataclasses import dataclass
from math import ceil

BITS = 10
"""Of a character: start, eight of data, stop."""
REQUEST = 8
"""Characters of a request to read."""
FRAME = 5
"""Characters of an answer beside its registers."""
LATENCY = 0.001
"""Seconds for which an adapter collects characters before it hands them over."""
FAST_SILENCE = 0.00175
"""Seconds of silence between frames above 19200 baud, MODBUS over Serial Line V1.02, section 2.5.1.1."""


@dataclass(frozen=True, slots=True)
class Pace:
    """A line's rate, and the seconds that a meter thinks after the silence that ends a request."""

    baudrate: int
    turnaround: float = 0.005

    @property
    def character(self) -> float:
        """Seconds of a character."""
        return BITS / self.baudrate

    @property
    def silence(self) -> float:
        """Seconds without a character after which a frame is over, 3.5 characters up to 19200 baud."""
        return FAST_SILENCE if self.baudrate > 19200 else 3.5 * self.character

    def characters(self, registers: int) -> int:
        """Characters of a read and its answer."""
        return REQUEST + FRAME + 2 * registers

    def cost(self, registers: int) -> float:
        """Seconds that a read takes of the wire, from its first character to the earliest one of the next."""
        return self.characters(registers) * self.character + 2 * self.silence + self.turnaround

    def until_answered(self, characters: int) -> float:
        """Seconds from the first character of a request to the end of an answer of so many characters."""
        return (REQUEST + characters) * self.character + self.silence + self.turnaround

    def pieces(self, characters: int) -> list[tuple[float, int]]:
        """What an adapter hands over of an answer: after how many seconds of it, how many characters are there by then.

        No two pieces come within LATENCY, but the last character always comes at its own time.
        """
        step = max(1, ceil(LATENCY / self.character - 1e-9))
        ends = [*range(step, characters, step), characters]
        return [(end * self.character, end) for end in ends]
