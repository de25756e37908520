"""Days as people have them, and what was counted in them."""

import time as clock
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.measurements import CATALOGUE, Kind, Measurement
from mbmd.readings.today import NEAR, Account, Counter, energies, energy_counters, midnight, restored

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",  # until 2018 summer began at midnight: there was none
    "America/Havana",  # summer ends at 1:00: there are two midnights
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",  # 2011-12-30 was left out
]
TURNS = ["2011-12-30", "2017-10-15", "2018-02-17", "2026-03-08", "2026-03-29", "2026-04-24", "2026-10-25", "2026-11-01"]
DAY = 86400.0
HOUR = 3600.0
MIDNIGHT = 1_700_006_400.0  # 2023-11-15 in UTC
MINUTES = timedelta(minutes=5)


def stamp(text: str, zone: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def first_of_the_day(time: float, zone: ZoneInfo) -> float:
    """The oracle: the first full 5 minutes of UTC that are of the same date."""
    day = datetime.fromtimestamp(time, zone).date()
    begin = datetime.fromtimestamp(time // 300 * 300, UTC)
    firsts = (begin - step * MINUTES for step in range(27 * 12))
    return min(at.timestamp() for at in firsts if at.astimezone(zone).date() == day)


@given(st.sampled_from(ZONES), st.sampled_from(TURNS), st.integers(-200, 500).map(lambda n: n * 300.0))
def test_a_day_begins_with_its_first_moment(zone: str, turn: str, after: float) -> None:
    time = stamp(turn, "UTC") + after
    assert midnight(time, ZoneInfo(zone)) == first_of_the_day(time, ZoneInfo(zone))


@pytest.fixture
def machine_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Moves this machine to a zone."""

    def move(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        clock.tzset()

    yield move
    monkeypatch.undo()
    clock.tzset()


@pytest.mark.parametrize("zone", ZONES)
def test_the_zone_of_the_machine_counts(zone: str, machine_in: Any) -> None:
    machine_in(zone)
    for turn in TURNS:
        for after in range(-60, 80, 5):
            time = stamp(turn, "UTC") + after * 1200.0
            assert midnight(time) == midnight(time, ZoneInfo(zone))


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)], ids=["spring", "autumn", "other"]
)
def test_days_are_longer_and_shorter_where_clocks_are_set(day: str, hours: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    begin = midnight(stamp(f"{day} 12:00", "Europe/Berlin"), berlin)
    assert midnight(begin + hours * HOUR, berlin) == begin + hours * HOUR
    assert midnight(begin + hours * HOUR - 1, berlin) == begin


def test_all_energy_counters_count_in_kwh() -> None:
    own = [Measurement("Yield", "Yield", "Wh", Kind.COUNTER), Measurement("Left", "Left", "kWh", Kind.INSTANT)]
    names = ("Import", "ReactiveImport", "Power", "SumT1", "DCEnergyS1")
    counters = energy_counters([*own, *(CATALOGUE[name] for name in names)])
    assert counters == (
        Counter("Yield", 0, 1e-3, False),
        Counter("Import", 2, 1, False),
        Counter("SumT1", 5, 1, True),
        Counter("DCEnergyS1", 6, 1, False),
    )
    column = array("d", [2500, 1, 2, 3, 4, float("nan"), 6])
    assert energies(counters, column) == {"Yield": 2.5, "Import": 2, "DCEnergyS1": 6}


def note(account: Account, hours: float, **values: float) -> bool:
    """A look at a time of the days that begin at MIDNIGHT, in UTC."""
    time = MIDNIGHT + hours * HOUR
    return account.note(values, time, midnight(time, UTC), {"Sum"})


def told(account: Account) -> tuple[float, bool, dict[str, float]]:
    """Since when, in hours, whether complete, and the energy."""
    return (account.since - MIDNIGHT) / HOUR, account.complete, account.energy()


def test_who_comes_in_the_day_counts_from_there() -> None:
    account = Account()
    assert note(account, 10, Import=100.0, Export=5.0)
    assert not note(account, 11, Import=102.5, Export=5.0)
    assert told(account) == (10, False, {"Export": 0, "Import": 2.5})


def test_who_is_there_at_midnight_counts_from_there() -> None:
    account = Account()
    note(account, 23.9, Import=100.0)
    note(account, 23.999, Import=100.2)
    assert note(account, 24.001, Import=100.25)
    assert told(account) == (24, True, {"Import": 0.05})
    assert not note(account, 30, Import=107.2)
    assert told(account) == (24, True, {"Import": 7.0})


def test_who_is_away_over_midnight_counts_from_the_return() -> None:
    account = Account()
    note(account, 20, Import=100.0)
    assert note(account, 32, Import=110.0)
    note(account, 33, Import=111.0)
    assert told(account) == (32, False, {"Import": 1})


def test_who_slept_over_midnight_and_counted_nothing_misses_nothing() -> None:
    account = Account()
    note(account, 18, Import=3.0, Export=100.0)
    assert note(account, 30, Import=3.0, Export=100.0)
    note(account, 31, Import=3.0, Export=101.0)
    assert told(account) == (24, True, {"Export": 1, "Import": 0})


@pytest.mark.parametrize("after", [{"Import": 0.5, "Sum": 0.5}, {"Import": 90.0, "Sum": 100.0}])
def test_a_meter_that_is_replaced_begins_anew(after: dict[str, float]) -> None:
    account = Account()
    note(account, 1, Import=100.0, Sum=100.0)
    note(account, 2, Import=103.0, Sum=103.0)
    assert note(account, 3, **after)
    assert note(account, 4, **{name: value + 1 for name, value in after.items()}) is False
    assert told(account) == (3, False, {"Import": 1, "Sum": 1})


def test_a_counter_that_loses_its_last_digits_did_not_begin_anew() -> None:
    account = Account()
    note(account, 1, Import=1234.5)
    note(account, 2, Import=1240.0)
    note(account, 3, Import=1239.0)
    assert told(account) == (1, False, {"Import": 5.5})


def test_a_balance_may_run_backwards() -> None:
    account = Account()
    for hour in range(1, 20):
        note(account, hour, Import=100.0, Sum=20.0 - 2 * hour)
    assert told(account) == (1, False, {"Import": 0, "Sum": -36})


def test_a_counter_that_comes_late_counts_from_the_next_day_on() -> None:
    account = Account()
    note(account, 1, Import=100.0)
    assert note(account, 1 + NEAR / HOUR, Import=100.0, Export=3.0)
    note(account, 3, Import=101.0, Export=4.0, Sum=105.0)
    assert told(account) == (1, False, {"Export": 1, "Import": 1})
    note(account, 23.99, Import=101.0, Export=4.0, Sum=105.0)
    note(account, 25, Import=102.0, Export=4.0, Sum=106.0)
    assert told(account) == (24, True, {"Export": 0, "Import": 1, "Sum": 1})


def test_a_clock_that_is_set_begins_a_day_but_does_not_vouch_for_it() -> None:
    account = Account()
    note(account, 23.99, Import=100.0)
    account.distrust()
    note(account, 32, Import=100.5)
    assert told(account) == (32, False, {"Import": 0})
    note(account, 8, Import=101.0)
    note(account, 9, Import=102.0)
    assert told(account) == (8, False, {"Import": 1})
    note(account, 7, Import=103.0)
    assert told(account) == (7, False, {"Import": 0})


def test_nothing_read_changes_nothing() -> None:
    account = Account()
    assert not note(account, 5)
    assert account == Account()


@given(
    st.lists(st.tuples(st.floats(0.001, 40), st.sampled_from([0.0, 0.1, 5.0])), min_size=1, max_size=40),
    st.floats(0, 24),
)
def test_it_tells_what_a_list_of_all_polls_tells(steps: list[tuple[float, float]], start: float) -> None:
    account = Account()
    polls: list[tuple[float, float]] = []
    hours, count = start, 1000.0
    for pause, growth in steps:
        hours, count = hours + pause, count + growth
        polls.append((hours, count))
        note(account, hours, Import=count)
        day = hours // 24 * 24
        today = [poll for poll in polls if poll[0] >= day]
        before = [poll for poll in polls if poll[0] < day]
        complete = bool(before) and (before[-1][0] >= day - NEAR / HOUR or before[-1][1] == today[0][1])
        since, base = (day, before[-1][1]) if complete else today[0]
        begin, is_complete, energy = told(account)
        assert begin == pytest.approx(since)
        assert is_complete == complete
        assert energy == {"Import": pytest.approx(count - base, abs=1e-6)}


COUNTERS = energy_counters([CATALOGUE["Export"], CATALOGUE["Import"]])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["Import", "x", ""]), inner),
    max_leaves=8,
)


def test_an_account_is_restored_as_it_was() -> None:
    account = Account()
    note(account, 23.99, Import=100.0, Export=3.0)
    note(account, 24.1, Import=101.0, Export=3.0)
    assert restored(orjson.loads(orjson.dumps(msgspec.to_builtins(account))), COUNTERS) == account
    only = restored(msgspec.to_builtins(account), energy_counters([CATALOGUE["Import"]]))
    assert told(only) == (24, True, {"Import": 1})


@given(st.dictionaries(st.sampled_from(["since", "seen", "complete", "base", "latest", "more"]), JSON))
def test_a_file_may_hold_anything(entry: dict[str, object]) -> None:
    account = restored(entry, COUNTERS)
    note(account, 10, Import=100.0)
    note(account, 11, Import=101.0)
    since, _, energy = told(account)
    assert 0 <= since <= 11
    assert b"null" not in orjson.dumps(energy)
    assert set(energy) <= {"Import", "Export"}
