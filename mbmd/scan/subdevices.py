"""The logical devices that a SunSpec unit is made of; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mbmd.sunspec.common import COMMON, Common
from mbmd.sunspec.manufacturers import type_of
from mbmd.sunspec.measured import MEASURED

if TYPE_CHECKING:
    from mbmd.sunspec.chain import Chain


class Subdevice(NamedTuple):
    """A logical device: its number from 0, what it says it is, and the ids of its models in their order."""

    number: int
    common: Common
    models: tuple[int, ...]

    @property
    def is_measured(self) -> bool:
        """Whether any of its models has measurements."""
        return not MEASURED.keys().isdisjoint(self.models)

    @property
    def has_common(self) -> bool:
        """Whether it has model 1, be it one that says nothing."""
        return COMMON in self.models


def subdevices(chain: Chain) -> tuple[Subdevice, ...]:
    """The logical devices of a unit; where there is the marker alone one without models."""
    commons = chain.commons or (Common(),)
    return tuple(
        Subdevice(number, common, tuple(model.id for model in chain.of(number)))
        for number, common in enumerate(commons)
    )


def type_name(chain: Chain) -> str:
    """The type of a unit and all its logical devices: by the first of them that names a manufacturer."""
    return type_of(next((common.manufacturer for common in chain.commons if common.manufacturer), ""))
