"""A bound on memory: so many bytes at once."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class ByteRoom:
    """Room for so many bytes. Who finds none waits, and whoever came first is let in first."""

    def __init__(self, size: int) -> None:
        self._size = self._free = size
        self._queue: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def holding(self, length: int) -> AsyncIterator[None]:
        """Hold so many bytes for the length of the block; what is larger than the whole room takes all of it."""
        length = min(length, self._size)
        await self._take(length)
        try:
            yield
        finally:
            self._give_back(length)

    async def _take(self, length: int) -> None:
        if not self._queue and length <= self._free:
            self._free -= length
            return
        turn = asyncio.get_running_loop().create_future()
        self._queue.append((length, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._give_back(0)  # it may have stood before others who fit in
            else:
                self._give_back(length)  # it was let in at the moment of leaving
            raise

    def _give_back(self, length: int) -> None:
        self._free += length
        while self._queue:
            wanted, turn = self._queue[0]
            if not turn.done():
                if wanted > self._free:
                    return
                self._free -= wanted
                turn.set_result(None)
            self._queue.popleft()
