"""A ledger that reports its calls to a watcher."""

from collections.abc import AsyncIterator, Container, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from darkroom.adapters.watching.ports import watcher
from darkroom.adapters.watching.ports.watcher import Watcher
from darkroom.domain.model.generation import Generation, GenerationRequest
from darkroom.domain.model.history import HistoryPage, Search
from darkroom.domain.model.limits import Limits, Usage
from darkroom.domain.model.values import IdempotencyKey
from darkroom.domain.ports import Abandoned, Call, GenerationLedger, ImageOnRecord


class WatchedGenerationLedger(GenerationLedger):
    """Reports to a watcher how long the ledger takes, and the generations that are recorded."""

    def __init__(self, ledger: GenerationLedger, watcher: Watcher) -> None:
        self._ledger, self._watcher = ledger, watcher

    async def receive(self, generation: Generation, limits: Limits) -> Generation:
        with self._call("receive"):
            return await self._ledger.receive(generation, limits)

    async def record(self, generation: Generation) -> None:
        with self._call("record"):
            await self._ledger.record(generation)
        self._watcher.recorded(generation)

    async def promise(self, generation_id: str) -> Generation | None:
        with self._call("promise"):
            return await self._ledger.promise(generation_id)

    async def withdraw(self, generation: Generation) -> None:
        with self._call("withdraw"):
            await self._ledger.withdraw(generation)
        self._watcher.recorded(generation)

    async def lift(self, generation: Generation) -> None:
        with self._call("lift"):
            await self._ledger.lift(generation)
        self._watcher.recorded(generation)

    async def find(self, generation_id: str) -> Generation | None:
        with self._call("find"):
            return await self._ledger.find(generation_id)

    async def track(self, call: Call, within: timedelta) -> Call:
        with self._call("track"):
            return await self._ledger.track(call, within)

    async def find_by_key(self, caller: str, key: IdempotencyKey) -> Generation | None:
        with self._call("find_by_key"):
            return await self._ledger.find_by_key(caller, key)

    async def page(self, caller: str, *, limit: int, before: str | None = None) -> Sequence[Generation]:
        with self._call("page"):
            return await self._ledger.page(caller, limit=limit, before=before)

    async def search(self, caller: str, search: Search, *, limit: int, before: str | None = None) -> HistoryPage:
        with self._call("search"):
            return await self._ledger.search(caller, search, limit=limit, before=before)

    async def take_abandoned(self, limit: int, at_work: Container[str]) -> Sequence[Generation]:
        with self._call("take_abandoned"):
            abandoned = await self._ledger.take_abandoned(limit, at_work)
        self._watcher.settling(len(abandoned))
        return abandoned

    async def abandoned(self, limit: int) -> Sequence[Abandoned]:
        with self._call("abandoned"):
            return await self._ledger.abandoned(limit)

    async def reserve(self, generator: str, images: int, per_minute: int) -> float:
        with self._call("reserve"):
            return await self._ledger.reserve(generator, images, per_minute)

    async def usage(self, since: datetime, caller: str | None = None) -> Sequence[Usage]:
        with self._call("usage"):
            return await self._ledger.usage(since, caller)

    async def durations(self, like: GenerationRequest) -> Sequence[timedelta]:
        with self._call("durations"):
            return await self._ledger.durations(like)

    async def sweepable(self, *, erase_before: datetime | None, forget_before: datetime | None) -> Sequence[Generation]:
        with self._call("sweepable"):
            return await self._ledger.sweepable(erase_before=erase_before, forget_before=forget_before)

    async def date_back(self, now: datetime) -> int:
        with self._call("date_back"):
            return await self._ledger.date_back(now)

    async def check(self) -> None:
        await self._ledger.check()

    def images(self) -> AsyncIterator[ImageOnRecord]:
        return self._ledger.images()

    def _call(self, name: str) -> AbstractContextManager[None]:
        return self._watcher.around(watcher.Call("ledger", name))
