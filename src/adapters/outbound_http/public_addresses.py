"""Tells public addresses from private ones, with resolvers that refuse either kind."""

import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")  # RFC 4291, 2.4
_NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052, 2.1


class LinkRefused(Exception):
    """A link is not followed. The message is read after "its link", and never quotes the link, which may be secret."""


def is_address(host: str) -> bool:
    """Return whether a URL's host is an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_public(address: str) -> bool:
    """Return whether `address` is a public unicast IP address; False if it is not an IP address.

    Special-purpose addresses are those of IANA's registries (RFC 6890). For an IPv6 address that embeds an IPv4 one
    (mapped, NAT64, 6to4), the IPv4 address decides.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        carried = ip.ipv4_mapped or ip.sixtofour or (IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None)
        if carried is None:
            return ip.is_global and ip in _GLOBAL_UNICAST and ip.scope_id is None
        ip = carried
    return ip.is_global and not ip.is_multicast


def may_be_public(host: str) -> bool:
    """Return whether a URL's host is a public address or a name; the resolver checks what a name resolves to.

    Forms that some resolvers read as an address, such as 2130706433 or 127.1, count as addresses (URL Standard, 3.5)
    and are refused: an address is connected to without asking our resolver.
    """
    looks_like_one = ":" in host or host.rstrip(".").rpartition(".")[2][:1].isdigit()
    return is_public(host) if looks_like_one else True


class PublicAddresses(AbstractResolver):
    """Resolves names to public addresses only.

    The checked addresses are the ones connected to, so a name that resolves differently later (DNS rebinding) gains
    nothing. `exempt` holds pairs of host and port that the operator trusts by name.
    """

    def __init__(self, resolver: AbstractResolver, exempt: Collection[tuple[str, int]]) -> None:
        self._resolver, self._exempt = resolver, frozenset(exempt)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises LinkRefused if any address of the name is not public."""
        found = await self._resolver.resolve(host, port, family)
        if (host, port) not in self._exempt and not all(is_public(one["host"]) for one in found):
            raise LinkRefused("leads to an address that is not public")
        return found

    async def close(self) -> None:
        await self._resolver.close()


class NoPublicAddresses(AbstractResolver):
    """Refuses names that resolve to a public address: plain text must not leave a private network."""

    def __init__(self, resolver: AbstractResolver) -> None:
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises LinkRefused if any address of the name is public."""
        found = await self._resolver.resolve(host, port, family)
        if any(is_public(one["host"]) for one in found):
            raise LinkRefused("leads to a public address over plain http")
        return found

    async def close(self) -> None:
        await self._resolver.close()
