"""How many connections a process holds at once, in all and from one address."""

from collections import Counter


class OpenConnections:
    """Counts them, and says when there are enough; None is no limit.

    Behind a proxy all clients have its address: there the limit for one address is the proxy's to hold.
    """

    def __init__(self, *, most: int | None = None, most_of_one: int | None = None) -> None:
        self._most, self._most_of_one = most, most_of_one
        self._of_one = Counter[str]()
        self._all = 0

    def admit(self, address: str) -> bool:
        """Count one more from this address, unless there is no room for it."""
        full = self._most is not None and self._all >= self._most
        if full or (self._most_of_one is not None and self._of_one[address] >= self._most_of_one):
            return False
        self._all += 1
        self._of_one[address] += 1
        return True

    def release(self, address: str) -> None:
        """Count one less: it was admitted, and is closed."""
        self._all -= 1
        self._of_one[address] -= 1
        if not self._of_one[address]:
            del self._of_one[address]
