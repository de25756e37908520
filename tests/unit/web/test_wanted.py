"""Which measurements a query names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sanic.exceptions import BadRequest

from mbmd.config.options import matches
from mbmd.measurements import CATALOGUE
from mbmd.web.wanted import LONGEST, MOST_PATTERNS, listed, measurements

KNOWN = frozenset(CATALOGUE) | {"PVPower"}


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        ([], set()),
        (["Power"], {"Power"}),
        (["Power,Import*"], {"Power", "Import*"}),
        (["Power", "Import*,PVPower"], {"Power", "Import*", "PVPower"}),
        ([" Power , ,Power,"], {"Power"}),
        (["PVP*", "*"], {"PVP*", "*"}),
        (["PowerL[1-2]", "[!P]*"], {"PowerL[1-2]", "[!P]*"}),
    ],
)
def test_names_and_patterns_by_comma_or_repeated(texts: list[str], wanted: set[str]) -> None:
    assert measurements(texts, KNOWN) == wanted


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["Powre"], "measurement 'Powre' is none: did you mean Power?"),
        (["power"], "measurement 'power' is none: did you mean Power?"),
        (["Power,Imprt*"], "measurement 'Imprt*' is none: did you mean Import?"),
        ([""], "measurement names none: leave it out to get all"),
        ([",", " "], "measurement names none: leave it out to get all"),
        (["a*," * 5 + ",".join(f"{n}*" for n in range(16))], "measurement has 17 patterns: give at most 16, or names"),
    ],
)
def test_what_is_none_is_refused(texts: list[str], message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        measurements(texts, KNOWN)
    assert str(caught.value) == message


def test_a_name_that_is_too_long_is_not_said_in_full() -> None:
    with pytest.raises(BadRequest) as caught:
        measurements(["*" * 5000], KNOWN)
    assert len(str(caught.value)) < 2 * LONGEST


def test_all_names_can_be_given() -> None:
    assert len(KNOWN) > MOST_PATTERNS
    assert measurements([",".join(KNOWN)], KNOWN) == KNOWN


def test_where_nothing_is_known_nothing_fits() -> None:
    with pytest.raises(BadRequest, match=r"is none$"):
        measurements(["*"], ())


@given(st.lists(st.text() | st.text("Pow*?[]!-^,er", max_size=80)))
def test_any_text_is_taken_or_refused(texts: list[str]) -> None:
    try:
        wanted = measurements(texts, KNOWN)
    except BadRequest:
        return
    assert wanted == set(listed(texts))
    assert all(any(matches(name, [pattern]) for name in KNOWN) for pattern in wanted)
