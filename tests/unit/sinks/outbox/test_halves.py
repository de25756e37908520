"""The bad item of many is found with few refusals."""

from hypothesis import given
from hypothesis import strategies as st

from mbmd.sinks.outbox.halves import MOST, Halves


def played(count: int, bad: set[int]) -> tuple[list[int], list[int], int]:
    """What was taken, what was dropped, and how many tries it took."""
    halves, items = Halves(count), list(range(count))
    taken: list[int] = []
    dropped: list[int] = []
    tries = 0
    while halves.next:
        tries += 1
        part = items[: halves.next]
        if bad & set(part):
            cut = halves.refused()
            dropped += items[:cut]
        else:
            cut = halves.next
            halves.taken()
            taken += part
        del items[:cut]
    assert not items
    return taken, dropped, tries


@given(st.integers(1, 2000), st.data())
def test_one_or_two_bad_ones_go_alone(count: int, data: st.DataObject) -> None:
    bad = data.draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=2))
    taken, dropped, tries = played(count, bad)
    assert (set(dropped), taken) == (bad, [item for item in range(count) if item not in bad])
    assert tries <= 50


@given(st.integers(1, 5000), st.data())
def test_many_bad_ones_take_bounded_work(count: int, data: st.DataObject) -> None:
    bad = data.draw(st.sets(st.integers(0, count - 1)) | st.just(set(range(count))))
    taken, dropped, tries = played(count, bad)
    assert sorted(taken + dropped) == list(range(count))
    assert bad <= set(dropped)
    assert tries <= 3 * MOST + 20
