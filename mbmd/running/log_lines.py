"""Records of the log as lines: for people, for the journal of systemd, and for programs; none has a secret."""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from mbmd.config.given import mask, printable

PRIORITIES: Mapping[int, int] = MappingProxyType({50: 2, 40: 3, 30: 4, 20: 6, 10: 7})
"""Priorities of syslog (RFC 5424, section 6.2.1) by levels of logging."""
FIELDS = ("device", "bus")
"""What records may be of, by `extra`."""


class Plain(logging.Formatter):
    """Lines without users and passwords of URLs, also of those in tracebacks.

    What is told may come from a wire or a broker: it makes no lines of its own, and sends no terminal anything.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """As of logging."""
        return printable(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        """As of logging."""
        return "\n".join(map(printable, mask(super().format(record)).split("\n")))


class Text(Plain):
    """Lines with time and level."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s")


class Journal(Plain):
    """Lines with their priority, as sd-daemon(3) has it; the journal itself knows the time."""

    def format(self, record: logging.LogRecord) -> str:
        """As of logging."""
        prefix = journal_prefix(record.levelno)
        return "\n".join(prefix + line for line in super().format(record).split("\n"))


class Json(logging.Formatter):
    """An object in each line."""

    def format(self, record: logging.LogRecord) -> str:
        """As of logging."""
        import orjson

        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields |= {name: str(value) for name in FIELDS if (value := getattr(record, name, None)) is not None}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return orjson.dumps({name: _utf8(mask(text)) for name, text in fields.items()}).decode()


FORMATTERS: Mapping[str, Callable[[], logging.Formatter]] = MappingProxyType(
    {"text": Text, "journal": Journal, "json": Json}
)


def journal_prefix(level: int) -> str:
    """What a line of that level begins with."""
    return f"<{PRIORITIES.get(level, 6)}>"


def _utf8(text: str) -> str:
    """The text without halves of surrogates, which JSON cannot have."""
    return text.encode("utf-8", "backslashreplace").decode()
