"""The keys of the log."""

from typing import Annotated

from msgspec import Struct

from mbmd.config import texts
from mbmd.config.keys import key

LEVELS = ("error", "warning", "info", "debug")
FORMATS = ("auto", "text", "journal", "json")


class Log(Struct, frozen=True, kw_only=True):
    """What is logged, and how."""

    level: Annotated[
        str, key("what is logged: error, warning, info or debug, each with those before", texts.one_of(*LEVELS))
    ] = "info"
    format: Annotated[
        str,
        key(
            "text: with time and level; journal: for that of systemd; json: an object in each line; "
            "auto: journal where that reads the log, else text",
            texts.one_of(*FORMATS),
        ),
    ] = "auto"


DEBUG = Log(level="debug")
