"""A simulated device: its registers, and its manners, as functions of time."""

from collections.abc import Callable
from dataclasses import dataclass, field

from mbmd.config.options import MAX_READ
from mbmd.simulator.borders import Borders
from mbmd.simulator.registers import Image


@dataclass(frozen=True, slots=True)
class Simulated:
    """A device by itself; times are seconds since it was switched on.

    `image` gives the same addresses at all times, and the same object as long as nothing in it changes.
    `max_registers`: most registers that one read may have. `is_asleep`: when it may be that it does not answer.
    """

    image: Callable[[float], Image]
    max_registers: int = MAX_READ
    is_asleep: Callable[[float], bool] = lambda _: False
    borders: Borders = field(default_factory=Borders)
