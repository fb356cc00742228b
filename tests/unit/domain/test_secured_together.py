"""If an image cannot be stored at once, all images of its generation are secured, so that one machine has them all."""

from __future__ import annotations

import asyncio

import pytest

from conformance.generations import NOON, drawn, received
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import StorageFault
from darkroom.domain.model.generation import StoredImage
from darkroom.domain.model.limits import Limits
from darkroom.domain.model.policy import Policy
from darkroom.domain.use_cases.drawing import Drawing
from darkroom.domain.use_cases.store import Store
from harness.waiting import until


class TurnsAway(InMemoryImageStorage):
    """Fails once for each of the given images."""

    def __init__(self, *indices: int) -> None:
        super().__init__()
        self._turned_away = set(indices)

    async def put(self, image: StoredImage, data: bytes) -> None:
        if image.index in self._turned_away:
            self._turned_away.remove(image.index)
            raise StorageFault("not now")
        await super().put(image, data)


class Slow(InMemoryImageStorage):
    """Answers once `answer` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = asyncio.Event()

    async def put(self, image: StoredImage, data: bytes) -> None:
        await self.answer.wait()
        await super().put(image, data)


class Noting(InMemoryImageSpool):
    def __init__(self) -> None:
        super().__init__()
        self.secured: list[int] = []

    async def secure(self, generation_id: str, index: int) -> None:
        self.secured.append(index)


@pytest.mark.parametrize("failing", [(), (0,), (2,), (0, 1, 2)], ids=str)
async def test_all_are_secured_once_when_one_upload_fails(failing: tuple[int, ...]) -> None:
    ledger, spool, storage = InMemoryGenerationLedger(), Noting(), TurnsAway(*failing)
    generation = received(samples=3)
    await ledger.receive(generation, Limits())
    for revision in drawn(generation):
        await ledger.record(revision)
    for index in range(3):
        await spool.put(generation.id, index, b"image")
    store = Store(storage, spool, ledger, policy=Policy(uploads=3), clock=lambda: NOON)

    stored = await store(Drawing(revision), lambda _: None)

    assert len(stored.images) == 3
    assert sorted(spool.secured) == ([0, 1, 2] if failing else [])


async def test_all_are_secured_if_an_upload_takes_long() -> None:
    ledger, spool, storage = InMemoryGenerationLedger(), Noting(), Slow()
    generation = received(samples=2)
    await ledger.receive(generation, Limits())
    for revision in drawn(generation):
        await ledger.record(revision)
    for index in range(2):
        await spool.put(generation.id, index, b"image")
    store = Store(storage, spool, ledger, policy=Policy(secure_after=0.01), clock=lambda: NOON)

    storing = asyncio.create_task(store(Drawing(revision), lambda _: None))
    await until(lambda: sorted(spool.secured) == [0, 1])
    storage.answer.set()

    assert len((await storing).images) == 2
