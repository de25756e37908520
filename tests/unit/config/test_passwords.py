"""Hashes of passwords and tokens."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.config.passwords import (
    COST,
    LONGEST,
    Cost,
    PasswordHash,
    hash_password,
    hash_token,
    is_password,
    make_token,
    parse_password_hash,
    parse_token_hash,
    token_digest,
)
from mbmd.errors import UsageError

QUICK = Cost(2, 1, 1)
PASSWORDS = st.text(st.characters(categories=["L", "N", "P"]), min_size=8, max_size=40)


@given(PASSWORDS, PASSWORDS)
def test_a_password_is_known_by_what_is_written_of_it(password: str, other: str) -> None:
    known = parse_password_hash(str(hash_password(password, QUICK)))
    assert is_password(password, known)
    assert is_password(other, known) == (other == password) or other.casefold() != password.casefold()


def test_the_same_password_never_has_the_same_hash_twice() -> None:
    first, second = (str(hash_password("correct horse", QUICK)) for _ in range(2))
    assert first != second
    assert "horse" not in first


def test_the_cost_is_what_owasp_asks_for_with_16_mib() -> None:
    assert (2**COST.log_n, COST.r, COST.p) == (2**14, 8, 5)
    assert 2**24 <= COST.memory < 2**25
    assert str(hash_password("correct horse")).startswith("scrypt$14$8$5$")


def test_a_password_is_the_same_however_its_signs_are_composed() -> None:
    assert is_password("Stromza\u0308hler", hash_password("Stromz\u00e4hler", QUICK))


def test_a_known_vector_of_scrypt() -> None:
    """RFC 7914, section 12: the second, which has other cost than ours."""
    key = bytes.fromhex(
        "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
    )
    assert is_password("password", PasswordHash(Cost(10, 8, 16), b"NaCl", key))


@pytest.mark.parametrize(
    ("password", "complaint"),
    [
        ("", "too short"),
        ("seven77", "too short"),
        ("x" * (LONGEST + 1), "longer than 1024"),
        ("tab\there is one", "cannot be printed"),
    ],
)
def test_what_is_no_password(password: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint) as caught:
        hash_password(password, QUICK)
    assert not password or password not in str(caught.value)


def test_a_password_of_a_megabyte_is_wrong_at_once() -> None:
    assert not is_password("x" * (1 << 20), hash_password("correct horse"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter22",
        "scrypt",
        "scrypt$14$8$5$$",
        f"scrypt$14$8$5${'A' * 22}${'A' * 21}",
        f"scrypt$14$8$5${'A' * 21}${'A' * 43}",
        f"scrypt$0$8$5${'A' * 22}${'A' * 43}",
        f"scrypt$40$8$5${'A' * 22}${'A' * 43}",
        f"scrypt$16$1$5${'A' * 22}${'A' * 43}",
        f"scrypt$20$64$5${'A' * 22}${'A' * 43}",
        f"scrypt$14$8$5${'A' * 22}${'A' * 43}\n",
        f"scrypt$١٤$8$5${'A' * 22}${'A' * 43}",
        "$2b$12$abcdefghijklmnopqrstuv",
    ],
)
def test_what_is_no_hash_of_a_password(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_password_hash(text)
    assert not text or text not in str(caught.value)


@given(st.text(string.ascii_letters + string.digits + "$-_=scrypt\n\0ü", max_size=120))
def test_anything_else_is_refused_or_read(text: str) -> None:
    try:
        known = parse_password_hash(text)
    except UsageError:
        return
    assert is_password("wrong", known) in (True, False)


@given(st.integers(1, 40), st.integers(1, 99), st.integers(1, 99))
def test_a_hash_asks_for_no_more_memory_than_a_check_may_have(log_n: int, r: int, p: int) -> None:
    try:
        known = parse_password_hash(f"scrypt${log_n}${r}${p}${'A' * 22}${'A' * 43}")
    except UsageError:
        return
    assert known.cost.memory <= 1 << 28


def test_tokens_are_random_and_known_by_their_digest() -> None:
    first, second = make_token(), make_token()
    assert first != second
    assert len(first) == 43
    assert parse_token_hash(hash_token(first)) == token_digest(first) != token_digest(second)
    assert first not in hash_token(first)


@given(st.text(max_size=80))
def test_what_is_no_hash_of_a_token(text: str) -> None:
    with pytest.raises(UsageError):
        parse_token_hash(text)
