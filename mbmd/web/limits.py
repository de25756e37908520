"""How much the web server takes of its clients."""

import resource

HEAD = 8 << 10
"""Bytes of a request's head."""
BODY = 16 << 10
"""Bytes of a request's body, which means nothing to anybody."""
BUFFER = 16 << 10
"""Bytes of requests that wait for an answer to those before them."""
REQUEST = 10.0
"""Seconds from the first byte of a request to its last, or for encryption to be agreed on."""
IDLE = 60.0
"""Seconds for which a connection may wait for a request, or for its client to read."""
CONNECTIONS = 1000
"""Connections in all."""
EACH = 250
"""Connections of one client."""
_OTHERS = 200
"""Files that are left for sinks and all else."""


def most_connections(buses: int = 0) -> int:
    """Connections that the process can have beside those of so many buses, with the files that it may open."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    left = files - buses
    return CONNECTIONS if files < 0 else min(CONNECTIONS, max(left - _OTHERS, left // 2))
