"""What databases answer, word for word where their servers or documentation were at hand."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.config.given import MASK
from mbmd.sinks.influx.answers import LONGEST, LONGEST_PAUSE, Answer, Refusal, judge
from mbmd.sinks.outbox.errors import AwayError


def answer(status: int, body: bytes | Mapping[str, object] = b"", **headers: str) -> Answer:
    """An answer; a body that is no bytes is JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, named, body if isinstance(body, bytes) else orjson.dumps(body))


def away(given_answer: Answer, *secrets: str) -> AwayError:
    with pytest.raises(AwayError) as caught:
        judge(given_answer, secrets)
    return caught.value


@pytest.mark.parametrize("good", [answer(204), answer(200), answer(200, b"{}"), answer(202)])
def test_all_lines_were_taken(good: Answer) -> None:
    assert judge(good, ()) is None


CONFLICT = (
    'partial write: field type conflict: input field "value" on measurement "data" is type float, '
    "already exists as type integer dropped=3"
)
PARSE = "partial write: unable to parse 'data value=xx 22': invalid boolean dropped=0"
OF_VERSION_3 = {
    "error": "partial write of line protocol occurred",
    "data": [
        {"original_line": "data value=1i 1", "line_number": 2, "error_message": "invalid column type"},
        {"original_line": "data value=2i 2", "line_number": 4, "error_message": "another"},
    ],
}


@pytest.mark.parametrize(
    ("refusal", "text", "lines"),
    [
        (answer(400, {"error": CONFLICT}), CONFLICT, 3),
        (answer(400, {"error": PARSE}), PARSE, 1),
        (
            answer(422, {"code": "unprocessable entity", "message": f"failure writing points: {CONFLICT}"}),
            f"failure writing points: {CONFLICT}",
            3,
        ),
        (answer(400, OF_VERSION_3), "partial write of line protocol occurred: invalid column type", 2),
        (answer(400, {"code": "invalid", "message": "unable to parse 'x'"}), "unable to parse 'x'", None),
        (
            answer(400, {"error": "parsing failed for write_lp endpoint", "data": {"error_message": "no fields"}}),
            "parsing failed for write_lp endpoint: no fields",
            None,
        ),
        (answer(400, b'{"error": "partial write of line protocol occurred", "data": [{"orig'),
         "partial write of line protocol occurred", 1),
    ],
)  # fmt: skip
def test_lines_that_are_refused(refusal: Answer, text: str, lines: int | None) -> None:
    assert judge(refusal, ()) == Refusal(text, lines)


def test_a_request_that_is_too_large_may_be_sent_in_parts() -> None:
    refusal = judge(answer(413, b"<html>Request Entity Too Large</html>"), ())
    assert refusal == Refusal("it answers with status 413", too_many=True)


IS_IT = ": is it a database, and of the version that was configured?"
GIVE = ": give the address of the database itself"


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (
            answer(404, {"error": 'database not found: "nix"'}),
            'status 404: database not found: "nix": create it, or correct the name',
        ),
        (
            answer(404, {"code": "not found", "message": 'bucket "x" not found'}),
            'status 404: bucket "x" not found: create it, or correct the name',
        ),
        (
            answer(404, b"404 page not found\n"),
            f"status 404: 404 page not found{IS_IT}",
        ),
        (
            answer(401, {"error": "authorization failed"}),
            "status 401: authorization failed: check the token, or user and password, and what they may write to",
        ),
        (
            answer(403, b""),
            "it answers with status 403: check the token, or user and password, and what they may write to",
        ),
        (
            answer(400, {"code": "invalid", "message": "Please provide either orgID or org"}),
            "status 400: Please provide either orgID or org: give influx.organization or influx.database",
        ),
        (
            answer(400, {"error": "database is required"}),
            "status 400: database is required: give influx.organization or influx.database",
        ),
        (answer(500, {"error": "retention policy not found: x"}), "status 500: retention policy not found: x"),
        (answer(502, b"<html>Bad gateway</html>"), "it answers with status 502"),
        (answer(503, b"busy"), "status 503: busy"),
        (
            answer(400, b"Client sent an HTTP request to an HTTPS server.\n"),
            f"status 400: Client sent an HTTP request to an HTTPS server.{IS_IT}",
        ),
        (
            answer(200, b"\n<!DOCTYPE html><html>Please log in</html>"),
            f"it answers with status 200{IS_IT}",
        ),
        (
            answer(301, b"<html>", location="https://me:secret@db.example:8086/write?token=secret"),
            f"it answers with status 301, a redirect to https://db.example:8086{GIVE}",
        ),
        (
            answer(307, b"", location="/elsewhere"),
            f"it answers with status 307, a redirect{GIVE}",
        ),
    ],
)
def test_the_same_lines_may_be_taken_later(one: Answer, text: str) -> None:
    error = away(one)
    assert (str(error), error.pause) == (text, 0.0)


@pytest.mark.parametrize(
    ("retry_after", "pause"),
    [("30", 30.0), (" 5 ", 5.0), ("999999", LONGEST_PAUSE), ("soon", 0.0), ("", 0.0), ("-1", 0.0), ("9" * 400, 0.0)],
)
def test_a_server_says_how_long_to_wait(retry_after: str, pause: float) -> None:
    assert away(answer(429, b"", retry_after=retry_after)).pause == pause


def test_a_server_says_until_when_to_wait() -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 90 < away(answer(503, b"", retry_after=at)).pause <= 100


def test_secrets_are_not_repeated() -> None:
    error = away(answer(401, {"error": "no token s3cret, no user me:s3cret2"}), "s3cret", "", "s3cret2")
    assert f"no token {MASK}, no user me:{MASK}" in str(error)
    assert "s3cret" not in str(error)


def test_what_a_server_says_is_one_short_line() -> None:
    text = str(away(answer(500, {"error": "a\nb\x1b[31m\x00" + "c" * 10_000})))
    assert text.startswith("status 500: a b [31m ccc")
    assert len(text) < LONGEST + 30


@given(
    st.integers(100, 599),
    st.binary(max_size=60) | st.recursive(st.none() | st.text() | st.booleans(), lambda inner: st.lists(inner)
    | st.dictionaries(st.sampled_from(["error", "message", "data", "error_message"]), inner)).map(orjson.dumps),
    st.dictionaries(st.sampled_from(["retry-after", "location"]), st.text(max_size=30)),
)  # fmt: skip
def test_whatever_comes_is_good_or_refused_or_away(status: int, body: bytes, headers: dict[str, str]) -> None:
    one = Answer(status, headers, body)
    try:
        verdict = judge(one, ["x"])
    except AwayError:
        error = away(one, "x")
        assert str(error).isprintable()
        assert 0 <= error.pause <= LONGEST_PAUSE
    else:
        assert status // 100 == 2 if verdict is None else status in (400, 413, 422)
        assert verdict is None or verdict.text.isprintable()
