"""What goes wrong on a simulated line, and what simulated devices do not do."""

import random
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum


class Reads(StrEnum):
    """Which reads a SunSpec device takes: any, those that stay in one model, or those of whole points alone."""

    ANY = "any"
    MODEL = "model"
    POINT = "point"


@dataclass(frozen=True, slots=True)
class Faults:
    """Faults of a line and of the devices on it; shares are from 0 to 1, times are seconds.

    Of the answers, `loss` is the share that is lost, `corrupt` has one bit flipped, `cut` ends too early, `noise`
    is led by 1 to 8 random bytes, and `late` comes `late_by` after its time, so that those to later requests may
    overtake it. All come `delay` after their time. MBAP has no checksum: there a flipped bit may pass as another value.

    `echo`: each request comes back before its answer, as through a half-duplex adapter that hears itself.
    `transaction`: False where a gateway answers every MBAP request with transaction id 0.
    `dead` are units that never answer, even behind a gateway. Reads that touch `refuse`, registers as an address or
    as (function, address), get exception 2, and those of more than `max_registers`, if that is less than the
    device's own limit, exception 3. Reads that SunSpec devices do not take because of `reads` get exception 2; with
    `sleep` those that live of the sun do not answer at night.
    """

    loss: float = 0.0
    corrupt: float = 0.0
    delay: float = 0.0
    seed: int = 0
    late: float = 0.0
    late_by: float = 0.45
    cut: float = 0.0
    noise: float = 0.0
    echo: bool = False
    transaction: bool = True
    dead: AbstractSet[int] = frozenset()
    refuse: AbstractSet[int | tuple[int, int]] = frozenset()
    max_registers: int | None = None
    reads: Reads = Reads.ANY
    sleep: bool = False

    @property
    def of_devices(self) -> "Faults":
        """Those that the devices have by themselves, where a line of its own sees to the others."""
        return Faults(
            transaction=self.transaction,
            dead=self.dead,
            refuse=self.refuse,
            max_registers=self.max_registers,
            reads=self.reads,
            sleep=self.sleep,
        )

    def refuses(self, function: int, address: int, count: int) -> bool:
        """Whether a read touches a register that is refused."""
        return bool(self.refuse) and any(
            at in self.refuse or (function, at) in self.refuse for at in range(address, address + count)
        )


NO_FAULTS = Faults()


class Spoiler:
    """Draws the faults of one line; the same seed draws the same faults."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._random = random.Random(faults.seed)  # noqa: S311 - repeatable on purpose

    def delay(self) -> float:
        """Seconds that the next answer comes late."""
        return self._faults.delay + (self._faults.late_by if self._hits(self._faults.late) else 0.0)

    def spoil(self, answer: bytes) -> bytes:
        """What is left of an answer; empty when it is lost."""
        if self._hits(self._faults.loss):
            return b""
        if self._hits(self._faults.corrupt):
            place, bit = self._random.randrange(len(answer)), self._random.randrange(8)
            answer = answer[:place] + bytes([answer[place] ^ 1 << bit]) + answer[place + 1 :]
        if self._hits(self._faults.cut):
            answer = answer[: self._random.randrange(1, max(2, len(answer)))]
        if self._hits(self._faults.noise):
            answer = self._random.randbytes(self._random.randint(1, 8)) + answer
        return answer

    def _hits(self, share: float) -> bool:
        return share > 0 and self._random.random() < share
