"""How much a daemon logs."""

import logging


def set_verbose(verbose: bool) -> None:
    """Log states and failures, with `verbose` every failed request."""
    logging.getLogger("mbmd").setLevel(logging.DEBUG if verbose else logging.INFO)
