"""Who may ask: what a client says in its Authorization line, and whether that is so."""

import hmac
from base64 import b64decode
from collections.abc import Iterable
from typing import NamedTuple

from mbmd.config.passwords import COST, PasswordHash, is_password, parse_password_hash, parse_token_hash, token_digest
from mbmd.config.web import Login


class Password(NamedTuple):
    """What a user gives (RFC 7617)."""

    name: str
    password: str


class Token(NamedTuple):
    """What a program gives (RFC 6750)."""

    token: str


def parse_authorization(line: str) -> Password | Token | None:
    """What a client says of itself; None of anything else."""
    scheme, _, rest = line.partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer":
        return Token(rest) if rest else None
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = b64decode(rest, validate=True).decode().partition(":")
    except ValueError:  # of base64 and of UTF-8
        return None
    return Password(name, password) if colon else None


class Credentials:
    """The users and tokens of a configuration."""

    def __init__(self, users: Iterable[Login] = (), tokens: Iterable[Login] = ()) -> None:
        self._users = {login.name: parse_password_hash(login.hash) for login in users}
        self._tokens = tuple(parse_token_hash(login.hash) for login in tokens)
        cost = max((known.cost for known in self._users.values()), default=COST)
        self._nobody = PasswordHash(cost, b"nobody has it", bytes(32))

    def __bool__(self) -> bool:
        return bool(self._users or self._tokens)

    @property
    def has_users(self) -> bool:
        """Whether somebody has a password."""
        return bool(self._users)

    def is_token(self, given: Token) -> bool:
        """Whether it is one; quick, as tokens cannot be guessed."""
        digest = token_digest(given.token)
        return any(hmac.compare_digest(digest, known) for known in self._tokens)

    def is_user(self, given: Password) -> bool:
        """Whether the user has that password; takes a while, and as long for users that there are not."""
        known = self._users.get(given.name)
        is_right = is_password(given.password, known or self._nobody)
        return is_right and known is not None
