"""What goes wrong on a simulated line: answers lost, damaged or late."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Faults:
    """Shares of the answers that are lost or have one bit flipped, and seconds that each comes late.

    MBAP has no checksum: there a flipped bit may pass as another value.
    """

    loss: float = 0.0
    corrupt: float = 0.0
    delay: float = 0.0
    seed: int = 0


NO_FAULTS = Faults()


class Spoiler:
    """Draws the faults of one line; the same seed draws the same faults."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._random = random.Random(faults.seed)  # noqa: S311 - repeatable on purpose

    @property
    def delay(self) -> float:
        """Seconds that an answer comes late."""
        return self._faults.delay

    def spoil(self, answer: bytes) -> bytes:
        """What is left of an answer; empty when it is lost."""
        if self._random.random() < self._faults.loss:
            return b""
        if self._random.random() < self._faults.corrupt:
            place, bit = self._random.randrange(len(answer)), self._random.randrange(8)
            return answer[:place] + bytes([answer[place] ^ 1 << bit]) + answer[place + 1 :]
        return answer
