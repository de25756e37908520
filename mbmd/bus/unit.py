"""The SunSpec devices of one unit: found by asking, read together, and told apart again."""

import logging
from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from math import inf
from time import monotonic, time
from typing import NamedTuple

from mbmd.bus.headers import with_headers
from mbmd.bus.meter import Brought, Group, Meter, groups_of
from mbmd.devices.schema import Register
from mbmd.devices.settings import Settings
from mbmd.measurements import Measurement
from mbmd.planner import Block, Limits
from mbmd.protocol.pdu import Request, read
from mbmd.protocol.timing import Costs
from mbmd.readings.device import NAN, NO_TEXTS, Descriptor, DeviceReadings
from mbmd.readings.hub import Hub
from mbmd.sunspec.chain import Chain
from mbmd.sunspec.common import BASES, MARKER_REGISTERS, Common
from mbmd.sunspec.device_type import has_signed_counters
from mbmd.sunspec.registers import HOLDING, Offer, borders, offer

SEARCH_AGAIN = 3600.0
"""Seconds after which a unit is asked for its models again: a new firmware may bring others."""
SEARCH_SOON = 60.0
"""Seconds after which it is asked again when the models may go on behind what was answered, or are others by now."""
REFUSING_POLLS = 3
"""Polls in a row with refused reads after which the models may be others."""

NOWHERE = -1

log = logging.getLogger(__name__)


class Part:
    """One logical device of a unit, with the readings that everybody sees.

    It may be handed on to another `UnitMeter` of the same unit, as others come and go beside it.
    """

    def __init__(self, number: int, readings: DeviceReadings, settings: Settings) -> None:
        self.number = number
        self.readings = readings
        self.settings = settings
        self.wanted = frozenset(register.measurement for register in settings.registers)
        readings.is_found = False
        readings.absent = frozenset(readings.slots)
        readings.health.rate = settings.rate

    def key(self, measurement: str) -> str:
        """What a measurement is called among those of all the unit."""
        return f"{measurement}.{self.number}" if self.number else measurement


class _Share(NamedTuple):
    """What of the unit's column is a part's: for each slot of the part the one there, or NOWHERE."""

    part: Part
    column: tuple[int, ...]
    slots: frozenset[int]
    keys: frozenset[str]

    @classmethod
    def of_part(cls, part: Part, slots: Mapping[str, int]) -> "_Share":
        keys = [part.key(name) for name in part.readings.slots]
        column = tuple(slots.get(key, NOWHERE) for key in keys)
        return cls(part, column, frozenset(column) - {NOWHERE}, frozenset(keys).intersection(slots))

    def of(self, values: "array[float]") -> Brought:
        """The part's own column."""
        readings = self.part.readings
        column = array("d", [NAN if slot == NOWHERE else values[slot] for slot in self.column])
        return Brought(readings, column, NO_TEXTS, not readings.online)

    def places(self, slots: Collection[int]) -> list[int]:
        """The part's own slots of some of the unit's."""
        return [place for place, slot in enumerate(self.column) if slot in slots]


class Found(NamedTuple):
    """What there is to read of a unit: its chain, and of each part, in their order, the registers that count."""

    chain: Chain
    registers: tuple[tuple[Register, ...], ...]


