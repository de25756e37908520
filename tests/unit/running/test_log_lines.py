"""Records as lines, and that no secret is in them."""

import json
import logging
import sys
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.running.log_lines import FORMATTERS

TEXTS = st.text() | st.text(st.characters(categories=["Cs"])) | st.just("mqtts://me:s3cret@host")


def record(text: str, *args: object, level: int = logging.WARNING, **more: object) -> logging.LogRecord:
    made = logging.LogRecord("mbmd.bus.poller", level, "", 0, text, args, None)
    made.__dict__.update(more)
    return made


def failed(words: str) -> Any:
    try:
        raise RuntimeError(words)
    except RuntimeError:
        return sys.exc_info()


def written(form: str, one: logging.LogRecord) -> str:
    return FORMATTERS[form]().format(one)


def test_text_has_time_and_level() -> None:
    line = written("text", record("SDM1.1: %s", "online", level=logging.INFO, created=1.25, msecs=250))
    assert line.endswith(",250 INFO    SDM1.1: online")


@pytest.mark.parametrize(
    ("level", "priority"), [("CRITICAL", 2), ("ERROR", 3), ("WARNING", 4), ("INFO", 6), ("DEBUG", 7)]
)
def test_the_journal_is_told_the_priority_and_no_time(level: str, priority: int) -> None:
    number = logging.getLevelNamesMapping()[level]
    assert written("journal", record("it is so", level=number)) == f"<{priority}>it is so"


def test_each_line_of_a_traceback_has_its_priority() -> None:
    lines = written("journal", record("lost", exc_info=failed("two\nlines"))).split("\n")
    assert lines[0] == "<4>lost"
    assert lines[1] == "<4>Traceback (most recent call last):"
    assert lines[-2:] == ["<4>RuntimeError: two", "<4>lines"]
    assert all(line.startswith("<4>") for line in lines)


def test_json_is_an_object_in_one_line() -> None:
    one = record("SDM1.1: %s", "offline", created=1_700_000_000.0625, device="SDM1.1", bus=None)
    assert json.loads(written("json", one)) == {
        "time": "2023-11-14T22:13:20.062Z",
        "level": "warning",
        "logger": "mbmd.bus.poller",
        "message": "SDM1.1: offline",
        "device": "SDM1.1",
    }
    assert datetime.fromisoformat("2023-11-14T22:13:20.062Z").utcoffset() is not None


def test_json_has_an_exception_as_text() -> None:
    line = written("json", record("lost", exc_info=failed("two\nlines")))
    assert "\n" not in line
    assert json.loads(line)["exception"].endswith("RuntimeError: two\nlines")


@pytest.mark.parametrize("form", FORMATTERS)
def test_no_line_has_user_or_password_of_a_url_also_in_a_traceback(form: str) -> None:
    one = record("lost %s", "mqtts://me:s3cret@host", exc_info=failed("no way to http://me:tr0ub4dor@host"))
    text = written(form, one)
    assert "lost mqtts://********@host" in text
    assert "RuntimeError: no way to http://********@host" in text
    assert "tr0ub4dor" not in text
    assert "s3cret" not in text


@given(TEXTS, TEXTS, st.sampled_from(sorted(FORMATTERS)))
def test_any_text_makes_lines(message: str, argument: str, form: str) -> None:
    text = written(form, record("%s", message, exc_info=failed(argument), device=argument))
    assert "s3cret" not in text
    if form == "json":
        assert text.encode().splitlines() == [text.encode()]
        assert set(json.loads(text)) == {"time", "level", "logger", "message", "device", "exception"}
    elif form == "journal":
        assert all(line.startswith("<4>") and line.isprintable() for line in text.split("\n"))
    else:
        assert all(map(str.isprintable, text.split("\n")))


@pytest.mark.parametrize("form", ["text", "journal"])
@given(TEXTS)
def test_what_comes_from_a_wire_or_a_broker_makes_no_lines_of_its_own(form: str, text: str) -> None:
    assert len(written(form, record("%s: refused", text)).splitlines()) == 1


def test_what_a_terminal_would_obey_is_written_as_escapes() -> None:
    line = written("journal", record("%s", "meter\r\n<0>mbmd is broken\x1b[2J\u2028\udcff"))
    assert line == r"<4>meter\r\n<0>mbmd is broken\x1b[2J\u2028\udcff"
