"""What a benchmark measures."""

import statistics
from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

Better = Literal["higher", "lower"]


class Figure(Struct, frozen=True):
    """One thing that was measured, a value for each repeat, in their order.

    `name` is unique within its benchmark and stays from version to version: figures are compared by it. `better` says
    which way is the good one, None that there is none. `aim` is what the median should reach.
    """

    name: str
    unit: str
    values: Annotated[tuple[float, ...], Meta(min_length=1)]
    better: Better | None = None
    aim: float | None = None

    @property
    def median(self) -> float:
        """The value in the middle."""
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """How far the values are apart, from the lowest to the highest, in the figure's unit."""
        return max(self.values) - min(self.values)

    @property
    def reached(self) -> bool | None:
        """Whether the median reaches the aim; None if there is no aim."""
        if self.aim is None or self.better is None:
            return None
        return self.median >= self.aim if self.better == "higher" else self.median <= self.aim


def ratio(
    name: str, above: Sequence[float], below: Sequence[float], better: Better | None = None, aim: float | None = None
) -> Figure:
    """What was measured in pairs, one divided by the other, pair by pair."""
    return Figure(name, "x", tuple(a / b for a, b in zip(above, below, strict=True)), better, aim)
