"""The queue of generations to be drawn: fair between callers, and bounded."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

from darkroom.domain.model.errors import Overloaded
from darkroom.domain.ports import ImageSpool


class Place:
    """The place of one generation in `Admission`: first in the queue, then among those that are drawn."""

    def __init__(self, admission: "Admission", caller: str, name: str) -> None:
        self._admission, self._caller, self._name = admission, caller, name
        self.inside = False

    async def turn(self) -> None:
        """Wait until the generation may be drawn."""
        await self._admission.let_in(self._caller, self._name)
        self.inside = True


class Admission:
    """Lets at most `max_in_flight` generations be drawn at the same time, and at most `max_queued` more wait.

    Waiting callers take turns (round robin), each with its oldest order, so a caller with many orders does not hold up
    the others. If a caller without a place is refused, the next free place is kept for it for `KEPT_FOR`; at most half
    of all places are kept.
    """

    KEPT_FOR: ClassVar = 10.0
    """Seconds; longer than the wait that a refused caller is asked for."""

    def __init__(self, spool: ImageSpool, *, max_in_flight: int, max_queued: int) -> None:
        self._spool = spool
        self._size, self._width = max_in_flight + max_queued, max_in_flight
        self._free = max_in_flight
        self._queues: OrderedDict[str, deque[tuple[str, asyncio.Future[None]]]] = OrderedDict()
        self._callers: dict[str, str] = {}
        self._held: Counter[str] = Counter()
        self._kept_until: dict[str, float] = {}
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether no new order is accepted, since the process is about to stop."""
        return self._closed

    def close(self) -> None:
        """Accept no new order; places that are held stay valid."""
        self._closed = True

    @property
    def in_flight(self) -> int:
        """How many generations are being drawn."""
        return self._width - self._free

    @property
    def queued(self) -> int:
        """How many generations wait for their turn."""
        return len(self._callers) - self.in_flight

    def __contains__(self, name: object) -> bool:
        return name in self._callers

    def position(self, caller: str, name: str) -> int | None:
        """Return a generation's position in the queue, from 1; None if it does not wait.

        `name` is its id. Orders that arrive later may get ahead of it, since callers take turns.
        """
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

    @asynccontextmanager
    async def place(self, caller: str, name: str, *, owed: bool) -> AsyncIterator[Place]:
        """Hold a place within the block; `owed`: the order was accepted before, so it always gets one.

        Raises:
            Overloaded: there is no free place, the spool is full, or the process is about to stop.
        """
        if not owed:
            self._require_room(caller)
        self._callers[name] = caller
        self._held[caller] += 1
        self._kept_until.pop(caller, None)
        place = Place(self, caller, name)
        try:
            yield place
        finally:
            del self._callers[name]
            self._held -= Counter((caller,))
            if place.inside:
                self._let_next_in()

    def _require_room(self, caller: str) -> None:
        if self._closed:
            raise Overloaded("the service is about to stop")
        if self._spool.full:
            raise Overloaded("the room for images that wait to be stored is used up", retry_after=30)
        now = asyncio.get_running_loop().time()
        self._kept_until = {other: until for other, until in self._kept_until.items() if until > now}
        kept = 0 if caller in self._kept_until else min(len(self._kept_until), self._size // 2)
        if len(self._callers) + kept >= self._size:
            if not self._held[caller]:
                self._kept_until[caller] = now + self.KEPT_FOR
            raise Overloaded("too many generations are running and waiting")

    async def let_in(self, caller: str, name: str) -> None:
        """Wait for a turn; `_let_next_in` must be called when it ends."""
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._queues.setdefault(caller, deque()).append((name, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._let_next_in()  # the turn came as this caller was cancelled
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
