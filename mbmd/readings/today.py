"""What the energy counters of a device have counted since local midnight; pure. Times are Unix seconds."""

from collections.abc import Container, Iterable, Mapping
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeAlias

import msgspec

from mbmd.measurements import Kind, Measurement
from mbmd.readings.device import MOST_LAYOUTS

if TYPE_CHECKING:
    from array import array

NEAR = 600.0
"""Seconds that values may lie apart and yet count as of one moment: some measurements are read that seldom."""
ROUNDING = 1e-3
"""What a counter may lose without having begun anew, relative: of four digits the last one."""
KWH: Mapping[str, float] = {"Wh": 1e-3, "kWh": 1.0, "MWh": 1e3, "GWh": 1e6}
"""Units of energy in kWh."""

_Number = Annotated[float, msgspec.Meta(ge=-1e15, le=1e15)]
_Energies: TypeAlias = dict[str, _Number]


def midnight(time: float, zone: tzinfo | None = None) -> float:
    """When the day of a time began, in a zone or that of this machine; it may be another hour than 0."""
    local = datetime.fromtimestamp(time, zone)
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).timestamp()


class Counter(NamedTuple):
    """An energy counter of a device: its slot, how many kWh one of its units is, and whether it may run backwards."""

    name: str
    slot: int
    kwh: float
    is_balance: bool


def energy_counters(measurements: Iterable[Measurement]) -> tuple[Counter, ...]:
    """The energy counters among measurements, which are in the order of their slots."""
    return _energy_counters(tuple(measurements))


@lru_cache(maxsize=MOST_LAYOUTS)
def _energy_counters(measurements: tuple[Measurement, ...]) -> tuple[Counter, ...]:
    return tuple(
        Counter(known.name, slot, KWH[known.unit], known.is_balance)
        for slot, known in enumerate(measurements)
        if known.kind is Kind.COUNTER and known.unit in KWH
    )


def energies(counters: Iterable[Counter], column: "array[float]") -> dict[str, float]:
    """What counters have in a column, in kWh."""
    return {c.name: column[c.slot] * c.kwh for c in counters if column[c.slot] == column[c.slot]}


class Account(msgspec.Struct):
    """What one device has counted: `base` are its counters at `since`, `latest` those at `seen`, in kWh.

    It is `complete` if it counts from midnight on. A day begins with the last values of the day before, if these are
    not older than NEAR or have not changed; else with its first values. If a counter falls, as the meter was replaced
    or reset, all begin anew.
    """

    since: _Number = 0.0
    seen: _Number = 0.0
    complete: bool = False
    base: _Energies = {}
    latest: _Energies = {}

    def note(self, values: Mapping[str, float], time: float, midnight: float, balances: Container[str] = ()) -> bool:
        """Take the counters that were read at a time, of the day that began at `midnight`.

        Returns whether `base` is another now. Of `balances` it is expected that they run backwards.
        """
        if not values:
            return False
        before = self.base
        if any(_fell(self.latest[n], value, n in balances) for n, value in values.items() if n in self.latest):
            self._begin(values, time)
            self.latest = {}
        elif not midnight <= self.since <= time:
            self._begin_day(values, time, midnight)
        if time - self.since <= NEAR and not values.keys() <= self.base.keys():
            self.base = {**values, **self.base}
        self.latest = self.latest | {
            n: value if n in balances else max(value, self.latest.get(n, value)) for n, value in values.items()
        }
        self.seen = time
        return self.base is not before

    def energy(self) -> dict[str, float]:
        """What was counted since `since`; in whole mWh, as decimal numbers do not come out even."""
        return {n: round(value - self.base[n], 6) for n, value in sorted(self.latest.items()) if n in self.base}

    def distrust(self) -> None:
        """The clock was set: how old `latest` is is not known any more."""
        self.seen = 0.0

    def _begin_day(self, values: Mapping[str, float], time: float, midnight: float) -> None:
        age = midnight - self.seen
        has_not_moved = all(self.latest.get(n) == value for n, value in values.items())
        if age >= 0 and self.seen and (age <= NEAR or has_not_moved):
            self.base, self.since, self.complete = self.latest, midnight, True
        else:
            self._begin(values, time)

    def _begin(self, values: Mapping[str, float], time: float) -> None:
        self.base, self.since, self.complete = dict(values), time, False


def _fell(before: float, now: float, is_balance: bool) -> bool:
    """Whether a counter begins anew; a balance does only if it loses much."""
    return now < before - (abs(before) / 2 + 10 if is_balance else abs(before) * ROUNDING)


def restored(entry: Mapping[str, object], counters: Iterable[Counter]) -> Account:
    """The account of which a file had `entry`, an object of whatever it may be; a new one if it is none."""
    try:
        account = msgspec.convert(entry, Account)
    except msgspec.ValidationError:
        return Account()
    names = {counter.name for counter in counters}
    account.base = {n: value for n, value in account.base.items() if n in names}
    account.latest = {n: value for n, value in account.latest.items() if n in names}
    return account
