"""What a client of the stream asks for; pure."""

from enum import StrEnum
from typing import NamedTuple
from urllib.parse import parse_qsl

from sanic.exceptions import BadRequest

from mbmd.config.options import FLAG
from mbmd.config.values import did_you_mean
from mbmd.errors import UsageError
from mbmd.readings.hub import Hub
from mbmd.web.choice import LONGEST, named, words


class Form(StrEnum):
    """What a message of readings holds: one of them, or all that one poll of a device brought."""

    READING = "reading"
    BATCH = "batch"


class Wishes(NamedTuple):
    """What is told: `devices` are ids or names, `measurements` names or patterns; empty means all."""

    form: Form
    devices: frozenset[str] = frozenset()
    measurements: frozenset[str] = frozenset()
    status: bool = True


def parse_wishes(query: str, usual: Form, hub: Hub) -> Wishes:
    """The wishes in the query of a URL, with `usual` as form if it names none. Raises BadRequest."""
    given: dict[str, list[str]] = {}
    for key, text in parse_qsl(query, keep_blank_values=True):
        given.setdefault(key, []).append(text)
    asked = words(given.get("measurement", []))
    named("measurement", asked, hub)
    return Wishes(
        _form(_single("format", given, usual)),
        _devices(given.get("devices", []), hub),
        frozenset(asked),
        _flag("status", _single("status", given, "true")),
    )


def _single(key: str, given: dict[str, list[str]], usual: str) -> str:
    texts = given.get(key, [usual])
    if len(texts) > 1:
        raise BadRequest(f"{key} is given {len(texts)} times: give it once")
    return texts[0]


def _form(text: str) -> Form:
    try:
        return Form(text)
    except ValueError:
        raise BadRequest(f"format {text[:LONGEST]!r} is none{did_you_mean(text[:LONGEST], Form)}") from None


def _flag(key: str, text: str) -> bool:
    try:
        flag: bool = FLAG.parse(text[:LONGEST])
    except UsageError as error:
        raise BadRequest(f"{key} {error}") from None
    return flag


def _devices(texts: list[str], hub: Hub) -> frozenset[str]:
    """A name may have a comma, so a text is first taken as one."""
    found = [word for text in texts for word in ([text] if hub.find(text) else words([text]))]
    if texts and not found:
        raise BadRequest("devices names none: leave it out to get all")
    for word in found:
        if hub.find(word) is None:
            raise BadRequest(f"there is no device {word[:LONGEST]}: /api/status lists them")
    return frozenset(found)
