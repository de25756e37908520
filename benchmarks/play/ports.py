"""Where everything that is played listens."""

import random
from socket import create_server

HOST = "127.0.0.1"
RANGE = range(12_000, 32_000)
"""Below the ports that Linux gives by itself, so that none of a thousand connections takes one in between."""


def free_port() -> int:
    """A port of this machine that nobody has."""
    while True:
        try:
            with create_server((HOST, port := random.choice(RANGE))):
                return port
        except OSError:
            continue
