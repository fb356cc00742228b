"""Free ports of the loopback interface."""

from __future__ import annotations

import random
import socket

LOOPBACK = "127.0.0.1"

COMPANION = 10_000
"""The distance from a port to its companion: SeaweedFS opens both for each of its services."""

_dice = random.SystemRandom()  # workers with the same random seed must not choose the same ports
_handed_out: set[int] = set()


def free_port() -> int:
    """Return a random port that is free, as is its companion. This process returns no port twice.

    Both are below the ranges that systems use for outgoing connections. Another process may still choose the same port,
    so a server that cannot listen on it should try again with another.

    Raises:
        OSError: hardly any port is free.
    """
    for _ in range(10_000):
        port = _dice.randrange(10_000, 20_000)
        if port not in _handed_out and is_free(port) and is_free(port + COMPANION):
            _handed_out.add(port)
            return port
    raise OSError("hardly a port is free between 10000 and 19999")


def is_free(port: int) -> bool:
    """Return whether a server could listen on the port now."""
    with socket.socket() as probe:
        # As servers do: recently closed connections (TIME_WAIT) do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
