"""Limits how many connections a process holds at once, in all and from one address."""

from collections import Counter, defaultdict
from typing import ClassVar, Protocol


class Connection(Protocol):
    """An idle connection, kept for its client's next request."""

    def make_room(self) -> None:
        """Release its place now, and close once its client has closed."""

    def close_now(self) -> None:
        """Close, whether or not its client has closed."""


class OpenConnections:
    """Counts connections against the limits `most`, and `most_of_one` for one address; None is unlimited.

    The connection that was idle for longest makes room for a new one, so that a long keep-alive costs no other client
    its place. At most `LEAVING` of those wait for their clients to close.

    Behind a proxy all clients have the proxy's address; the proxy has to limit each client then.
    """

    LEAVING: ClassVar = 64

    def __init__(self, *, most: int | None = None, most_of_one: int | None = None) -> None:
        self._most, self._most_of_one = most, most_of_one
        self._of_one = Counter[str]()
        self._all = 0
        # The idle connections, longest idle first: all of them, and those of each address.
        self._idle: dict[Connection, None] = {}
        self._idle_of_one: dict[str, dict[Connection, None]] = defaultdict(dict)
        self._leaving: dict[Connection, None] = {}

    def admit(self, address: str) -> bool:
        """Count a connection from this address and return True; False if there is no room for it."""
        if self._most_of_one is not None and self._of_one[address] >= self._most_of_one:
            _make_room(self._idle_of_one.get(address, {}))
            if self._of_one[address] >= self._most_of_one:
                return False
        if self._most is not None and self._all >= self._most:
            _make_room(self._idle)
            if self._all >= self._most:
                return False
        self._all += 1
        self._of_one[address] += 1
        return True

    def release(self, address: str) -> None:
        """Stop counting an admitted connection that is closed, or is about to be."""
        self._all -= 1
        self._of_one[address] -= 1
        if not self._of_one[address]:
            del self._of_one[address]

    def is_idle(self, connection: Connection, address: str) -> None:
        """Note that an admitted connection has become idle."""
        self._idle[connection] = self._idle_of_one[address][connection] = None

    def is_used(self, connection: Connection, address: str) -> None:
        """Note that a connection is no longer idle; nothing happens if it was not."""
        if connection in self._idle:
            del self._idle[connection], self._idle_of_one[address][connection]
            if not self._idle_of_one[address]:
                del self._idle_of_one[address]

    def is_leaving(self, connection: Connection) -> None:
        """Note that a connection has released its place, and waits for its client to close."""
        self._leaving[connection] = None
        if len(self._leaving) > self.LEAVING:
            oldest = next(iter(self._leaving))
            del self._leaving[oldest]
            oldest.close_now()

    def has_left(self, connection: Connection) -> None:
        """Note that a connection is closed; nothing happens if it was not leaving."""
        self._leaving.pop(connection, None)


def _make_room(idle: dict[Connection, None]) -> None:
    if idle:
        next(iter(idle)).make_room()
