"""Configuration files as YAML: texts as they are written, each with its line, and whatever is no YAML."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mbmd.config.document import MAX_BYTES, read_document
from mbmd.config.given import Given
from mbmd.config.reader import read
from mbmd.errors import UsageError


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("document") / "mbmd.yaml"


def document(file: Path, content: str | bytes) -> Given:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    given, problems = read_document(file)
    assert problems == []
    return given


def plain(given: Given) -> Any:
    """Values without their origins."""
    if isinstance(given.value, dict):
        return {key: plain(child) for key, child in given.value.items()}
    return [plain(item) for item in given.value] if isinstance(given.value, list) else given.value


def test_values_are_taken_as_written(file: Path) -> None:
    text = "password: 0123\ntopic: on\nid: 1\nnumber: 1_000\nquoted: '0'\ntime: 12:30:45\nlong: |\n  two\n  lines\n"
    assert plain(document(file, text)) == {
        "password": "0123",
        "topic": "on",
        "id": "1",
        "number": "1_000",
        "quoted": "0",
        "time": "12:30:45",
        "long": "two\nlines\n",
    }


@pytest.mark.parametrize("nothing", ["", "~", "null", "# nothing"])
def test_a_key_without_a_value_has_none(nothing: str, file: Path) -> None:
    assert plain(document(file, f"user: {nothing}\n")) == {"user": None}


def test_an_empty_text_in_quotes_is_a_value(file: Path) -> None:
    assert plain(document(file, "api: ''\ntopic: \"\"\n")) == {"api": "", "topic": ""}


@pytest.mark.parametrize("content", [b"", b"# only a comment\n", b"\xef\xbb\xbf", b"---\n", b"~\n"])
def test_an_empty_file_says_nothing(content: bytes, file: Path) -> None:
    assert plain(document(file, content)) == {}


def test_a_byte_order_mark_and_line_ends_of_windows_are_no_harm(file: Path) -> None:
    given = document(file, b"\xef\xbb\xbfrate: 1s\r\napi: h:1\r\n")
    assert plain(given) == {"rate": "1s", "api": "h:1"}


def test_every_value_has_the_line_of_its_key_and_every_item_its_own(file: Path) -> None:
    given = document(file, "# first\nrate:\n  1s\nslow:\n- Power\n- Import\nmqtt: {user: me,\n  topic: x}\n")
    assert isinstance(given.value, dict)
    lines = {key: child.origin.line for key, child in given.value.items()}
    assert lines == {"rate": 2, "slow": 4, "mqtt": 7}
    slow, mqtt = given.value["slow"].value, given.value["mqtt"].value
    assert isinstance(slow, list)
    assert isinstance(mqtt, dict)
    assert [item.origin.line for item in slow] == [5, 6]
    assert mqtt["topic"].origin == (str(file), 8)


def test_aliases_and_merged_keys_are_what_they_stand_for(file: Path) -> None:
    text = "a: &a {x: 1, y: 2}\nb: *a\nc: {<<: *a, y: 3}\nd: {<<: [{z: 4, x: 0}, *a], z: 5}\n"
    assert plain(document(file, text)) == {
        "a": {"x": "1", "y": "2"},
        "b": {"x": "1", "y": "2"},
        "c": {"x": "1", "y": "3"},
        "d": {"x": "0", "y": "2", "z": "5"},
    }


def test_a_huge_file_is_refused_unread(file: Path) -> None:
    with pytest.raises(UsageError, match=r"mbmd.yaml: larger than 1 MiB: this is no configuration$"):
        document(file, b"# " + b"x" * MAX_BYTES)


@pytest.mark.parametrize(
    ("name", "reason"), [("", "Is a directory"), ("missing.yaml", "No such file or directory"), ("a\0b", "null byte")]
)
def test_a_file_that_cannot_be_read_is_named(name: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"cannot be read: .*{reason}"):
        read_document(tmp_path / name)


@pytest.mark.parametrize(
    "text",
    [
        "password: *tr0ub4dor",
        "password: &tr0ub4dor x\nuser: &tr0ub4dor y",
        "password: !tr0ub4dor",
        "password: !tr0ub4dor!x y",
        "password: @tr0ub4dor",
        "password: 'tr0ub4dor",
        'password: "\\tr0ub4dor',
        "password: [tr0ub4dor",
        "password: tr0ub4dor: x",
        "password:tr0ub4dor",
        "{password:tr0ub4dor}",
        "password tr0ub4dor\nuser: x",
        "? password tr0ub4dor",
        "password: [tr0ub4dor]",
        "password: {user: tr0ub4dor}",
    ],
)
def test_no_complaint_tells_a_password(text: str, file: Path) -> None:
    file.write_text("mqtt:\n" + "".join(f"  {line}\n" for line in text.splitlines()), encoding="utf-8")
    try:
        given, problems = read_document(file)
        said = [*map(str, problems), *map(str, read(given).problems)]
    except UsageError as error:
        said = [str(error)]
    assert said
    assert not any("tr0ub" in line for line in said)


SIGNS = st.sampled_from([*"&*!|>%@`'\"{}[],:-?#\n\t ", ": ", "- ", "\n  ", "<<: ", "&a ", "*a", "---\n", "!!int "])
WORDS = st.sampled_from(["adapters", "devices", "mqtt", "password", "slow", "1s", "\\x", "\\U00110000", "%YAML 9.9\n"])
TEXTS = st.lists(SIGNS | WORDS | st.text(max_size=3), max_size=30).map("".join).map(str.encode)


@given(st.binary(max_size=60) | TEXTS)
@example(b'"\\U00110000"')
@example(b"%YAML " + b"9" * 5000 + b".1\n--- x")
@example(b"[" * 100_000)
@example(b"a: \xed\xa0\x80")
@example(b'? "\\ud800"')
def test_any_bytes_are_a_configuration_or_problems_with_lines(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    try:
        parsed, problems = read_document(file)
        said = [*problems, *read(parsed).problems]
    except UsageError as error:
        assert str(error).startswith(f"{file}:")  # noqa: PT017 - any bytes may be right
        assert str(error).isprintable()  # noqa: PT017
    else:
        assert all(str(problem).startswith(f"{file}:") and str(problem).isprintable() for problem in said)
