"""Checks Authorization lines against users and tokens, each once: what was found is remembered."""

import asyncio
import hashlib
import os
import secrets
import threading
from functools import partial

from mbmd.aside import aside
from mbmd.web.credentials import Credentials, Password, Token, parse_authorization

AT_ONCE = 2
"""Passwords that are checked at the same time, each in a thread with 16 MiB."""
WAITING = 20
"""Passwords that are checked or wait for that: beyond them clients are asked to come again."""
KEPT = 1024
"""Lines that are remembered of each kind; the oldest is forgotten."""
_NICE = 10
"""How far a thread that checks a password stands back behind the event loop."""


class Busy(Exception):  # noqa: N818 - no error: somebody has to wait
    """So many passwords are checked that no other can be."""


class Verifier:
    """What is known of the Authorization lines that came since the configuration was read.

    A line is known by a digest with a key that nobody else has, so that how long a look at it takes tells nothing.
    """

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self._key = secrets.token_bytes(32)
        self._tokens: dict[bytes, None] = {}
        self._right: dict[bytes, None] = {}
        self._wrong: dict[bytes, None] = {}
        self._checks: dict[bytes, asyncio.Task[bool]] = {}
        self._turn = asyncio.Semaphore(AT_ONCE)

    def digest(self, line: str) -> bytes:
        """By what a line is known here."""
        return hashlib.blake2b(line.encode(errors="surrogateescape"), key=self._key, digest_size=32).digest()

    def is_token(self, digest: bytes, line: str) -> bool:
        """Whether a line has a token that is right, which is found out at once."""
        if digest in self._tokens:
            return True
        given = parse_authorization(line) if line[:7].lower() == "bearer " else None
        is_right = isinstance(given, Token) and self.credentials.is_token(given)
        if is_right:
            _keep(self._tokens, digest)
        return is_right

    def known(self, digest: bytes) -> bool | None:
        """Whether the password of a line was right when it came before; None if it did not."""
        return True if digest in self._right else False if digest in self._wrong else None

    def is_checked(self, digest: bytes) -> bool:
        """Whether a line came before and is being checked."""
        return digest in self._checks

    async def verify(self, digest: bytes, line: str) -> bool:
        """Whether a line has a password that is right. Raises Busy when that cannot be found out now."""
        given = parse_authorization(line)
        if isinstance(given, Password) and self.credentials.has_users:
            return await asyncio.shield(self._check(digest, given))
        _keep(self._wrong, digest)
        return False

    def close(self) -> None:
        """End what goes on."""
        for check in self._checks.values():
            check.cancel()

    def _check(self, digest: bytes, given: Password) -> "asyncio.Task[bool]":
        """The check of a line, which is one however often it came."""
        check = self._checks.get(digest)
        if check is None:
            if len(self._checks) >= WAITING:
                raise Busy
            check = self._checks[digest] = asyncio.create_task(self._check_in_turn(digest, given))
            check.add_done_callback(lambda _: self._checks.pop(digest))
        return check

    async def _check_in_turn(self, digest: bytes, given: Password) -> bool:
        async with self._turn:
            is_right = await aside(partial(_is_user, self.credentials, given))
        _keep(self._right if is_right else self._wrong, digest)
        return is_right


def _keep(digests: dict[bytes, None], digest: bytes) -> None:
    if len(digests) >= KEPT:
        del digests[next(iter(digests))]
    digests[digest] = None


def _is_user(credentials: Credentials, given: Password) -> bool:
    """In a thread, which polling need not wait for."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
    return credentials.is_user(given)
