"""Free ports of the loopback interface."""

from __future__ import annotations

import random
import socket

LOOPBACK = "127.0.0.1"

COMPANION = 10_000
"""How far above a port its companion lies: SeaweedFS opens both for each of its services."""

_dice = random.SystemRandom()  # two workers that were seeded alike must not draw alike
_handed_out: set[int] = set()


def free_port() -> int:
    """Draw a port that nobody listens on, nor on its companion. None is drawn twice in the life of this process.

    Both lie below the ranges from which systems take the ports of outgoing connections, so none of those comes in
    between. Another process may still draw the same one: whoever starts a server there tries again with another.

    Raises:
        OSError: Hardly any is left.
    """
    for _ in range(10_000):
        port = _dice.randrange(10_000, 20_000)
        if port not in _handed_out and _is_free(port) and _is_free(port + COMPANION):
            _handed_out.add(port)
            return port
    raise OSError("hardly a port is free between 10000 and 19999")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: connections that were closed a moment ago do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
