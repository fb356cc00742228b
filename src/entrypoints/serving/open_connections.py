"""How many connections a process holds at once, in all and from one address."""

from collections import Counter, defaultdict
from typing import ClassVar, Protocol


class Connection(Protocol):
    """A connection that is kept for its client's next request."""

    def make_room(self) -> None:
        """Give its place back now, and close as soon as its client has left."""

    def close_now(self) -> None:
        """Close, whether or not its client has left."""


class OpenConnections:
    """Counts them, and says when there are enough; None means no limit.

    A connection that is only kept gives way to a new one, the one that was idle for longest first: so a long
    keep-alive costs no other client a place. At most `LEAVING` of these wait for their clients to leave.

    Behind a proxy all clients have its address: there the limit for one address is the proxy's to hold.
    """

    LEAVING: ClassVar = 64

    def __init__(self, *, most: int | None = None, most_of_one: int | None = None) -> None:
        self._most, self._most_of_one = most, most_of_one
        self._of_one = Counter[str]()
        self._all = 0
        # Those that are idle, in the order in which they became it: all of them, and those of each address.
        self._idle: dict[Connection, None] = {}
        self._idle_of_one: dict[str, dict[Connection, None]] = defaultdict(dict)
        self._leaving: dict[Connection, None] = {}

    def admit(self, address: str) -> bool:
        """Count one more from this address, unless there is no room for it."""
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
        """Count one less: it was admitted, and is closed or about to be."""
        self._all -= 1
        self._of_one[address] -= 1
        if not self._of_one[address]:
            del self._of_one[address]

    def is_idle(self, connection: Connection, address: str) -> None:
        """Take note that a connection that was admitted is only kept from now on."""
        self._idle[connection] = self._idle_of_one[address][connection] = None

    def is_used(self, connection: Connection, address: str) -> None:
        """Take note that it is used again, or gone; one that was not idle may be named too."""
        if connection in self._idle:
            del self._idle[connection], self._idle_of_one[address][connection]
            if not self._idle_of_one[address]:
                del self._idle_of_one[address]

    def is_leaving(self, connection: Connection) -> None:
        """Take note that it has given its place back, and is open for a moment longer."""
        self._leaving[connection] = None
        if len(self._leaving) > self.LEAVING:
            oldest = next(iter(self._leaving))
            del self._leaving[oldest]
            oldest.close_now()

    def has_left(self, connection: Connection) -> None:
        """Take note that it is closed; one that was never left may be named too."""
        self._leaving.pop(connection, None)


def _make_room(idle: dict[Connection, None]) -> None:
    if idle:
        next(iter(idle)).make_room()
