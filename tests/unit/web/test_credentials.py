"""What clients say of themselves in the Authorization line, and whether that is so."""

import asyncio
import threading
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.config.passwords import Cost, PasswordHash, hash_password, hash_token
from mbmd.config.secret import Secret
from mbmd.config.web import Login
from mbmd.web import verifier as verifiers
from mbmd.web.credentials import Credentials, Password, Token, parse_authorization
from mbmd.web.verifier import Busy, Verifier

QUICK = Cost(2, 1, 1)
ALICE = Login("alice", Secret(str(hash_password("correct horse", QUICK))))
GRAFANA = Login("grafana", Secret(hash_token("a token")))


def basic(name: str, password: str) -> str:
    return "Basic " + b64encode(f"{name}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("Basic YTpi", Password("a", "b")),
        ("bAsIc   YTpi ", Password("a", "b")),
        (basic("ä", "b:c:"), Password("ä", "b:c:")),
        (basic("", ""), Password("", "")),
        ("Bearer abc", Token("abc")),
        ("bearer  abc ", Token("abc")),
        ("Bearer", None),
        ("Basic", None),
        ("Basic !!!!", None),
        ("Basic YWI=", None),
        ("Basic /zr/", None),
        ("Digest a", None),
        ("", None),
        ("Basic ÄÄÄÄ", None),
    ],
)
def test_what_a_line_says(line: str, given: object) -> None:
    assert parse_authorization(line) == given


@given(st.text(max_size=60), st.sampled_from(["Basic ", "Bearer ", ""]))
def test_any_line_is_read(text: str, scheme: str) -> None:
    found = parse_authorization(scheme + text)
    assert found is None or isinstance(found, Password | Token)


@given(st.text(max_size=30), st.text(max_size=30))
def test_names_and_passwords_come_as_they_were_given(name: str, password: str) -> None:
    if ":" not in name:
        assert parse_authorization(basic(name, password)) == Password(name, password)


def test_users_and_tokens() -> None:
    known = Credentials([ALICE], [GRAFANA])
    assert known
    assert not Credentials()
    assert known.is_user(Password("alice", "correct horse"))
    assert not known.is_user(Password("alice", "correct hose"))
    assert not known.is_user(Password("bob", "correct horse"))
    assert not known.is_user(Password("", ""))
    assert known.is_token(Token("a token"))
    assert not known.is_token(Token("another"))
    assert not known.is_token(Token("\udcff"))


def test_a_user_that_there_is_not_costs_what_others_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    costs: list[Cost] = []
    known = Credentials([ALICE])

    def check(_: str, known: PasswordHash) -> bool:
        costs.append(known.cost)
        return True

    monkeypatch.setattr("mbmd.web.credentials.is_password", check)
    assert known.is_user(Password("alice", "x"))
    assert not known.is_user(Password("bob", "x"))
    assert costs == [QUICK, QUICK]


class Checks:
    """Password checks that take until they are let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = self.now = self.most = 0
        self.go = threading.Event()
        self._lock = threading.Lock()
        monkeypatch.setattr(Credentials, "is_user", lambda _, given: self._check(given))

    def _check(self, given: Password) -> bool:
        with self._lock:
            self.count += 1
            self.now += 1
            self.most = max(self.most, self.now)
        self.go.wait(30)
        with self._lock:
            self.now -= 1
        return given == Password("alice", "right")


async def verify(verifier: Verifier, line: str) -> bool:
    return await verifier.verify(verifier.digest(line), line)


def test_the_same_line_is_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        checks, verifier = Checks(monkeypatch), Verifier(Credentials([ALICE]))
        line = basic("alice", "right")
        asked = [asyncio.create_task(verify(verifier, line)) for _ in range(20)]
        while not checks.count:  # noqa: ASYNC110 - a thread tells
            await asyncio.sleep(0.001)
        assert verifier.is_checked(verifier.digest(line))
        checks.go.set()
        assert await asyncio.gather(*asked) == [True] * 20
        assert checks.count == 1
        assert verifier.known(verifier.digest(line)) is True
        assert verifier.known(verifier.digest(basic("alice", "wrong"))) is None
        assert not await verify(verifier, basic("alice", "wrong"))
        assert verifier.known(verifier.digest(basic("alice", "wrong"))) is False

    asyncio.run(asyncio.wait_for(main(), 60))


def test_two_are_checked_at_once_and_no_more_than_a_few_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        checks, verifier = Checks(monkeypatch), Verifier(Credentials([ALICE]))
        asked = [
            asyncio.create_task(verify(verifier, basic("alice", str(number)))) for number in range(verifiers.WAITING)
        ]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await verify(verifier, basic("alice", "one more"))
        while checks.now < verifiers.AT_ONCE:  # noqa: ASYNC110 - a thread tells
            await asyncio.sleep(0.001)
        checks.go.set()
        assert await asyncio.gather(*asked) == [False] * verifiers.WAITING
        assert (checks.count, checks.most) == (verifiers.WAITING, verifiers.AT_ONCE)

    asyncio.run(asyncio.wait_for(main(), 60))


def test_who_goes_away_does_not_end_the_check_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        checks, verifier = Checks(monkeypatch), Verifier(Credentials([ALICE]))
        goes, stays = (asyncio.create_task(verify(verifier, basic("alice", "right"))) for _ in range(2))
        await asyncio.sleep(0)
        goes.cancel()
        checks.go.set()
        assert await stays

    asyncio.run(asyncio.wait_for(main(), 60))


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifiers, "KEPT", 3)

    async def main() -> None:
        verifier = Verifier(Credentials([], [GRAFANA]))
        lines = [f"Basic {number}" for number in range(5)]
        for line in lines:
            assert not await verify(verifier, line)
        assert [verifier.known(verifier.digest(line)) for line in lines] == [None, None, False, False, False]

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_line_is_known_by_another_digest_in_each_process() -> None:
    assert Verifier(Credentials()).digest("Basic x") != Verifier(Credentials()).digest("Basic x")
