"""The walk along the models of a unit: where it begins, how it ends, and that it always ends."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.sunspec.chain import ADDRESSES, MOST_MODELS, Chain, End, walk
from mbmd.sunspec.common import Common
from tests.sunspec_memory import ILLEGAL_ADDRESS, Answers, chain_of, common, model, walked

if TYPE_CHECKING:
    from collections.abc import Callable

    from mbmd.sunspec.chain import Reply

BUSY = 6
INVERTER = model(103)
SMA = common("SMA", "STP 8.0", "opt", "1.2", "4711")
TEXTS = Common("SMA", "STP 8.0", "opt", "1.2", "4711")
BODY = 40004
"""Where the texts of model 1 begin."""


class Faulty(Answers):
    """Answers, but for reads that touch some registers."""

    def __init__(self, memory: dict[int, int], reply: Reply, *addresses: int) -> None:
        super().__init__(memory)
        self.reply = reply
        self.addresses = addresses

    def __call__(self, address: int, size: int) -> Reply:  # type: ignore[override]
        found = super().__call__(address, size)
        return self.reply if any(address <= at < address + size for at in self.addresses) else found


def found(answer: Callable[[int, int], Reply], *bases: int) -> Chain:
    chain = walked(answer, bases) if bases else walked(answer)
    assert chain is not None
    return chain


def ids(chain: Chain) -> list[int]:
    return [placement.id for placement in chain.models]


def test_a_chain_ends_at_the_end_mark() -> None:
    chain = found(Answers(chain_of(SMA, INVERTER, common("EM"), model(203))))
    assert [(m.id, m.address, m.length, m.device) for m in chain.models] == [
        (1, 40002, 66, 0),
        (103, 40070, 50, 0),
        (1, 40122, 66, 1),
        (203, 40190, 105, 1),
    ]
    assert chain.commons == (TEXTS, Common("EM"))
    assert (chain.base, chain.end, chain.exception, chain.is_whole) == (40000, End.MARK, 0, True)
    assert [m.id for m in chain.of(1)] == [1, 203]
    assert chain.of(2) == ()


def test_the_length_behind_the_end_mark_does_not_matter() -> None:
    assert found(Answers(chain_of(SMA, end=(0xFFFF, 0xFFFF)))).is_whole


@pytest.mark.parametrize("header", [(0, 0), (0, 50), (103, 0)])
def test_a_chain_ends_at_a_model_without_an_id_or_without_registers(header: tuple[int, int]) -> None:
    chain = found(Answers(chain_of(SMA, INVERTER, end=(*header, 103, 50))))
    assert (ids(chain), chain.end, chain.is_whole) == ([1, 103], End.ZERO, False)


def test_a_chain_ends_at_an_exception() -> None:
    chain = found(Faulty(chain_of(SMA, INVERTER, INVERTER), BUSY, 40122))
    assert (ids(chain), chain.end, chain.exception) == ([1, 103], End.REFUSED, BUSY)


def test_a_chain_ends_where_nothing_answers() -> None:
    chain = found(Faulty(chain_of(SMA, INVERTER, INVERTER), None, 40122))
    assert (ids(chain), chain.end, chain.exception) == ([1, 103], End.SILENT, 0)


def test_a_chain_has_at_most_200_models() -> None:
    answers = Answers(chain_of(SMA, *[[64999, 1, 0]] * 300))
    chain = found(answers)
    assert (len(chain.models), chain.end) == (200, End.TOO_MANY)
    assert len(answers.asks) == 1 + 200 + 1, "the marker, the headers and the texts"


def test_a_chain_with_fewer_models_may_end_as_it_should() -> None:
    assert found(Answers(chain_of(*[[64999, 1, 0]] * 199))).end is End.MARK


@pytest.mark.parametrize("last", [65534, 65535, 65536])
def test_a_chain_may_reach_to_the_end_of_the_address_space(last: int) -> None:
    body = last - 40000 - 2 - 2
    chain = found(Answers(chain_of([64999, body, *[0] * body], end=(0xFFFF, 0))))
    assert (ids(chain), chain.end) == ([64999], End.MARK if last == 65534 else End.NO_ROOM)


def test_a_model_that_would_reach_beyond_the_end_of_the_address_space_is_none() -> None:
    chain = found(Answers(chain_of(SMA, INVERTER, end=(203, 40000))))
    assert (ids(chain), chain.end) == ([1, 103], End.NO_ROOM)


def test_models_that_are_unknown_are_skipped_by_their_length() -> None:
    chain = found(Answers(chain_of(SMA, [64999, 7, *[1] * 7], INVERTER)))
    assert ids(chain) == [1, 64999, 103]


def test_models_in_front_of_model_1_are_a_device_without_a_name() -> None:
    chain = found(Answers(chain_of(INVERTER, SMA, model(203))))
    assert [(m.id, m.device) for m in chain.models] == [(103, 0), (1, 1), (203, 1)]
    assert chain.commons == (Common(), TEXTS)


def test_without_model_1_there_is_one_device_without_a_name() -> None:
    chain = found(Answers(chain_of(INVERTER, model(203))))
    assert [(m.id, m.device) for m in chain.models] == [(103, 0), (203, 0)]
    assert chain.commons == (Common(),)


@pytest.mark.parametrize("base", [40000, 0, 50000])
def test_the_marker_may_be_at_each_base(base: int) -> None:
    assert found(Answers(chain_of(SMA, base=base))).base == base


def test_the_bases_are_asked_in_their_order_and_no_further() -> None:
    both = chain_of(INVERTER) | chain_of(model(203), base=0)
    assert (found(Answers(both)).base, found(Answers(both), 0, 40000).base) == (40000, 0)
    answers = Answers(chain_of(INVERTER, base=50000))
    assert walked(answers, (40000, 0)) is None
    assert answers.asks == [(40000, 2), (0, 2)]


def test_of_two_markers_the_first_with_models_behind_it_counts() -> None:
    both = chain_of() | chain_of(INVERTER, base=50000)
    assert found(Answers(both)).base == 50000


def test_a_marker_with_nothing_behind_it_is_a_chain_without_models() -> None:
    chain = found(Answers(chain_of(end=())))
    assert (chain.base, chain.models, chain.commons, chain.end) == (40000, (), (), End.REFUSED)
    assert chain.of(0) == ()


def test_without_a_marker_there_is_no_chain() -> None:
    answers = Answers({})
    assert walked(answers) is None
    assert answers.asks == [(40000, 2), (0, 2), (50000, 2)]


@pytest.mark.parametrize("reply", [b"\0\0\0\0", b"\xff\xff\xff\xff", None, ILLEGAL_ADDRESS, b"", b"SunS\0\0"])
def test_what_answers_the_same_to_everything_has_no_chain(reply: Reply) -> None:
    assert walked(lambda *_: reply) is None


def test_of_two_markers_with_nothing_behind_them_the_first_counts() -> None:
    assert found(Answers(chain_of() | chain_of(base=0))).base == 40000


def test_a_marker_may_be_the_last_of_the_address_space() -> None:
    chain = found(Answers(chain_of(base=65534, end=())), 65534)
    assert (chain.base, chain.models, chain.end) == (65534, (), End.NO_ROOM)


@pytest.mark.parametrize("base", [65535, 65536, 70000])
def test_a_base_without_room_for_the_marker_is_not_asked(base: int) -> None:
    answers = Answers(chain_of(SMA))
    assert found(answers, base, 40000).base == 40000
    assert answers.asks[0] == (40000, 2)


def test_a_header_of_another_length_than_asked_for_is_no_answer() -> None:
    memory = chain_of(SMA, INVERTER)
    for reply in (b"", b"\0\x67", b"\0\x67\0\x32\0", b"\0\x67\0\x32\0\0"):
        chain = found(Faulty(memory, reply, 40070))
        assert (ids(chain), chain.end) == ([1], End.SILENT)


def texts_of(answers: Answers) -> Common:
    return found(answers).commons[0]


def test_model_1_is_read_in_one() -> None:
    answers = Answers(chain_of(SMA))
    assert texts_of(answers) == TEXTS
    assert answers.asks == [(40000, 2), (40002, 2), (BODY, 64), (40070, 2)]


@pytest.mark.parametrize("most", [48, 40, 32, 24, 16])
def test_model_1_is_read_in_smaller_parts_where_that_is_refused(most: int) -> None:
    answers = Answers(chain_of(SMA))
    chain = walked(lambda at, size: answers(at, size) if size <= most else 3)
    assert chain is not None
    assert chain.commons == (TEXTS,)


def test_of_model_1_only_the_text_is_lost_that_cannot_be_read() -> None:
    """Here the version."""
    answers = Faulty(chain_of(SMA), ILLEGAL_ADDRESS, BODY + 40)
    assert texts_of(answers) == Common("SMA", "STP 8.0", "opt", "", "4711")


@pytest.mark.parametrize("reply", [None, ILLEGAL_ADDRESS, b"SMA", b"\0" * 129, b""])
def test_a_model_1_that_cannot_be_read_has_no_texts_and_does_not_end_the_chain(reply: Reply) -> None:
    answers = Faulty(chain_of(SMA, INVERTER), reply, *range(BODY, BODY + 64))
    chain = found(answers)
    assert (ids(chain), chain.commons, chain.end) == ([1, 103], (Common(),), End.MARK)
    bodies = [size for address, size in answers.asks if BODY <= address < BODY + 64]
    assert bodies == ([64, 32, 16, 16, 32, 8, 24, 8, 16] if reply == ILLEGAL_ADDRESS else [64])


def test_a_model_1_that_is_too_short_has_the_texts_that_are_in_it_whole() -> None:
    answers = Answers(chain_of(common("SMA", "STP 8.0", "opt", "1.2", "4711", length=50), INVERTER))
    chain = found(answers)
    assert (ids(chain), chain.commons) == ([1, 103], (Common("SMA", "STP 8.0", "opt", "1.2"),))
    assert (BODY, 48) in answers.asks
    assert found(Answers(chain_of([1, 3, 0, 0, 0], INVERTER))).commons == (Common(),)


def test_model_1_may_end_behind_its_texts() -> None:
    assert texts_of(Answers(chain_of(common("SMA", "STP 8.0", "opt", "1.2", "4711", length=64)))) == TEXTS


def test_texts_may_be_full_length_and_latin_1() -> None:
    serial = "7F12345A" * 4
    assert texts_of(Answers(chain_of(common("KÖSTAL", "x" * 32, "", "1" * 16, serial)))) == Common(
        "KÖSTAL", "x" * 32, "", "1" * 16, serial
    )


@pytest.mark.parametrize(("number", "place"), [(160, 8), (714, 4)])
def test_the_number_of_groups_is_asked_for(number: int, place: int) -> None:
    for counted, groups in ((2, 2), (0, 0), (0xFFFF, None)):
        name = "N" if number == 160 else "NPrt"
        answers = Answers(chain_of(model(number, **{name: counted})))
        assert found(answers).models[0].groups == groups
        assert (40002 + place, 1) in answers.asks


def test_the_number_of_groups_is_not_known_where_it_cannot_be_read_or_is_beyond_the_end() -> None:
    for reply in (None, BUSY, b"", b"\0\2\0"):
        chain = found(Faulty(chain_of(model(160, N=2)), reply, 40010))
        assert (chain.models[0].groups, chain.end) == (None, End.MARK)
    answers = Answers(chain_of(model(160, length=6)))
    assert found(answers).models[0].groups is None
    assert len(answers.asks) == 3


headers = st.builds(
    lambda number, length: number.to_bytes(2) + length.to_bytes(2),
    st.sampled_from([1, 1, 103, 160, 714, 64999, 0, 0xFFFF]),
    st.sampled_from([66, 50, 48, 1, 8, 100, 0, 12000, 25000, 0xFFFF]),
)
replies = st.one_of(headers, headers, headers, st.none(), st.integers(1, 11), st.binary(max_size=130))
markers = st.lists(st.sampled_from([b"SunS", b"SunS", b"\0\0\0\0", b"SunSp", None, BUSY]), min_size=3, max_size=3)


@given(markers, st.lists(replies, max_size=60), replies)
def test_a_walk_ends_whatever_is_answered(marks: list[Reply], script: list[Reply], last: Reply) -> None:
    """It asks only for what was announced, and never beyond the address space or for more than a read may have."""
    asks: list[tuple[int, int]] = []
    waiting = dict(zip(((40000, 2), (0, 2), (50000, 2)), marks, strict=True))

    def answer(address: int, size: int) -> Reply:
        asks.append((address, size))
        if (address, size) in waiting:
            return waiting.pop((address, size))
        return script.pop(0) if script else last

    chain = walked(answer)
    assert len(asks) <= 3 + 3 + MOST_MODELS * 10
    for address, size in asks:
        assert 1 <= size <= 125
        assert address >= 0
        assert address + size <= ADDRESSES
    if chain is not None:
        check(chain, asks)


def check(chain: Chain, asks: list[tuple[int, int]]) -> None:
    """Models stand behind each other, and each read was of a header that must follow, or of a model."""
    assert len(chain.models) <= MOST_MODELS
    assert chain.models[:1] == () or chain.models[0].address == chain.base + 2
    assert all(one.end == other.address for one, other in pairwise(chain.models))
    assert {m.device for m in chain.models} == set(range(len(chain.commons)))
    end = chain.models[-1].end if chain.models else chain.base + 2
    for address, size in asks:
        inside = any(m.address + 2 <= address and address + size <= m.end for m in chain.models)
        header = size == 2 and any(address == m.address for m in chain.models)
        elsewhere = size == 2 and address in (40000, 0, 50000, 40002, 2, 50002)
        assert inside or header or elsewhere or (size == 2 and address == end)


def test_a_walk_is_given_up_by_closing_it() -> None:
    steps = walk()
    next(steps)
    steps.close()
    assert list(steps) == []
