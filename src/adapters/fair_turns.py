"""A semaphore that is fair between callers."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from darkroom.domain.model.errors import Overloaded

MOST_WAITING: Final = 32
"""The most turns of one caller that may wait; further ones are refused."""


class FairTurns:
    """Lets `places` holders in at a time, at most half of them for one caller; waiting callers take turns.

    Requests without a caller go first: they are short, or the service's own.
    """

    def __init__(self, places: int) -> None:
        self._free, self._most_of_one = places, max(1, places // 2)
        self._at_work: Counter[str] = Counter()
        self._waiting: dict[str | None, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def turn(self, caller: str | None = None) -> AsyncIterator[None]:
        """Wait for a place, and hold it within the block.

        Raises:
            Overloaded: too many requests of this caller already wait.
        """
        if caller is not None and len(self._waiting.get(caller, ())) >= MOST_WAITING:
            raise Overloaded("too many of your requests are waiting; try again in a second")
        if self._may_begin(caller):
            self._begin(caller)
        else:
            await self._wait(caller)
        try:
            yield
        finally:
            self._end(caller)

    def _may_begin(self, caller: str | None) -> bool:
        return self._free > 0 and (caller is None or self._at_work[caller] < self._most_of_one)

    def _begin(self, caller: str | None) -> None:
        self._free -= 1
        if caller is not None:
            self._at_work[caller] += 1

    def _end(self, caller: str | None) -> None:
        self._free += 1
        if caller is not None:
            self._at_work[caller] -= 1
            if not self._at_work[caller]:
                del self._at_work[caller]
        self._call_next()

    async def _wait(self, caller: str | None) -> None:
        place = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(caller, deque()).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.cancelled():
                self._leave_line(caller, place)
            else:
                self._end(caller)
            raise

    def _call_next(self) -> None:
        """Give the free place to the next caller; waiting callers are in the order of their last turns."""
        for caller in sorted(self._waiting, key=lambda one: one is not None):
            if self._may_begin(caller):
                place = self._waiting[caller][0]
                self._leave_line(caller, place, last=True)
                self._begin(caller)
                place.set_result(None)
                return

    def _leave_line(self, caller: str | None, place: "asyncio.Future[None]", *, last: bool = False) -> None:
        line = self._waiting.pop(caller) if last else self._waiting[caller]
        line.remove(place)
        if line:
            self._waiting[caller] = line
        else:
            self._waiting.pop(caller, None)
