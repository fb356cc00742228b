"""The socket that clients connect to."""

import socket
from typing import Final

from entrypoints.settings import BadSettings
from entrypoints.settings.service import ServiceSettings

BACKLOG: Final = 2048  # connections that wait to be accepted; the system may allow fewer


def listen(service: ServiceSettings) -> socket.socket:
    """Listen, so that the address is surely ours; whoever connects waits until somebody accepts.

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
