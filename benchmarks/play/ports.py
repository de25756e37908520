"""Where everything that is played listens."""

from socket import create_server

HOST = "127.0.0.1"


def free_port() -> int:
    """A port of this machine that nobody has."""
    with create_server((HOST, 0)) as reserved:
        port: int = reserved.getsockname()[1]
        return port
