"""A bound on memory: a number of bytes that may be held at once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import ClassVar, Final, Self


class Stay:
    """What one order keeps in memory until all of its answer is handed on, however many parts that comes in.

    An order whose first part is here may find no room for the next one, which another order holds that waits in the
    same way. So each room has one place beyond it: the order that gets it has room for all of its parts, until it ends.
    """

    _current: ClassVar[ContextVar["Stay | None"]] = ContextVar("_current", default=None)

    def __init__(self) -> None:
        self._endings: list[Callable[[], None]] = []

    @classmethod
    def now(cls) -> "Stay | None":
        """The one whose block this is done in."""
        return cls._current.get()

    @contextmanager
    def current(self) -> Iterator[None]:
        """What is read within the block, and in tasks that begin there, is a part of this order's answer."""
        token = self._current.set(self)
        try:
            yield
        finally:
            self._current.reset(token)

    def at_its_end(self, do: Callable[[], None]) -> None:
        """Leave something to be done at the end of the stay."""
        self._endings.append(do)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._endings:
            self._endings.pop()()


@dataclass(frozen=True, slots=True)
class _Waiting:
    length: int
    stay: Stay | None
    turn: asyncio.Future[None]


class ByteRoom:
    """Room for a number of bytes; a part that is larger than the whole room counts as the whole room.

    A holder that will give back without having more MAY wait for the others. One that cannot, since further parts of
    the same answer are still to come, MUST say by its `Stay` which parts belong together.
    """

    def __init__(self, size: int) -> None:
        self._size: Final = size
        self._free = size
        self._queue: list[_Waiting] = []
        self._beyond: Stay | None = None  # who has the place beyond the room

    def offers(self, length: int) -> bool:
        """Take this many bytes if they are free now and no other waits for them."""
        if self._queue or length > self._free:
            return False
        self._free -= length
        return True

    async def take(self, length: int, stay: Stay | None = None) -> int:
        """Take this many bytes as soon as they are free, first come, first served. Gives how many are to be given back.

        `stay` is the one that they are a part of, if they are.
        """
        length = min(length, self._size)
        if self.offers(length):
            return length
        waiting = _Waiting(length, stay, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._let_in()
        try:
            await waiting.turn
        except asyncio.CancelledError:
            if waiting in self._queue:
                self._queue.remove(waiting)
                self._let_in()  # it may have stood before others that fit in
            else:
                self.give_back(length)  # it was let in at the moment of leaving
            raise
        return length

    def give_back(self, length: int) -> None:
        """Free bytes that were taken."""
        self._free += length
        self._let_in()

    @asynccontextmanager
    async def holding(self, length: int) -> AsyncIterator[None]:
        """Hold this many bytes for the length of the block."""
        taken = await self.take(length)
        try:
            yield
        finally:
            self.give_back(taken)

    def _let_in(self) -> None:
        while self._queue and self._queue[0].length <= self._free:
            self._admit(self._queue[0])
        if self._beyond is None and (first := next((one.stay for one in self._queue if one.stay), None)):
            self._beyond = first
            first.at_its_end(self._end_beyond)
        for waiting in [one for one in self._queue if one.stay and one.stay is self._beyond]:
            self._admit(waiting)

    def _admit(self, waiting: _Waiting) -> None:
        self._queue.remove(waiting)
        self._free -= waiting.length
        waiting.turn.set_result(None)

    def _end_beyond(self) -> None:
        self._beyond = None
        self._let_in()
