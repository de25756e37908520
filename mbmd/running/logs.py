"""How much a daemon logs."""

import logging

from mbmd.config.given import mask


class Formatter(logging.Formatter):
    """Lines with time and level, without users and passwords of URLs, also of those in tracebacks."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """As of logging."""
        return mask(super().format(record))


def set_verbose(verbose: bool) -> None:
    """Log states and failures, with `verbose` every failed request."""
    logging.getLogger("mbmd").setLevel(logging.DEBUG if verbose else logging.INFO)
