from typing import Any, Protocol

from mbmd._native.decode import Program

class Answerable(Protocol):
    """What a query is made of: a good answer is a PDU of `prefix` and `length` bytes of data."""

    @property
    def prefix(self) -> bytes: ...
    @property
    def length(self) -> int: ...
    @property
    def is_its_own_answer(self) -> bool: ...

class Query:
    """A request that can be sent any number of times: `frame` is what goes out, but for its transaction id.

    Raises ValueError when the answer does not fit a PDU, or the program does not fit the answer.
    """

    request: Any
    """What it was made of."""

    def __init__(self, frame: bytes, unit: int, request: Answerable, program: Program | None = None) -> None: ...
