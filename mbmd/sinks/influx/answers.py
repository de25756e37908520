"""What a database means by its answer to lines."""

import re
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from time import time
from typing import Any, NamedTuple

import orjson

from mbmd.config.given import MASK
from mbmd.sinks.outbox.errors import AwayError

LONGEST = 200
"""Characters of what a server says that are repeated."""
LONGEST_PAUSE = 600.0
"""Seconds; a server that asks for more is asked again all the same."""
_DROPPED = re.compile(r"\bdropped=(\d{1,9})")
_BEGINNING = re.compile(rb'\s*\{\s*"(?:error|message)"\s*:\s*"((?:[^"\\]|\\.)*)"')
_ELSEWHERE = re.compile(r"(https?://)(?:[^/@]*@)?([\w.:\[\]-]+)")
_INCOMPLETE = re.compile(r"please provide either orgID or org|database is required", re.IGNORECASE)
"""What InfluxDB says with status 400 that is no fault of the lines."""
_TOO_LARGE = 413


class Answer(NamedTuple):
    """What came back: the names of `headers` are in lower case, `body` may be cut off."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Refusal(NamedTuple):
    """Lines that were not taken, and why: so many of them, or all (None). They may be `too_many` for one request."""

    text: str
    lines: int | None = None
    too_many: bool = False


def judge(answer: Answer, secrets: Iterable[str]) -> Refusal | None:
    """None if all lines were taken; `secrets` are not repeated.

    Raises AwayError if the same lines may be taken later, be it after the user has mended something.
    """
    said = _Said(answer, secrets)
    if 200 <= answer.status < 300 and not said.is_page:
        return None
    if answer.status == _TOO_LARGE:
        return Refusal(said.with_status, too_many=True)
    if answer.status in (400, 422) and said.document and not _INCOMPLETE.match(said.text):
        return Refusal(said.text, _dropped(said.document))
    raise AwayError(f"{said.with_status}{_advice(answer, said)}", _pause(answer.headers.get("retry-after", "")))


class _Said:
    """The answer in words; `document` is its JSON, as all versions of InfluxDB explain errors, or empty."""

    def __init__(self, answer: Answer, secrets: Iterable[str]) -> None:
        whole = answer.body.decode(errors="replace")
        self.document = _document(answer.body)
        self.is_page = whole.lstrip().startswith("<")
        words = "" if self.is_page else _reason(self.document) or whole
        self.text = _presentable(words, secrets) or f"it answers with status {answer.status}"
        self.with_status = f"status {answer.status}: {self.text}" if words.strip() else self.text


def _document(body: bytes) -> Mapping[str, Any]:
    """The JSON of an error; of one that was cut off what it begins with."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        match = _BEGINNING.match(body)
        return {"error": match[1].decode(errors="replace")} if match else {}
    is_error = isinstance(document, dict) and any(isinstance(document.get(key), str) for key in ("error", "message"))
    return document if is_error else {}


def _reason(document: Mapping[str, Any]) -> str:
    """What went wrong; of several lines that InfluxDB 3 did not take, with the reason of the first."""
    said = [text for key in ("error", "message") if isinstance(text := document.get(key), str)][:1]
    said += [text for row in _rows(document)[:1] if isinstance(text := row.get("error_message"), str)]
    return ": ".join(said)


def _rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = document.get("data")
    rows = [rows] if isinstance(rows, dict) else rows
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _presentable(text: str, secrets: Iterable[str]) -> str:
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return f"{text[:LONGEST]}..." if len(text) > LONGEST else text


def _dropped(document: Mapping[str, Any]) -> int | None:
    """How many lines of a write that succeeded in part were not taken; None if it did not."""
    reason = _reason(document)
    if "partial write" not in reason.lower():
        return None
    match = _DROPPED.search(reason)
    return max(int(match[1]) if match else 0, len(_rows(document)), 1)


def _advice(answer: Answer, said: _Said) -> str:
    """What the user can do about it."""
    if 300 <= answer.status < 400:
        where = _ELSEWHERE.match(answer.headers.get("location", ""))
        to = f" to {where[1]}{where[2]}" if where else ""
        return f", a redirect{to}: give the address of the database itself"
    if answer.status in (401, 403):
        return ": check the token, or user and password, and what they may write to"
    if answer.status == 400 and _INCOMPLETE.match(said.text):
        return ": give influx.organization or influx.database"
    if answer.status == 404 and said.document and "not found" in said.text:
        return ": create it, or correct the name"
    if said.document or answer.status >= 429:
        return ""
    return ": is it a database, and of the version that was configured?"


def _pause(retry_after: str) -> float:
    """Seconds for which a server wants no more requests: a number or a date."""
    if re.fullmatch(r"[0-9]{1,9}", retry_after.strip()):
        return min(float(retry_after), LONGEST_PAUSE)
    try:
        seconds = parsedate_to_datetime(retry_after).timestamp() - time()
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return max(0.0, min(seconds, LONGEST_PAUSE))
