"""Origins: whose page it is that asks, as browsers tell it; pure."""

from urllib.parse import urlsplit

from mbmd.config.web import DEFAULT_PORTS, join_origin


def plain_origin(text: str) -> str | None:
    """An origin in the one way to write it; None of what is none, such as `null`."""
    try:
        url = urlsplit(text.strip())
        if url.scheme in DEFAULT_PORTS and url.hostname:
            return join_origin(url.scheme, url.hostname, url.port)
    except ValueError:
        pass
    return None


def own_origin(scheme: str, host: str) -> str | None:
    """The origin of a site's own pages, by what the client wrote as host; None of a host that is none."""
    return plain_origin(f"{scheme}://{host}")


def has_default_port(host: str) -> bool:
    """Whether a host, as the client wrote it, is at the port of https."""
    return not host.rpartition("]")[2].partition(":")[2].removeprefix("443")
