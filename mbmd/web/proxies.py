"""Reverse proxies: which are believed, and what they say of the client behind them; pure."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address, ip_network

from mbmd.web.addresses import plain_address


class Proxies:
    """The proxies whose X-Forwarded- lines are believed, by their addresses or networks."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks = tuple(map(ip_network, networks))
        self.trusts = lru_cache(1024)(self._trusts)
        """Whether an address is one of theirs."""

    def __bool__(self) -> bool:
        return bool(self._networks)

    def client(self, peer: str, forwarded: str) -> str:
        """The address of the client: of X-Forwarded-For the last that is no trusted proxy.

        What stands before that may be invented; behind what is no address nobody is believed any more.
        """
        address = plain_address(peer) or peer
        parts = forwarded.split(",") if forwarded else []
        while parts and self.trusts(address):
            before = plain_address(parts.pop())
            if before is None:
                break
            address = before
        return address

    def _trusts(self, address: str) -> bool:
        plain = plain_address(address)
        if plain is None:
            return False
        found = ip_address(plain)
        return any(found in network for network in self._networks if network.version == found.version)
