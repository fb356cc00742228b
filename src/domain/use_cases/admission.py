"""Who may be drawn now, who waits, and who is turned away: fair between callers."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

from darkroom.domain.model.errors import Overloaded
from darkroom.domain.ports import ImageSpool


class Place:
    """A place among the generations of this process: at first in the queue, after its turn among those drawn."""

    def __init__(self, admission: "Admission", caller: str, name: str) -> None:
        self._admission, self._caller, self._name = admission, caller, name
        self.inside = False

    async def turn(self) -> None:
        """Wait until it may be drawn."""
        await self._admission.let_in(self._caller, self._name)
        self.inside = True


class Admission:
    """At most `max_in_flight` are drawn at once, and at most `max_queued` wait for that.

    Those who wait are let in one caller after the other, the oldest first of each: a caller who floods waits behind its
    own flood, and everyone else behind one of its orders at the most. A caller who was turned away and holds no place
    has the next one that becomes free kept for it for a while; at most half of the places are kept at once.
    """

    KEPT_FOR: ClassVar = 10.0
    """Seconds: longer than a caller who is turned away is asked to wait."""

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
        """Whether nothing more is taken, since the process is about to stop."""
        return self._closed

    def close(self) -> None:
        """Take nothing more; those who have a place keep it."""
        self._closed = True

    @property
    def in_flight(self) -> int:
        """How many are drawn now."""
        return self._width - self._free

    @property
    def queued(self) -> int:
        """How many wait to be drawn."""
        return len(self._callers) - self.in_flight

    def __contains__(self, name: object) -> bool:
        return name in self._callers

    def position(self, caller: str, name: str) -> int | None:
        """Its place among those who wait, from 1; None if it does not."""
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
    async def place(self, caller: str, name: str, *, owed: bool = False) -> AsyncIterator[Place]:
        """Hold a place for the length of the block. An order that is `owed` was accepted before: it is always taken.

        Raises:
            Overloaded: there is none.
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
            raise Overloaded("there is no room to keep what is drawn until it is stored", retry_after=30)
        now = asyncio.get_running_loop().time()
        self._kept_until = {other: until for other, until in self._kept_until.items() if until > now}
        kept = 0 if caller in self._kept_until else min(len(self._kept_until), self._size // 2)
        if len(self._callers) + kept >= self._size:
            if not self._held[caller]:
                self._kept_until[caller] = now + self.KEPT_FOR
            raise Overloaded("too many generations are running and waiting")

    async def let_in(self, caller: str, name: str) -> None:
        """Wait for a turn."""
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._queues.setdefault(caller, deque()).append((name, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._let_next_in()  # the turn came at the moment of leaving
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
