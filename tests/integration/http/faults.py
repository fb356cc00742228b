"""Storages and ledgers that fail until a test lets them work."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import LedgerUnavailable, StorageFault
from darkroom.domain.model.generation import Generation, StoredImage
from darkroom.domain.model.history import HistoryPage, Search
from darkroom.domain.model.limits import Limits, Usage


class StorageInTrouble(InMemoryImageStorage):
    """Refuses every image until `well` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.well = False

    async def put(self, image: StoredImage, data: bytes) -> None:
        if not self.well:
            raise StorageFault("the bucket does not answer")
        await super().put(image, data)


class WithoutCredentials(InMemoryImageStorage):
    """Cannot sign links until `well` is set."""

    well = False

    async def link(self, key: str) -> str:
        if not self.well:
            raise StorageFault("there are no credentials")
        return await super().link(key)


class LedgerInTrouble(InMemoryGenerationLedger):
    """Raises `fault` until that is None."""

    def __init__(self, fault: Exception | None = None) -> None:
        super().__init__()
        self.fault: Exception | None = fault or LedgerUnavailable("the ledger does not answer")
        self.looked_into = asyncio.Event()

    def _try(self) -> None:
        self.looked_into.set()
        if self.fault:
            raise self.fault

    async def receive(self, generation: Generation, limits: Limits) -> Generation:
        self._try()
        return await super().receive(generation, limits)

    async def find(self, generation_id: str) -> Generation | None:
        self._try()
        return await super().find(generation_id)

    async def check(self) -> None:
        self._try()

    async def page(self, caller: str, *, limit: int, before: str | None = None) -> Sequence[Generation]:
        self._try()
        return await super().page(caller, limit=limit, before=before)

    async def search(self, caller: str, search: Search, *, limit: int, before: str | None = None) -> HistoryPage:
        self._try()
        return await super().search(caller, search, limit=limit, before=before)

    async def usage(self, since: object, caller: str | None = None) -> Sequence[Usage]:
        self._try()
        return await super().usage(since, caller)  # type: ignore[arg-type]  # passed on
