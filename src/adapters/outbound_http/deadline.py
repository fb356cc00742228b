"""Deadlines for the other side, which our own waiting does not shorten."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager


class Deadline:
    """A limit on the time that the other side may take, in one block or in several one after the other.

    Time in `stopped` does not count: an image that was paid for must not be given up because our memory, our disk or
    our connections were busy.
    """

    def __init__(self, seconds: float) -> None:
        """It begins now, in a running event loop."""
        self._clock = asyncio.get_running_loop().time
        self._at = self._clock() + seconds
        self._running: asyncio.Timeout | None = None

    @property
    def left(self) -> float:
        """The seconds that are left, at least 0."""
        return max(self._at - self._clock(), 0)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Cancel the block at the deadline.

        Raises:
            TimeoutError: the deadline has passed.
        """
        try:
            async with asyncio.timeout_at(self._at) as self._running:
                await asyncio.sleep(0)  # raises if the deadline has already passed
                yield
        finally:
            self._running = None

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Put the deadline off by the time that the block takes; a block within `running` is not cancelled."""
        begun, running = self._clock(), self._running
        if running:
            running.reschedule(None)
        try:
            yield
        finally:
            self._at += self._clock() - begun
            if running:
                running.reschedule(self._at)
