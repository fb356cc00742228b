"""Doing for many at once what costs as much for one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_MOST_AT_ONCE: Final = 64  # keeps the wait of the first among them short


class Batches(Generic[T]):
    """What comes while one batch is worked on goes into the next one together."""

    def __init__(self, work: Callable[[Sequence[T]], Awaitable[object]]) -> None:
        self._work = work
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._working: asyncio.Task[None] | None = None

    async def __call__(self, item: T) -> None:
        """Have the item worked on, and wait for it.

        Raises:
            Exception: what the work on its batch raised.
        """
        answer = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._working is None:
            self._working = asyncio.create_task(self._work_off())
        await answer

    async def close(self) -> None:
        """Wait until all that came is worked on."""
        while self._working:
            await asyncio.wait([self._working])

    async def _work_off(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
                await self._work_on([item for item, _ in batch], [answer for _, answer in batch])
        finally:
            self._working = None

    async def _work_on(self, items: Sequence[T], answers: Sequence[asyncio.Future[None]]) -> None:
        fault: Exception | None = None
        try:
            await self._work(items)
        except Exception as raised:  # noqa: BLE001  # it is told to all who wait
            fault = raised
        for answer in answers:
            if answer.done():  # whoever asked has left
                continue
            if fault is None:
                answer.set_result(None)
            else:
                told = copy(fault)  # what each makes of it is no concern of the others
                told.__cause__ = fault
                answer.set_exception(told)
