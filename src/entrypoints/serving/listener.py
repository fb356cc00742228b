"""The listening socket."""

import ctypes
import socket
import struct
import sys
from contextlib import suppress
from typing import Final

from darkroom.entrypoints.settings import BadSettings
from darkroom.entrypoints.settings.service import ServiceSettings

BACKLOG: Final = 2048  # the most connections that wait to be accepted; the system may allow fewer

_SO_ATTACH_FILTER: Final = 26  # a constant of Linux that `socket` lacks


def listen(service: ServiceSettings) -> socket.socket:
    """Return a socket that listens; clients that connect wait until a worker accepts them.

    Raises:
        BadSettings: the address is not one of this machine, or is in use.
    """
    host, port = service.host, service.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as fault:  # UnicodeError for a name that is not a valid host name
        raise BadSettings(f"DARKROOM_HOST must be an address of this machine, not {host!r}: {fault}") from fault
    listener = socket.socket(family, kind, protocol)
    try:
        # Recently closed connections (TIME_WAIT) do not block the address.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as fault:
        listener.close()
        raise BadSettings(
            f"DARKROOM_HOST and DARKROOM_PORT must be an address that is free, not {host}, port {port}: "
            f"{fault.strerror}"
        ) from fault
    return listener


def refuse_connections(listener: socket.socket) -> None:
    """Make the system drop new connections, if it can, so that the listener can be closed safely.

    Without it, a client that connects between the last accept and the close would be reset: clients reconnect in the
    very moment in which a process announces that it stops. The system of a client whose connection is dropped tries
    again a second later, and finds the successor or no listener. The filter applies to all processes that share the
    listener.
    """
    # A filter of Linux in classic BPF: code, words to skip if true and if false, value.
    program = b"".join(
        struct.pack("HBBI", *word)
        for word in (
            (0x30, 0, 0, 13),  # load the flags of the TCP header
            (0x45, 0, 1, 0x02),  # is SYN set?
            (0x06, 0, 0, 0),  # yes: drop the packet
            (0x06, 0, 0, 0xFFFFFFFF),  # no: accept all of it
        )
    )
    held = ctypes.create_string_buffer(program, len(program))
    if sys.platform == "linux":
        with suppress(OSError):  # a sandbox may forbid it
            described = struct.pack("HP", len(program) // 8, ctypes.addressof(held))
            listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)


def accept_all(listener: socket.socket) -> list[socket.socket]:
    """Return all connections that wait to be accepted: closing the listener would reset them."""
    connected: list[socket.socket] = []
    listener.settimeout(0)
    with suppress(OSError):  # raised once no connection waits
        while True:
            connection, _ = listener.accept()
            connection.settimeout(0)
            connected.append(connection)
    return connected
