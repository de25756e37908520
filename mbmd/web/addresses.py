"""Addresses of clients as they are written in many ways; pure."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_SITE = 64
"""Bits of an IPv6 address that whoever has it cannot choose (RFC 6177)."""


def plain_address(text: str) -> str | None:
    """The address alone of `1.2.3.4:80`, `[::1]:80`, `fe80::1%eth0` or `::ffff:1.2.3.4`; None of what is no address."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return str(_unmapped(address))


def site_of(address: str) -> str:
    """What counts as one client: an IPv4 address, or the network of an IPv6 address."""
    return str(ip_network((address, _SITE), strict=False)) if ":" in address else address


def is_loopback(host: str) -> bool:
    """Whether only programs of the same machine reach it."""
    if host == "localhost":
        return True
    address = plain_address(host)
    return address is not None and ip_address(address).is_loopback


def _unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