class UnitMeter(Meter):
    """All devices of one SunSpec unit as one: a read may bring values of several.

    `readings` is the account of the whole unit, which nobody else sees: its measurements are those of all parts, by
    `Part.key`. It is made anew when the unit turns out to have other models.
    """

    def __init__(self, unit: int, parts: Sequence[Part], costs: Costs) -> None:
        self.parts = tuple(parts)
        self.found: Found | None = None
        self._known: tuple[Mapping[str, object], float] | None = None
        self._search_at = -inf
        self._searched_at = -inf
        self._noted: set[str] = set()
        self._refusals = 0
        self._shares: list[_Share] = []
        self._turned: list[DeviceReadings] = []
        readings = DeviceReadings(", ".join(part.readings.id for part in parts), parts[0].readings.type, ())
        # Parts that were there before go on counting.
        oldest = max((part.readings for part in parts), key=lambda of_part: of_part.requests)
        readings.health.since = oldest.health.since
        readings.requests, readings.errors = oldest.requests, oldest.errors
        readings.health.errors.update(oldest.health.errors)
        super().__init__(unit, readings, _together(parts), costs)
        self.is_heard = any(part.readings.online for part in parts)

    @property
    def bases(self) -> tuple[int, ...]:
        """Where to look for the marker: first where it was, else another place after each vain probe."""
        bases = self.settings.bases or BASES
        if self.found is not None:
            first = self.found.chain.base
            return (first, *(base for base in bases if base != first))
        start = self.probes % len(bases)
        return bases[start:] + bases[:start]

    def must_search(self, now: float) -> bool:
        """Whether the models are not known, or may be others by now."""
        return now >= self._search_at

    def search_later(self) -> None:
        """The search brought nothing, but the device is there."""
        self._search_at = monotonic() + SEARCH_SOON

    def advance(
        self,
        started: float,
        answered: Sequence[Block],
        failed: Sequence[Block],
        left: Sequence[Block],
        refused: bool = False,
    ) -> float:
        """Refusals time after time may mean that the models are others."""
        self._refusals = self._refusals + 1 if refused else 0
        if self._refusals == REFUSING_POLLS:
            self._search_at = -inf
        return super().advance(started, answered, failed, left)

    def moved(self) -> None:
        """A model is not what it was: all of them are asked for again."""
        self._search_at = -inf

    def lost(self) -> None:
        """What had values is refused: the models may be others, but that is looked at once in a while."""
        self._search_at = min(self._search_at, self._searched_at + SEARCH_SOON)

    def tell(self, offers: Iterable[Offer]) -> None:
        """Warn, once, of what is strange about the models."""
        for part, offered in zip(self.parts, offers, strict=True):
            for note in offered.notes:
                text = f"{part.readings.id}: {note}"
                if text not in self._noted:
                    self._noted.add(text)
                    log.warning("%s", text)

    def remember(self, known: Mapping[str, object], now: float) -> None:
        """What was learned another time is of use when the models are known."""
        self._known = known, now

    def first_request(self) -> Request | None:
        """The marker."""
        return read(HOLDING, self.bases[0], MARKER_REGISTERS)

    def offers(self, chain: Chain) -> list[Offer]:
        """What the models of a chain have for each part."""
        return [offer(chain, part.number, _has_signed_counters(part, chain)) for part in self.parts]

    def adopt(self, found: Found) -> bool:
        """Read what was found; returns whether it is something else than before."""
        is_same = found == self.found
        self._searched_at = monotonic()
        self._search_at = self._searched_at + (SEARCH_SOON if found.chain.may_go_on and not is_same else SEARCH_AGAIN)
        if is_same:
            return False
        self.found = found
        known, then = self._known or (self.learned.dump(), time())
        self._known = None
        bare, guarded = self._groups(found)
        limits = Limits(self.settings.max_registers, self.settings.holes, borders=borders(found.chain))
        groups = with_headers(bare, found.chain, limits, self.costs)
        self._renew_readings(groups, found)
        self.read_these(groups, guarded, limits.borders)
        super().remember(known, then)
        for part, registers in zip(self.parts, found.registers, strict=True):
            self._introduce(part, registers, found.chain)
        return True

    def _groups(self, found: Found) -> tuple[list[Group], list[Register]]:
        """The registers of all parts by how often they are read, and those whose counters must be plausible."""
        by_rate: dict[float, list[Register]] = {}
        guarded: list[Register] = []
        for part, registers in zip(self.parts, found.registers, strict=True):
            classes = {register.measurement: register.poll for register in part.settings.registers}
            wanted = tuple(replace(register, poll=classes[register.measurement]) for register in registers)
            for group in groups_of(replace(part.settings, registers=wanted)) if wanted else ():
                mine = [replace(r, measurement=part.key(r.measurement)) for r in group.registers]
                by_rate.setdefault(group.rate, []).extend(mine)
                guarded += mine if part.settings.plausibility else []
        return [Group(tuple(by_rate[rate]), rate) for rate in sorted(by_rate)], guarded

    def _renew_readings(self, groups: Iterable[Group], found: Found) -> None:
        before = self.readings
        there = {register.measurement for group in groups for register in group.registers}
        keys = {part.key(m.name): m for part in self.parts for m in part.readings.measurements}
        measurements = (_named(keys[key], key) for key in there)
        self.readings = DeviceReadings(_names(self.parts, found) or before.id, before.type, measurements)
        self.readings.health = before.health
        self.readings.requests, self.readings.errors = before.requests, before.errors
        self.readings.online = before.online
        self._shares = [_Share.of_part(part, self.readings.slots) for part in self.parts]

    def _introduce(self, part: Part, registers: Sequence[Register], chain: Chain) -> None:
        """Take what the unit says that a part is and has; a chain that may go on takes nothing away."""
        readings = part.readings
        models = chain.of(part.number)
        absent = frozenset(readings.slots).difference(register.measurement for register in registers)
        readings.absent = absent & readings.absent if chain.may_go_on else absent
        readings.is_found = bool(models) or (readings.is_found and chain.may_go_on)
        names = {part.key(register.measurement): register.measurement for register in registers}
        rates = self.readings.health.rates
        readings.health.rates = {name: rates[key] for key, name in names.items()}
        self._turned.append(readings)
        if models:
            common = chain.commons[part.number]
            readings.descriptor = Descriptor(
                common.manufacturer, common.model, common.options, common.version, common.serial
            )
            log.info("%s: %s", readings.id, _portrait(readings.descriptor, chain, part.number))
        elif not readings.is_found:
            readings.descriptor = Descriptor()

    def _trouble(self, part: Part) -> str:
        """Why nothing can come of a part; empty if something can, or nothing is known."""
        if self.found is None or self.found.registers[self.parts.index(part)]:
            return ""
        chain = self.found.chain
        models = chain.of(part.number)
        if not models and chain.may_go_on:
            return f"unit {self.unit} did not tell of subdevice {part.number} yet: its answers ended too early"
        if not models:
            there = ", ".join(str(number) for number in range(len(chain.commons)))
            return f"unit {self.unit} has no subdevice {part.number}: it has {there}"
        ids = ", ".join(str(model.id) for model in models)
        return f"it has no measurements that are wanted, with the models {ids}"

    @property
    def emptiness(self) -> str:
        """Why nothing can come of any of its parts."""
        return "; ".join(dict.fromkeys(map(self._trouble, self.parts)))

    def told(self, measurement: str) -> str:
        """A measurement of the unit, as the log has it."""
        names = {part.key(name): f"{part.readings.id}: {name}" for part in self.parts for name in part.readings.slots}
        return names[measurement]

    def go_offline(self, trouble: str) -> None:
        """Forget all values; when it returns, it is asked for its models, as it may have others."""
        super().go_offline(trouble)
        self._search_at = -inf

    def withdraw(self, trouble: str) -> list[DeviceReadings]:
        """Go offline with all parts; returns the readings whose state is another now."""
        self.go_offline(trouble)
        return [part.readings for part in self.parts if _withdraw(part, self._trouble(part) or trouble)]

    def _take(self, brought: Brought, keep: Collection[int], monotonic: float, timestamp: float) -> list[Brought]:
        super()._take(brought, keep, monotonic, timestamp)
        kept, gone = frozenset(keep), self.gone()
        of_parts = []
        for share in self._shares:
            if share.keys <= gone:
                self._lose(share.part)
            elif not share.slots <= kept:
                of_part = share.of(brought.values)
                of_part.readings.commit(of_part.values, share.places(kept), monotonic, timestamp)
                of_part.readings.health.trouble = ""
                of_part.readings.health.last_seen = timestamp
                of_parts.append(of_part)
        return of_parts

    def _lose(self, part: Part) -> None:
        trouble = self._trouble(part) or "the unit answers, but nothing of this device"
        if _withdraw(part, trouble):
            log.warning("%s: offline, %s", part.readings.id, trouble, extra={"device": part.readings.id})
            self._turned.append(part.readings)

    def account(self, hub: Hub) -> None:
        """Let the parts show the account of the unit after a poll, and tell of those that are another now."""
        turned, self._turned = self._turned, []
        for readings in turned:
            hub.turn(readings)
        whole = self.readings
        for part in self.parts:
            readings = part.readings
            readings.requests, readings.errors = whole.requests, whole.errors
            mine, its = readings.health, whole.health
            mine.errors, mine.plan = its.errors, its.plan
            mine.since, mine.interval, mine.took = its.since, its.interval, its.took
            names = {part.key(name): name for name in readings.slots} if its.refused or its.held_back else {}
            mine.refused = tuple(names[key] for key in its.refused if key in names)
            mine.held_back.clear()
            mine.held_back.update({names[key]: n for key, n in its.held_back.items() if key in names})


