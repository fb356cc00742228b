"""Addresses of this machine only."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Return whether a host, given by name or address, can only be this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
