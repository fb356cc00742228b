"""How long a generation takes, less the time in which the provider or the storage was waited for."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class OwnTime:
    """A stop watch that runs while nothing outside is waited for."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock, self._began, self._seconds = clock, clock(), 0.0
        self._waited_for: set[object] = set()

    @property
    def seconds(self) -> float:
        """What it shows."""
        return self._seconds if self._waited_for else self._seconds + self._clock() - self._began

    @contextmanager
    def waiting_for(self, what: object) -> Iterator[None]:
        """Stop it for the length of the block, beside what is waited for already.

        After a failure it stays stopped until the same is waited for again, and comes: between two tries of what is
        tried until it is done, it is still the outside that is waited for.
        """
        self._seconds = self.seconds
        self._waited_for.add(what)
        yield
        self._waited_for.discard(what)
        self._began = self._clock()
