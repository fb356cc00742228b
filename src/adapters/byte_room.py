"""Limits the bytes that are held in memory at the same time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import ClassVar, Final, Self


class Stay:
    """The parts of one answer in memory, from the first until all are passed on.

    Two answers that each hold a part and wait for room for the next one would deadlock. So a `ByteRoom` lets one stay
    at a time exceed its size: all parts of that stay are admitted until it ends.
    """

    _current: ClassVar[ContextVar["Stay | None"]] = ContextVar("_current", default=None)

    def __init__(self) -> None:
        self._endings: list[Callable[[], None]] = []

    @classmethod
    def now(cls) -> "Stay | None":
        """Return the stay in whose `current` block this is called; None outside of one."""
        return cls._current.get()

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make this the current stay within the block, and in tasks that are created there."""
        token = self._current.set(self)
        try:
            yield
        finally:
            self._current.reset(token)

    def at_its_end(self, do: Callable[[], None]) -> None:
        """Call `do` at the end of the stay; the last one registered is called first."""
        self._endings.append(do)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """End the stay, if it has not ended yet."""
        while self._endings:
            self._endings.pop()()


@dataclass(frozen=True, slots=True)
class _Waiting:
    length: int
    stay: Stay | None
    turn: asyncio.Future[None]


class ByteRoom:
    """A semaphore that counts bytes. A part that is larger than `size` counts as `size` bytes.

    A holder that waits for more before it gives back what it holds MUST pass a `Stay`, which groups its parts; others
    need none.

    If nothing moves for `STUCK` seconds, the first part that waits is admitted although there is no room: a holder may
    wait for something else, which the holder of that part has. To exceed the size by one part is better than a
    deadlock.
    """

    STUCK: ClassVar = 30.0
    """Seconds."""

    def __init__(self, size: int) -> None:
        self._size: Final = size
        self._free = size
        self._queue: list[_Waiting] = []
        self._beyond: Stay | None = None  # the one that may exceed the size
        self._moves = 0  # how often bytes were admitted or given back

    def offers(self, length: int) -> bool:
        """Take bytes if they are free now and no other holder waits; return whether they were taken."""
        if self._queue or length > self._free:
            return False
        self._free -= length
        return True

    async def take(self, length: int, stay: Stay | None = None) -> int:
        """Take bytes as soon as they are free, first come, first served; return how many to give back.

        `stay` is the one that they are a part of; None if it is the only part.
        """
        length = min(length, self._size)
        if self.offers(length):
            return length
        waiting = _Waiting(length, stay, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._let_in()
        try:
            while not waiting.turn.done():
                moves = self._moves
                await asyncio.wait([waiting.turn], timeout=self.STUCK)
                if self._moves == moves and self._queue[0] is waiting:
                    self._admit(waiting)
        except asyncio.CancelledError:
            if waiting in self._queue:
                self._queue.remove(waiting)
                self._let_in()  # others behind it may fit
            else:
                self.give_back(length)  # it was admitted just as it was cancelled
            raise
        return length

    def give_back(self, length: int) -> None:
        """Free bytes that were taken, and admit those that wait and fit."""
        self._free += length
        self._moves += 1
        self._let_in()

    @asynccontextmanager
    async def holding(self, length: int) -> AsyncIterator[None]:
        """Hold bytes within the block."""
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
        self._moves += 1
        waiting.turn.set_result(None)

    def _end_beyond(self) -> None:
        self._beyond = None
        self._let_in()
