"""Doing for many at once what costs as much for one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from typing import Final, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_MOST_AT_ONCE: Final = 64  # keeps the wait of the first among them short


class Batches(Generic[T, R]):
    """What comes while one batch is worked on goes into the next one together."""

    def __init__(self, work: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]]) -> None:
        """`work` returns for each item a result, or the exception that is raised to the caller that waits for it."""
        self._work = work
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._working: asyncio.Task[None] | None = None

    async def __call__(self, item: T) -> R:
        """Have the item worked on, and give what came of it.

        Raises:
            Exception: what came of it, or what the work on its batch raised.
        """
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._working is None:
            self._working = asyncio.create_task(self._work_off())
        return await answer

    async def close(self) -> None:
        """Wait until all that came is worked on."""
        while self._working:
            await asyncio.wait([self._working])

    async def _work_off(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
                try:
                    results = await self._work([item for item, _ in batch])
                except Exception as fault:  # noqa: BLE001  # it is raised to all who wait
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
    """One for each caller that waits, since each adds to its traceback; one that cannot be copied serves all."""
    try:
        told = copy(fault)
    except Exception:  # noqa: BLE001  # a constructor of its own may raise anything
        return fault
    told.__cause__ = fault
    return told
