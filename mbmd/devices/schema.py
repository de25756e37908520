"""What a device table says, once it is checked: device types and their registers."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mbmd.config.options import MAX_READ, PollClass
from mbmd.measurements import CATALOGUE, Measurement

_TYPES_BY_SIZE = {
    1: ("uint16", "int16"),
    2: ("uint32", "int32", "float32", "uint32_swapped", "int32_swapped", "float32_swapped"),
    4: ("uint64", "int64", "float64", "uint64_swapped", "int64_swapped", "float64_swapped"),
}
TYPES: Mapping[str, int] = MappingProxyType({name: size for size, names in _TYPES_BY_SIZE.items() for name in names})
"""Types of numbers and how many registers each takes; `_swapped` has the lowest word first."""

BIT = "bit"
"""The type of what is no register: a coil or a discrete input."""
BIT_FUNCTIONS = (1, 2)
TEXT_TYPES = ("string", "string_swapped")
"""Types of text; `_swapped` has the second byte of each register first."""

ADDRESSES = 65536


@dataclass(frozen=True, slots=True)
class Scale:
    """Where a device keeps the power of ten of a value, with the function of the value."""

    address: int
    type: str = "int16"
    nan: int | None = None

    @property
    def end(self) -> int:
        """The address behind it."""
        return self.address + TYPES[self.type]


@dataclass(frozen=True, slots=True)
class Anchor:
    """Registers that are read along, and the data that they must have: else other values than expected stand behind."""

    address: int
    data: bytes

    @property
    def end(self) -> int:
        """The address behind it."""
        return self.address + len(self.data) // 2


@dataclass(frozen=True, slots=True)
class Register:
    """Where a device keeps one measurement: value = raw / divisor * 10^scale + offset.

    Raw bits equal to `nan` are no value. `bits` are the lowest and how many of an unsigned number, None for all.
    `length` is that of a text, in registers.
    """

    measurement: str
    function: int
    address: int
    type: str
    divisor: float = 1.0
    nan: int | None = None
    poll: PollClass = PollClass.FAST
    offset: float = 0.0
    bits: tuple[int, int] | None = None
    scale: Scale | None = None
    length: int = 0
    anchor: Anchor | None = None

    @property
    def is_bit(self) -> bool:
        """Whether it is a coil or a discrete input: addresses, counts and limits are of bits then."""
        return self.type == BIT

    @property
    def is_text(self) -> bool:
        """Whether its value is no number."""
        return self.type in TEXT_TYPES

    @property
    def count(self) -> int:
        """Registers that the value takes."""
        return self.length or TYPES.get(self.type, 1)

    @property
    def end(self) -> int:
        """The address behind the value."""
        return self.address + self.count

    @property
    def least(self) -> int:
        """Registers that a read must have room for: those of the value, or those of its scale."""
        return max(self.count, TYPES[self.scale.type] if self.scale is not None else 0)

    @property
    def span(self) -> range:
        """The addresses that are read at once: of the value, of its scale and its anchor, and all between."""
        beside = [other for other in (self.scale, self.anchor) if other is not None]
        first = min([self.address, *(other.address for other in beside)])
        return range(first, max([self.end, *(other.end for other in beside)]))


@dataclass(frozen=True, slots=True)
class DeviceType:
    """A kind of meter.

    probe: what `scan` asks for; need not be one of the registers.
    max_registers: most registers that one read may have; coils and discrete inputs are none.
    holes: registers that are not in the table may be read along with their neighbours.
    pause: seconds of rest before each request.
    timeout: seconds that it may take to answer; None: no longer than others.
    rating: the most power in kW that it can measure; None: not known.
    own: measurements that the catalogue does not have.
    """

    type: str
    description: str
    manufacturer: str
    manual: str | None
    registers: tuple[Register, ...]
    probe: Register | None
    max_registers: int = MAX_READ
    holes: bool = True
    pause: float = 0.0
    timeout: float | None = None
    rating: float | None = None
    own: tuple[Measurement, ...] = ()

    @property
    def known(self) -> Mapping[str, Measurement]:
        """The catalogue and its own measurements by name."""
        return {**{measurement.name: measurement for measurement in self.own}, **CATALOGUE}

    @property
    def measurements(self) -> Mapping[str, Measurement]:
        """The measurements of its registers by name, in the order of the registers."""
        known = self.known
        return {register.measurement: known[register.measurement] for register in self.registers}
