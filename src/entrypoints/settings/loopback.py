"""Addresses that lead nowhere but to this machine."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether a host, by its name or address, is this machine and no other."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
