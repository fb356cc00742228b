"""A gate that lets a bounded number through, and is fair between callers."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class FairGate:
    """At most `width` inside at once; those who wait are let in one caller after the other, oldest first for each.

    So a caller who floods waits behind its own flood, and everyone else behind one of its orders at the most.
    """

    def __init__(self, width: int) -> None:
        self._width = self._free = width
        self._queues: OrderedDict[str, deque[tuple[str, asyncio.Future[None]]]] = OrderedDict()

    @property
    def inside(self) -> int:
        """How many are inside now."""
        return self._width - self._free

    @asynccontextmanager
    async def passing(self, caller: str, name: str) -> AsyncIterator[None]:
        """Wait for a place, and hold it for the length of the block; `name` tells those who wait apart."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(caller, name)
        try:
            yield
        finally:
            self._let_next_in()

    def position(self, caller: str, name: str) -> int | None:
        """Its place among those who wait, from 1; None where it does not."""
        names = [waiting for waiting, _ in self._queues.get(caller, ())]
        if name not in names:
            return None
        own = names.index(name)
        position, round_begun = own + 1, True
        for other, queue in self._queues.items():
            if other == caller:
                round_begun = False
            else:
                position += min(len(queue), own + round_begun)
        return position

    async def _wait(self, caller: str, name: str) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._queues.setdefault(caller, deque()).append((name, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._let_next_in()  # the place was given in the moment of leaving
            raise

    def _let_next_in(self) -> None:
        while self._queues:
            caller, queue = self._queues.popitem(last=False)
            _, turn = queue.popleft()
            if queue:
                self._queues[caller] = queue  # behind all the others
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