def _names(parts: Sequence[Part], found: Found) -> str:
    """The parts of which something can be read."""
    return ", ".join(part.readings.id for part, of in zip(parts, found.registers, strict=True) if of)


def _withdraw(part: Part, trouble: str) -> bool:
    """A part is offline; whether its state is another now."""
    before = part.readings.state
    if part.readings.online:
        part.readings.go_offline()
    part.readings.health.gone(trouble)
    return part.readings.state is not before


def _has_signed_counters(part: Part, chain: Chain) -> bool:
    """Whether its accumulators may be negative: by its type, or by what it says it is."""
    told = chain.commons[part.number] if part.number < len(chain.commons) else Common()
    return has_signed_counters(part.readings.type, told.manufacturer)


def _together(parts: Sequence[Part]) -> Settings:
    """Settings that suit all parts; there is nothing to read yet."""
    all_of = [part.settings for part in parts]
    return replace(
        all_of[0],
        registers=(),
        timeout=max(settings.timeout for settings in all_of),
        pause=max(settings.pause for settings in all_of),
        max_registers=min(settings.max_registers for settings in all_of),
        holes=all(settings.holes for settings in all_of),
        rate=min(settings.rate for settings in all_of),
        rating=max(settings.rating for settings in all_of),
    )


def _named(measurement: Measurement, key: str) -> Measurement:
    return measurement if measurement.name == key else replace(measurement, name=key)


def _portrait(told: Descriptor, chain: Chain, number: int) -> str:
    """What a logical device is, in a line."""
    texts = [told.manufacturer, told.model, told.options, told.version, told.serial and f"serial {told.serial}"]
    ids = ", ".join(str(model.id) for model in chain.of(number))
    return f"{' '.join(filter(None, texts)) or 'a SunSpec device'}; models {ids} from {chain.of(number)[0].address}"
