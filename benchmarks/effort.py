"""How much is put into a run of the benchmarks, and what is told meanwhile."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Effort:
    """Each thing is measured `repeat` times, for `seconds` each time; `quick` leaves out what takes long.

    `tell` shows what is being done. `left_out` collects what could not be measured here, and why.
    """

    seconds: float = 3.0
    repeat: int = 5
    quick: bool = False
    tell: Callable[[str], None] = lambda _: None
    left_out: dict[str, str] = field(default_factory=dict)

    def rounds(self, ways: Mapping[str, Callable[[], T]]) -> dict[str, list[T]]:
        """What is compared, measured in turn and every other time in the reverse order, so that pairs can be formed.

        `ways` are by name; returns what each gave, an entry for each repeat.
        """
        results: dict[str, list[T]] = {name: [] for name in ways}
        for number in range(self.repeat):
            in_turn = [*ways] if number % 2 == 0 else [*ways][::-1]
            for name in in_turn:
                self.tell(f"{name}, {number + 1} of {self.repeat}")
                results[name].append(ways[name]())
        return results
