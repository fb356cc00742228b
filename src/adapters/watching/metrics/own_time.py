"""Measures the time that Darkroom itself takes for a generation, without waiting for provider and storage."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class OwnTime:
    """A stopwatch that is stopped while something outside is waited for."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock, self._began, self._seconds = clock, clock(), 0.0
        self._waited_for: set[object] = set()

    @property
    def seconds(self) -> float:
        """The time measured so far."""
        return self._seconds if self._waited_for else self._seconds + self._clock() - self._began

    @contextmanager
    def waiting_for(self, what: object) -> Iterator[None]:
        """Stop the watch within the block; blocks may overlap.

        If the block raises, the watch stays stopped until a later block for the same `what` succeeds: the time between
        retries counts as waiting too.
        """
        self._seconds = self.seconds
        self._waited_for.add(what)
        yield
        self._waited_for.discard(what)
        self._began = self._clock()
