"""What commands print, on a terminal and where it is piped."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from mbmd.cli import output

ROOT = Path(__file__).parents[3]
ESCAPE = re.compile("\x1b\\[[0-9;]*m")
TABLE = """
from mbmd.cli.output import bad, faint, good, print_line, print_table
print_table(("Name", "Size", "What"), [("one", "1", good("fine")), ("two", "22", "word " * 40)], numbers=("Size",))
print_line("it is ", bad("broken"), faint(" [b]indeed[/b] :warning: 42"))
"""


def on_terminal(columns: int, **environment: str) -> str:
    """What TABLE prints on a terminal so wide, whose lines end as a terminal has them."""
    master, slave = pty.openpty()
    inherited = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    env = {**inherited, "TERM": "xterm-256color", "COLUMNS": str(columns), **environment}
    with subprocess.Popen([sys.executable, "-c", TABLE], cwd=ROOT, stdout=slave, env=env) as process:
        os.close(slave)
        said = b""
        try:
            while chunk := os.read(master, 65536):
                said += chunk
        except OSError:  # the other end is closed
            pass
        assert process.wait() == 0
    os.close(master)
    return said.decode().replace("\r\n", "\n")


@pytest.fixture
def plain() -> list[str]:
    done = subprocess.run([sys.executable, "-c", TABLE], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split("\n")


def test_a_terminal_gets_colours_and_a_table_that_fits() -> None:
    said = on_terminal(60)
    assert "\x1b[32mfine" in said
    assert "\x1b[31mbroken" in said
    assert "\x1b[1m" in said
    lines = ESCAPE.sub("", said).splitlines()
    assert len(lines) > 5, "the long cell is folded"
    assert max(map(len, lines)) <= 60
    assert sum(line.count("word") for line in lines) == 40, "nothing is cut off"
    assert lines[-1].rstrip() == "it is broken [b]indeed[/b] :warning: 42"


def test_no_colour_where_none_is_wanted() -> None:
    assert not re.search("\x1b\\[[0-9;]*3[0-9]m", on_terminal(60, NO_COLOR="1"))


def test_a_dumb_terminal_gets_no_escape_codes() -> None:
    assert "\x1b" not in on_terminal(60, TERM="dumb")


def test_what_is_piped_is_plain(plain: list[str]) -> None:
    assert plain == [
        "Name  Size  What",
        "one      1  fine",
        "two     22  " + " ".join(["word"] * 40),
        "it is broken [b]indeed[/b] :warning: 42",
        "",
    ]


def test_what_is_piped_stays_plain_when_colours_are_forced() -> None:
    env = {**os.environ, "FORCE_COLOR": "1"}
    done = subprocess.run([sys.executable, "-c", TABLE], cwd=ROOT, capture_output=True, env=env, check=True)
    assert b"\x1b" not in done.stdout


@given(st.lists(st.lists(st.text(), min_size=3, max_size=3), max_size=5))
def test_no_text_breaks_a_plain_table(rows: list[list[str]]) -> None:
    said = output._plain_table([("A", "B", "C"), *rows], [False, True, False])
    lines = said.split("\n")
    assert len(lines) == len(rows) + 2
    assert all(line.isprintable() and line == line.rstrip() for line in lines)
    for line, row in zip(lines[1:], rows, strict=False):
        cell = "".join(c for c in row[2] if c.isprintable()).strip()
        assert not row[2].isprintable() or line.endswith(cell)


def test_what_would_move_a_cursor_is_shown_as_an_escape(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_line("\x1b[2J", "a\nb")
    assert capsys.readouterr().out == "\\x1b[2Ja\\nb\n"


def test_styled_text_is_text() -> None:
    words = [output.good("fine"), output.bad("broken"), output.faint("built-in"), output.bold("SDM")]
    assert words == ["fine", "broken", "built-in", "SDM"]
    assert len({word.style for word in words}) == 4


def test_cells_of_rich_are_taken_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(("A",), [(Text("x", "red"),), (1,)])
    assert capsys.readouterr().out == "A\nx\n1\n"


def test_waiting_is_quiet_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with output.waiting("for long"):
        pass
    assert capsys.readouterr() == ("", "")


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"a": [1, None], "ä": float("nan")})
    assert capsys.readouterr().out == '{\n  "a": [\n    1,\n    null\n  ],\n  "ä": null\n}\n'
