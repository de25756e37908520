"""Scans of units that answer anything at all: they end, and the others are found."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from mbmd.cli.scan_report import document, summary
from mbmd.config.adapter import Framing
from mbmd.sunspec.chain import MOST_MODELS
from tests.scripted import Asked, FarEnd, Step, drop, exception, flip
from tests.unit.scan.inverters import INVERTER, METER, OTHERS, image, texts
from tests.unit.scan.lines import MBAP, RTU, line_of, meter, survey, times_asked, types, words

SMALL = st.sampled_from([0, 1, 2, 65, 66, 103, 160, 203, 714, 0x8000, 0xFFFE, 0xFFFF])
MODEL = st.tuples(st.one_of(SMALL, st.integers(0, 0xFFFF)), st.lists(SMALL, max_size=70))
NAMED = st.sampled_from([(1, texts(INVERTER)), (1, texts(METER)), (1, texts(METER, 40)), *OTHERS])
CHAIN = st.builds(
    image,
    st.lists(st.one_of(MODEL, NAMED), max_size=8),
    st.sampled_from([40000, 0, 50000, 65500]),
    st.sampled_from([(), (0, 0), (0xFFFF, 0), (1, 66), (103, 0xFFFF)]),
)
"""Chains of models, most of them broken."""
TROUBLE = st.sampled_from([drop, flip(20), *map(exception, (1, 2, 3, 4, 5, 6, 8, 11))])
"""What becomes of a request instead of its answer."""


def endless(*cycle: int) -> dict[int, int]:
    """Registers in which no model is the last."""
    behind = zip(range(40002, 65536), itertools.cycle(cycle), strict=False)
    return {40000: 0x5375, 40001: 0x6E53, **dict(behind)}


IMAGES = st.one_of(CHAIN, st.builds(endless, SMALL, SMALL), st.builds(endless, st.just(1), st.just(1)))


def unit(registers: dict[int, int], gaps: str, troubles: list[Step | None]) -> Step:
    """Registers, and one of the troubles in place of an answer, in turn for ever; None stands for the answer."""
    good = words({3: registers, 4: {}}, gaps)
    turns = itertools.cycle(troubles)

    def step(far: FarEnd, asked: Asked) -> None:
        (next(turns) or good)(far, asked)

    return step


UNITS = st.builds(
    unit,
    IMAGES,
    st.sampled_from(["strict", "zero"]),
    st.lists(st.one_of(st.none(), TROUBLE), min_size=1, max_size=12),
)


@given(UNITS, st.sampled_from([RTU, MBAP]))
def test_whatever_a_unit_answers_the_scan_ends_and_others_are_found(strange: Step, framing: Framing) -> None:
    line = line_of(framing, {2: strange, 4: meter("SDM", 4)}, exception(11) if framing is MBAP else drop)
    made = survey(line, range(1, 6), sunspec=True)
    assert made.complete
    assert types(made)[4] == "SDM"
    assert times_asked(line, 2) < 4 * MOST_MODELS
    assert made.seconds < 60
    assert summary([made])
    assert document([made])
