"""What a request wants of an answer."""

import fnmatch
import re
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sanic.exceptions import BadRequest

from mbmd.measurements import CATALOGUE
from mbmd.web.choice import LONGEST, MOST_PATTERNS, Choice, Names

WORDS = st.lists(
    st.one_of(st.sampled_from([*CATALOGUE, "Power*", "*L?", "[PQ]ower", "**"]), st.text(max_size=20)), max_size=10
)


@given(WORDS, st.sampled_from([*CATALOGUE, "Own", ""]))
def test_a_name_is_had_if_a_word_says_so(words: list[str], name: str) -> None:
    assert Names(words).have(name) == any(name == word or fnmatchcase(name, word) for word in words)


@given(WORDS)
def test_unknown_is_what_fits_nothing(words: list[str]) -> None:
    unknown = Names(words).unknown(CATALOGUE)
    for word in words:
        assert (word in unknown) == (not any(name == word or fnmatchcase(name, word) for name in CATALOGUE))


def test_a_name_is_told_of_again_from_memory() -> None:
    names = Names(["Power*"])
    assert [names.have(name) for name in ("PowerL1", "PowerL1", "Import", "Import")] == [True, True, False, False]


def test_patterns_that_were_asked_for_are_not_kept_for_ever() -> None:
    re.purge()
    before = fnmatch._compile_pattern.cache_info().currsize  # type: ignore[attr-defined]
    for number in range(2000):
        assert not Names([f"*{number}*"]).have("Power")
    assert fnmatch._compile_pattern.cache_info().currsize == before  # type: ignore[attr-defined]
    assert len(re._cache) < 1000  # type: ignore[attr-defined]


def test_too_many_patterns_and_words_that_are_too_long_are_refused() -> None:
    patterns = [f"*{number}" for number in range(MOST_PATTERNS + 1)]
    assert Names([*patterns[1:], *patterns[1:]]).have("x1")
    with pytest.raises(BadRequest, match="21 patterns are too many: give up to 20"):
        Names(patterns)
    with pytest.raises(BadRequest, match="is too long for a name"):
        Names(["x" * (LONGEST + 1)])
    assert Names(f"x{number}" for number in range(1000)).have("x999")


@pytest.mark.parametrize(
    ("measurements", "fields", "taken"),
    [
        (["Power*"], None, ["Timestamp", "Unix", "Power", "PowerL1"]),
        (None, ["Power", "Unix"], ["Unix", "Power"]),
        (["Power"], ["Unix", "Power*"], ["Unix", "Power"]),
        (["Power"], ["*"], ["Timestamp", "Unix", "Power"]),
        (["Power"], ["Import"], []),
    ],
)
def test_both_say_what_is_taken(measurements: list[str] | None, fields: list[str] | None, taken: list[str]) -> None:
    choice = Choice(*(None if words is None else Names(words) for words in (measurements, fields)))
    assert [one for one in ("Timestamp", "Unix", "Import", "Power", "PowerL1") if choice.takes(one)] == taken
