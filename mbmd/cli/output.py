"""What commands print: tables and colour on a terminal, plain text where it is piped, JSON where asked.

Plain text has its columns aligned, no wrapped line, no blank at the end of a line and no escape codes. Nothing is told
by colour alone: `good("fine")` is green where there are colours and `fine` everywhere.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from mbmd.config.given import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console
    from rich.text import Text

_UNBOUNDED = 10_000
"""Columns of what is piped: nothing is wrapped or cut off."""
_GAP = "  "


class Styled(str):
    """Text, and the style that a terminal gives it."""

    style: str

    def __new__(cls, text: str, style: str) -> Styled:
        self = super().__new__(cls, text)
        self.style = style
        return self


def good(text: str) -> Styled:
    """What is as it should be: green."""
    return Styled(text, "green")


def bad(text: str) -> Styled:
    """What is wrong: red."""
    return Styled(text, "red")


def faint(text: str) -> Styled:
    """What matters less."""
    return Styled(text, "dim")


def bold(text: str) -> Styled:
    """A heading."""
    return Styled(text, "bold")


def console(stderr: bool = False) -> Console:
    """Where to print; it knows terminals and NO_COLOR, and takes no text for markup, emoji or numbers to colour."""
    from rich.console import Console

    is_terminal = (sys.stderr if stderr else sys.stdout).isatty()
    width = None if is_terminal else _UNBOUNDED
    return Console(stderr=stderr, width=width, markup=False, emoji=False, highlight=False, soft_wrap=not is_terminal)


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Within, a terminal shows what is waited for; where there is none, nothing."""
    if not sys.stderr.isatty():
        yield
        return
    with console(stderr=True).status(text):
        yield


def print_line(*parts: object) -> None:
    """One line of texts, joined as they are."""
    if sys.stdout.isatty():
        console().print(*map(_rich, parts), sep="", soft_wrap=True)
    else:
        sys.stdout.write("".join(map(_plain, parts)).rstrip() + "\n")


def print_table(header: Sequence[str], rows: Iterable[Sequence[object]], numbers: Iterable[str] = ()) -> None:
    """Rows in columns below their header; the columns `numbers` are aligned to the right."""
    right = [name in set(numbers) for name in header]
    if sys.stdout.isatty():
        _print_rich(header, rows, right)
    else:
        sys.stdout.write(_plain_table([header, *rows], right))


def print_json(value: Any) -> None:
    """One JSON document, indented, with a line end."""
    import orjson

    # JSON is UTF-8, whatever the terminal has.
    sys.stdout.flush()
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


def _print_rich(header: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[bool]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, len(_GAP), 0, 0), header_style="bold")
    for name, is_number in zip(header, right, strict=True):
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(_rich, row))
    console().print(table)


def _plain_table(rows: Iterable[Sequence[object]], right: Sequence[bool]) -> str:
    cells = [[_plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip_longest(*cells, fillvalue="")]
    lines = (
        _GAP.join(
            cell.rjust(width) if is_number else cell.ljust(width)
            for cell, width, is_number in zip(row, widths, right, strict=False)
        )
        for row in cells
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _plain(part: object) -> str:
    """The text of a cell; what no terminal should be sent is written as an escape, wherever it comes from."""
    return printable(str(part))


def _rich(part: object) -> Text:
    from rich.text import Text

    if isinstance(part, Text):
        return part
    return Text(_plain(part), part.style if isinstance(part, Styled) else "")
