"""Waiting for a program to listen."""

import socket
from time import monotonic, sleep

from servers.ports import LOOPBACK
from servers.process import Process, ProgramFailed


def wait_for_port(port: int, process: Process, seconds: float = 10) -> None:
    """Wait until the program listens.

    Raises:
        ProgramFailed: it did not listen in time.
    """
    deadline = monotonic() + seconds
    while True:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError as error:
            if monotonic() > deadline or not process.running:
                raise ProgramFailed(f"no program listens on {port}: {process.stderr}") from error
            sleep(0.02)
        else:
            return
