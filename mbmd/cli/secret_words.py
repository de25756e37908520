"""Passwords and tokens among the words of a command line, told by the options before them however they are written."""

from __future__ import annotations

import re

from mbmd.cli.output_flags import FLAGS
from mbmd.config.given import MASK

# Known to type checkers as that of typing, whose import would be an eighth of what `mbmd --help` takes.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Span = tuple[int, int, int]
    """The number of a word, and from where to where in it the secret is."""

_SECRETS = tuple(flag for key, flag in FLAGS.items() if key.endswith(("password", "token", "users", "tokens")))
_ADDRESSES = (FLAGS["mqtt.broker"], FLAGS["influx.url"])
_SOUNDS_SECRET = re.compile(r"--.*(pas|pw|token|secret)", re.IGNORECASE)
"""An option that is mistyped has a secret all the same."""
_SHORT = re.compile(r"-v*[mi](?=(.*))", re.DOTALL)
_CREDENTIALS = re.compile(r"(?:.*?//)?(?=(.*@))", re.DOTALL)


def spans(words: Sequence[str]) -> Iterator[Span]:
    """All that nobody should see: of addresses user, password and query, of options for secrets all words behind."""
    of_secret = of_address = is_next = False
    for number, word in enumerate(words):
        start = 0
        if word.startswith("-") and not is_next:
            of_secret, of_address, start = _option(word)
            is_next = of_secret and start == len(word)
        else:
            is_next = False  # a secret may begin with a dash, but only behind its option
        if of_secret and start < len(word):
            yield number, start, len(word)
        elif of_address:
            yield from ((number, *span) for span in _of_address(word, start))


def _of_address(word: str, start: int) -> Iterator[tuple[int, int]]:
    if match := _CREDENTIALS.match(word, start):
        start = match.end(1)
        yield match.start(1), start - 1
    query = word.find("?", start) + 1
    if query:
        yield query, len(word)


def _option(word: str) -> tuple[bool, bool, int]:
    """Whether secrets or addresses stand behind an option, and where in its own word."""
    if match := _SHORT.match(word):
        return False, True, match.start(1)
    name, equals, _ = word.partition("=")
    is_secret = _SOUNDS_SECRET.match(name) is not None or _is_short_for(name, _SECRETS)
    return is_secret, _is_short_for(name, _ADDRESSES), len(name) + 1 if equals else len(word)


def _is_short_for(name: str, flags: tuple[str, ...]) -> bool:
    return len(name) > len("--") and any(flag.startswith(name) for flag in flags)


def conceal(message: str, words: Sequence[str]) -> str:
    """A message about a command line without the secrets that are in it."""
    for number, start, end in spans(words):
        message = re.sub(rf"(?<!\w){re.escape(words[number][start:end])}(?!\w)", MASK, message)
    return message
