"""Runs an operation once for all callers that ask at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

CHECK_GOOD_FOR: Final = 1.0
"""Seconds for which a check of a ledger stays valid."""


class OneForAll:
    """Runs `work` once for all callers that ask while it runs, or within `good_for` seconds after it."""

    def __init__(self, work: Callable[[], Awaitable[None]], good_for: float) -> None:
        self._work, self._good_for = work, good_for
        self._task: asyncio.Task[None] | None = None
        self._until = 0.0

    async def __call__(self) -> None:
        """Wait for the current run, or start a new one if the last is no longer valid.

        Raises:
            Exception: what `work` raised.
        """
        now = asyncio.get_running_loop().time()
        if self._task is None or (self._task.done() and now >= self._until):
            self._task = asyncio.create_task(self._done())
        await asyncio.shield(self._task)

    async def close(self) -> None:
        """Wait for a run in progress."""
        if self._task:
            await asyncio.wait([self._task])

    async def _done(self) -> None:
        try:
            await self._work()
        finally:
            self._until = asyncio.get_running_loop().time() + self._good_for
