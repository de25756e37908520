"""A device on a bus: its plan, and what it has refused."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mbmd.planner import Block, refine
from mbmd.readings.device import DeviceReadings

if TYPE_CHECKING:
    from array import array
from collections.abc import Iterable

WITHDRAWN_AFTER = 3
"""Polls in which a read may fail before its last values are withdrawn."""


@dataclass(eq=False, slots=True)
class Meter:
    """What the poller knows of one device.

    `plan` changes as the device refuses reads; `refused` are measurements that it does not have.
    `silent` says that its silence was reported.
    """

    unit: int
    readings: DeviceReadings
    whole_plan: tuple[Block, ...]
    pause: float = 0.0
    silent: bool = False
    plan: list[Block] = field(init=False)
    refused: list[str] = field(default_factory=list)
    failures: dict[Block, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.start_over()

    def start_over(self) -> None:
        """Plan as if nothing had been refused."""
        self.plan = list(self.whole_plan)
        self.refused.clear()
        self.failures.clear()

    def go_offline(self) -> None:
        """Forget its values, and what it refused: it may return as another."""
        self.readings.go_offline()
        if self.refused:
            self.start_over()

    def replan(self, block: Block) -> list[Block]:
        """Put smaller reads in the place of one that was refused; returns them, empty for a single register."""
        parts = refine(block, self.readings.slots)
        at = self.plan.index(block)
        self.plan[at : at + 1] = parts
        self.failures.pop(block, None)
        if not parts:
            self.refused += (register.measurement for register in block.registers)
        return parts

    def put_last(self, block: Block) -> None:
        """Ask for `block` after all others, so that it does not keep them from being asked."""
        self.plan.remove(block)
        self.plan.append(block)

    def commit(
        self,
        fresh: "array[float]",
        failed: list[Block],
        monotonic: float,
        timestamp: float,
        held: Iterable[Block] = (),
    ) -> None:
        """Take what a poll brought; reads that were held back keep their values, those that failed for a while."""
        held = list(held)
        if failed or self.failures:
            before = self.failures
            self.failures = {block: before[block] for block in held if block in before}
            self.failures |= {block: before.get(block, 0) + 1 for block in failed}
        slots = self.readings.slots
        keep = [
            slots[register.measurement]
            for block in held + failed
            if self.failures.get(block, 0) < WITHDRAWN_AFTER
            for register in block.registers
        ]
        self.readings.commit(fresh, keep, monotonic, timestamp)
