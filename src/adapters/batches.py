"""Batches items that arrive while a batch is being processed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from typing import Final, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_MOST_AT_ONCE: Final = 64  # so that the first item of a batch does not wait long


class Batches(Generic[T, R]):
    """Calls `work` with a batch at a time; items that arrive meanwhile form the next batch."""

    def __init__(self, work: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]]) -> None:
        """`work` returns for each item its result, or an exception to be raised for that item."""
        self._work = work
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._working: asyncio.Task[None] | None = None

    async def __call__(self, item: T) -> R:
        """Process an item in the next batch, and return its result.

        Raises:
            Exception: the one that `work` returned for the item, or raised for its batch.
        """
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._working is None:
            self._working = asyncio.create_task(self._work_off())
        return await answer

    async def close(self) -> None:
        """Wait until all items are processed."""
        while self._working:
            await asyncio.wait([self._working])

    async def _work_off(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
                try:
                    results = await self._work([item for item, _ in batch])
                except Exception as fault:  # noqa: BLE001  # it is raised for each item
                    results = [_told(fault) for _ in batch]
                for (_, answer), result in zip(batch, results, strict=True):
                    if answer.done():  # its caller has left
                        continue
                    if isinstance(result, Exception):
                        answer.set_exception(result)
                    else:
                        answer.set_result(result)
        finally:
            self._working = None


def _told(fault: Exception) -> Exception:
    """Return a copy of an exception, since each caller adds to its traceback; the exception itself if that fails."""
    try:
        told = copy(fault)
    except Exception:  # noqa: BLE001  # copying calls its constructor, which may raise anything
        return fault
    told.__cause__ = fault
    return told
