"""What cannot be stored at once is secured with all that was drawn beside it: a machine takes it up whole."""

from __future__ import annotations

import pytest
from darkroom.domain.use_cases.draw_generation import spool_name
from darkroom.domain.use_cases.store_generation import StoreGeneration

from conformance.generations import NOON, drawn, received
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import StorageFault
from darkroom.domain.model.generation import StoredImage
from darkroom.domain.model.limits import Limits


class TurnsAway(InMemoryImageStorage):
    """Fails once for each of some images."""

    def __init__(self, *indices: int) -> None:
        super().__init__()
        self._turned_away = set(indices)

    async def put(self, image: StoredImage, data: bytes) -> None:
        if image.index in self._turned_away:
            self._turned_away.remove(image.index)
            raise StorageFault("not now")
        await super().put(image, data)


class Noting(InMemoryImageSpool):
    def __init__(self) -> None:
        super().__init__()
        self.secured: list[str] = []

    async def secure(self, name: str) -> None:
        self.secured.append(name)


@pytest.mark.parametrize("failing", [(), (0,), (2,), (0, 1, 2)], ids=str)
async def test_all_are_secured_once_as_soon_as_one_fails(failing: tuple[int, ...]) -> None:
    ledger, spool, storage = InMemoryGenerationLedger(), Noting(), TurnsAway(*failing)
    generation = received(samples=3)
    await ledger.receive(generation, Limits())
    for revision in drawn(generation):
        await ledger.record(revision)
    names = [spool_name(generation, index) for index in range(3)]
    for name in names:
        await spool.put(name, b"image")
    store = StoreGeneration(storage=storage, spool=spool, ledger=ledger, clock=lambda: NOON, patience=60, uploads=3)

    stored = await store(revision, lambda _: None)

    assert len(stored.images) == 3
    assert sorted(spool.secured) == (names if failing else [])
