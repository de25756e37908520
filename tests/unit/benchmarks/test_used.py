import pytest

from benchmarks.play.lines import Account, Exchange
from benchmarks.play.pace import Pace
from benchmarks.play.used import busy, drift, late, limit, percentile, share, silences

PACE = Pace(9600)
PLANS = {1: frozenset({(4, 0, 10)}), 2: frozenset({(3, 7, 20), (3, 99, 2)})}


def exchange(
    began: float, *, bus: int = 0, registers: int = 10, silence: float | None = 0.01, late: float = 0.0
) -> Exchange:
    due = began + PACE.until_answered(5 + 2 * registers)
    return Exchange(bus, began, silence, 1, 4, 0, registers, due, due + late)


def test_requests_one_right_after_the_other_use_all_of_the_wire() -> None:
    account = Account([exchange(5 + n * PACE.cost(10)) for n in range(4)])
    assert share(account, PLANS, PACE) == pytest.approx(1.0)


def test_pauses_are_lost_on_every_bus() -> None:
    cost = PACE.cost(10)
    account = Account([exchange(0), exchange(0, bus=1), exchange(cost), exchange(3 * cost, bus=1)])
    assert share(account, PLANS, PACE) == pytest.approx(2 / 4)


def test_buses_on_which_there_was_nothing_are_lost() -> None:
    account = Account([exchange(0), exchange(PACE.cost(10))])
    assert share(account, PLANS, PACE, idle=3 * PACE.cost(10)) == pytest.approx(1 / 4)


def test_reads_that_are_in_no_plan_are_lost() -> None:
    account = Account([exchange(0, registers=11), exchange(PACE.cost(11))])
    assert share(account, PLANS, PACE) == 0.0


def test_without_two_requests_nothing_is_measured() -> None:
    with pytest.raises(RuntimeError, match="nothing to measure"):
        share(Account([exchange(0), exchange(1, bus=1)]), PLANS, PACE)


def test_the_limit_is_that_of_a_round_of_all_units() -> None:
    assert limit(PLANS, PACE) == pytest.approx(2 / (PACE.cost(10) + PACE.cost(20) + PACE.cost(2)))


def test_a_silence_that_is_too_short_is_less_than_none() -> None:
    short, long = PACE.silence - 0.0001, PACE.silence + 0.0002
    account = Account([exchange(0, silence=None), exchange(1, silence=short), exchange(2, silence=long)])
    assert silences(account, PACE) == pytest.approx([-0.0001, 0.0002])


def test_late_characters_are_told_and_their_share_of_the_traffic() -> None:
    account = Account([exchange(0, late=0.00002), exchange(1, late=0.00004)])
    assert late(account) == pytest.approx([0.00002, 0.00004])
    assert drift(account, PACE) == pytest.approx(0.00006 / 2 / PACE.until_answered(25))


def test_a_wire_is_busy_while_it_carries_characters() -> None:
    account = Account([exchange(0), exchange(1)])
    assert busy(account, PACE) == pytest.approx((8 + 25) / 960)


@pytest.mark.parametrize(("part", "value"), [(0.0, 1), (0.5, 50), (0.99, 99), (1.0, 100)])
def test_percentiles(part: float, value: float) -> None:
    assert percentile(range(100, 0, -1), part) == value
