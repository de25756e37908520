"""What commands print: tables and colour on a terminal, plain text where it is piped, JSON where asked."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

_UNBOUNDED = 10_000
"""Columns of what is piped: nothing is wrapped or cut off."""


def console(stderr: bool = False) -> Console:
    """Where to print; it knows terminals and NO_COLOR, and takes no text for markup, emoji or numbers to colour."""
    from rich.console import Console

    is_terminal = (sys.stderr if stderr else sys.stdout).isatty()
    width = None if is_terminal else _UNBOUNDED
    return Console(stderr=stderr, width=width, markup=False, emoji=False, highlight=False, soft_wrap=not is_terminal)


def print_table(header: Sequence[str], rows: Iterable[Sequence[object]], numbers: Iterable[str] = ()) -> None:
    """Rows in columns below their header; the columns `numbers` are aligned to the right."""
    from rich.table import Table
    from rich.text import Text

    right = set(numbers)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in header:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row))
    console().print(table)


def print_json(value: Any) -> None:
    """One JSON document, indented, with a line end."""
    import orjson

    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")
