"""The time that a provider may take."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType


class ProviderTime:
    """A number of seconds for one asynchronous block, or for several one after the other.

    Time between blocks and in `stopped` does not count: an image that was paid for must not be given up because our own
    memory, disk or connections were busy.

    Raises:
        TimeoutError: no time is left. A running block is cancelled.
    """

    def __init__(self, seconds: float) -> None:
        self.left = seconds
        """The seconds that are left before a block."""
        self._running = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        self._running = asyncio.timeout(self.left)
        await self._running.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.left = (self._running.when() or 0) - asyncio.get_running_loop().time()
        await self._running.__aexit__(kind, error, trace)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Within a block: let no time run out until this inner one ends."""
        clock = asyncio.get_running_loop().time
        left = (self._running.when() or 0) - clock()
        self._running.reschedule(None)
        try:
            yield
        finally:
            self._running.reschedule(clock() + left)
