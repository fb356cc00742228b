"""The socket that clients connect to."""

import ctypes
import socket
import struct
import sys
from contextlib import suppress
from typing import Final

from darkroom.entrypoints.settings import BadSettings
from darkroom.entrypoints.settings.service import ServiceSettings

BACKLOG: Final = 2048  # connections that wait to be accepted; the system may allow fewer

_SO_ATTACH_FILTER: Final = 26  # of Linux, which `socket` does not name


def listen(service: ServiceSettings) -> socket.socket:
    """Listen, so that the address is surely ours; clients that connect wait until a worker accepts them.

    Raises:
        BadSettings: the address cannot be had.
    """
    host, port = service.host, service.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as fault:  # the second for a name that no host can have
        raise BadSettings(f"DARKROOM_HOST must be an address of this machine, unlike {host!r}: {fault}") from fault
    listener = socket.socket(family, kind, protocol)
    try:
        # Connections that were closed a moment ago do not count.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as fault:
        listener.close()
        raise BadSettings(
            f"DARKROOM_HOST and DARKROOM_PORT must be an address that is free, unlike {host}, port {port}: "
            f"{fault.strerror}"
        ) from fault
    return listener


def let_nobody_connect(listener: socket.socket) -> None:
    """Have the system ignore new connections from now on, if it can, so that the listener can be closed.

    Else a client that connects between the last accept and the close is cut off: clients come back in the
    very moment in which they hear that a process stops. For who is passed over their system tries again a second later,
    and finds the successor or no listener. It holds for all processes that share the listener.
    """
    # A filter of Linux in classic BPF: code, words to skip if true and if false, value.
    program = b"".join(
        struct.pack("HBBI", *word)
        for word in (
            (0x30, 0, 0, 13),  # look at the flags of the TCP header
            (0x45, 0, 1, 0x02),  # is SYN set?
            (0x06, 0, 0, 0),  # drop the packet
            (0x06, 0, 0, 0xFFFFFFFF),  # let all of it pass
        )
    )
    held = ctypes.create_string_buffer(program, len(program))
    if sys.platform == "linux":
        with suppress(OSError):  # a sandbox forbids it
            described = struct.pack("HP", len(program) // 8, ctypes.addressof(held))
            listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)


def accept_all(listener: socket.socket) -> list[socket.socket]:
    """Accept all clients that have connected by now: those that still wait when a listener is closed are cut off."""
    connected: list[socket.socket] = []
    listener.settimeout(0)
    with suppress(OSError):  # no client waits any more
        while True:
            connection, _ = listener.accept()
            connection.settimeout(0)
            connected.append(connection)
    return connected
