"""Hashes of passwords and tokens: what the configuration has in place of them; pure but for the random salts.

A password is hashed by scrypt, `scrypt$<log2 of n>$<r>$<p>$<salt>$<key>`, so that who reads the configuration needs
years to guess it. A token is random enough that nobody can guess it: its hash is `sha256$<digest>`. All bytes are
base64 as of URLs, without padding: nothing in a hash means anything to YAML.
"""

import hashlib
import hmac
import re
import secrets
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

from mbmd.errors import UsageError

SHORTEST = 8
"""Characters that a password must have (NIST SP 800-63B, section 5.1.1.2)."""
LONGEST = 1024
"""Characters beyond which nobody types one."""
_TOKEN_BYTES = 32
_SALT_BYTES = 16
_KEY_BYTES = 32
_MOST_MEMORY = 1 << 28
"""Bytes that one check may take, as a hash of the configuration may ask for anything."""

_SCRYPT = re.compile(r"scrypt\$([1-9][0-9]?)\$([1-9][0-9]?)\$([1-9][0-9]?)\$([\w-]{11,86})\$([\w-]{22,86})", re.ASCII)
_SHA256 = re.compile(r"sha256\$([\w-]{43})", re.ASCII)


class Cost(NamedTuple):
    """What one guess costs: 2 ** `log_n` rounds in 128 * 2 ** `log_n` * `r` bytes, `p` times."""

    log_n: int
    r: int
    p: int

    @property
    def memory(self) -> int:
        """Bytes that it takes, with what OpenSSL counts beside."""
        return 128 * self.r * ((1 << self.log_n) + self.p + 2)


COST = Cost(14, 8, 5)
"""What OWASP asks for with 16 MiB of memory, which a Raspberry Pi can spare; there a check takes about a second."""


class PasswordHash(NamedTuple):
    """The hash of a password."""

    cost: Cost
    salt: bytes
    key: bytes

    def __str__(self) -> str:
        return f"scrypt${'$'.join(map(str, self.cost))}${_text(self.salt)}${_text(self.key)}"


def hash_password(password: str, cost: Cost = COST) -> PasswordHash:
    """The hash of a password, with a salt of its own. Raises UsageError for one that is too short or too long."""
    if len(password) < SHORTEST:
        raise UsageError(f"the password is too short: it needs {SHORTEST} characters or more")
    if len(password) > LONGEST:
        raise UsageError(f"the password is longer than {LONGEST} characters")
    if not password.isprintable():
        raise UsageError("the password has a character that cannot be printed, which no browser could send")
    salt = secrets.token_bytes(_SALT_BYTES)
    return PasswordHash(cost, salt, _derive(password, cost, salt, _KEY_BYTES))


def parse_password_hash(text: str) -> PasswordHash:
    """What `str` of a hash has written. Raises UsageError, without the text, as that may be a password."""
    match = _SCRYPT.fullmatch(text)
    if match is None:
        raise UsageError("is no hash of a password")
    cost = Cost(*map(int, match.groups()[:3]))
    # n may not be beyond what r allows (RFC 7914, section 2); 31 keeps the shift small.
    if cost.log_n > 31 or cost.memory > _MOST_MEMORY or cost.log_n >= 16 * cost.r:
        raise UsageError("is the hash of a password, and asks for more than scrypt may have here")
    return PasswordHash(cost, _bytes(match[4]), _bytes(match[5]))


def is_password(password: str, known: PasswordHash) -> bool:
    """Whether it is the password of a hash; takes as long for any that is not too long."""
    if len(password) > LONGEST:
        return False
    key = _derive(password, known.cost, known.salt, len(known.key))
    return hmac.compare_digest(key, known.key)


def make_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def hash_token(token: str) -> str:
    """The hash of a token as the configuration has it."""
    return f"sha256${_text(token_digest(token))}"


def parse_token_hash(text: str) -> bytes:
    """The digest of a token's hash. Raises UsageError, without the text, as that may be a token."""
    match = _SHA256.fullmatch(text)
    if match is None:
        raise UsageError("is no hash of a token")
    return _bytes(match[1])


def token_digest(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def _derive(password: str, cost: Cost, salt: bytes, length: int) -> bytes:
    # The same signs may be typed in several ways (RFC 8265, section 4.2).
    plain = unicodedata.normalize("NFC", password).encode(errors="surrogatepass")
    n = 1 << cost.log_n
    return hashlib.scrypt(plain, salt=salt, n=n, r=cost.r, p=cost.p, maxmem=cost.memory + (1 << 20), dklen=length)


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """The bytes of base64; of characters that mean nothing at its end Python takes any number but one."""
    if len(text) % 4 == 1:
        raise UsageError("is a hash that was cut off")
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
