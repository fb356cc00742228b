"""Storing drawn images: it is retried until it succeeds, and slow uploads are secured in the spool meanwhile."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final

import pytest

from darkroom.adapters.in_memory.generator import WIDEST_CARD, InMemoryImageGenerator
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import StorageFault, StorageUnavailable
from darkroom.domain.model.generation import Generation, State, StoredImage
from darkroom.domain.model.limits import Caller
from darkroom.domain.model.order import read_order
from darkroom.domain.model.policy import Policy
from darkroom.domain.model.values import IdempotencyKey
from darkroom.domain.use_cases.application import Application
from darkroom.domain.use_cases.generate_images import Outcome
from simulation.life import now
from simulation.virtual_time import run

CARDS: Final = {"memory": WIDEST_CARD}
SAMPLES: Final = 4
ORDER: Final = read_order(
    {"version": "memory", "prompt": "a fox", "width": 16, "height": 16, "samples": SAMPLES}, CARDS
)
KEY: Final = IdempotencyKey("key")
POLICY: Final = Policy(patience=20.0, call_timeout=5.0, secure_after=5.0, uploads=2)


class Spool(InMemoryImageSpool):
    """Records which images are secured; the images in `lost` cannot be read for now."""

    def __init__(self) -> None:
        super().__init__()
        self.secured: list[int] = []
        self.lost: dict[tuple[str, int], bytes] = {}

    async def secure(self, generation_id: str, index: int) -> None:
        self.secured.append(index)

    def lose(self) -> None:
        self.lost, self.kept = self.kept, {}

    def find(self) -> None:
        self.kept |= self.lost


class Storage(InMemoryImageStorage):
    """An upload takes `seconds` and fails while the storage is `away`; `knows`: it can say which images it holds."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds, self.away, self.knows = 0.0, False, True
        self.at_once, self.most_at_once, self.begun = 0, 0, 0

    async def put(self, image: StoredImage, data: bytes) -> None:
        self.begun += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.at_once -= 1
        if self.away:
            raise StorageFault("away")
        await super().put(image, data)

    async def holds(self, image: StoredImage) -> bool:
        return self.knows and await super().holds(image)


@dataclass
class Service:
    spool: Spool = field(default_factory=Spool)
    storage: Storage = field(default_factory=Storage)

    def __post_init__(self) -> None:
        self.ledger = InMemoryGenerationLedger(now)
        self.application = Application.of(
            InMemoryImageGenerator(), self.storage, self.spool, self.ledger, cards=CARDS, policy=POLICY, clock=now
        )

    async def order(self) -> Outcome:
        return await self.application.generate(ORDER, Caller("ada"), KEY)

    async def row(self) -> Generation:
        (generation,) = await self.ledger.page("ada", limit=9)
        return generation


def test_a_quick_upload_is_not_secured_and_leaves_the_spool_empty() -> None:
    async def story() -> None:
        service = Service()
        outcome = await service.order()
        await asyncio.sleep(60)
        assert (outcome.error, len(outcome.images), service.spool.secured) == (None, SAMPLES, [])
        assert (service.spool.kept, len(service.storage.kept)) == ({}, SAMPLES)
        assert service.application.generate.work.being_stored == 0

    run(story())


def test_at_most_the_configured_number_of_images_is_uploaded_at_once() -> None:
    async def story() -> None:
        service = Service()
        service.storage.seconds = 1
        assert (await service.order()).error is None
        assert service.storage.most_at_once == POLICY.uploads

    run(story())


def test_a_slow_upload_is_secured_and_the_caller_is_answered_when_the_patience_is_over() -> None:
    async def story() -> None:
        service, began = Service(), asyncio.get_running_loop().time()
        service.storage.seconds = 30
        ordering = asyncio.create_task(service.order())
        await asyncio.sleep(POLICY.secure_after - 0.5)
        assert service.spool.secured == []
        await asyncio.sleep(1)
        assert service.spool.secured == [*range(SAMPLES)]
        assert service.application.generate.work.being_stored == 1

        outcome = await ordering
        assert isinstance(outcome.error, StorageUnavailable)
        assert "memory" not in outcome.error.detail
        assert POLICY.patience <= asyncio.get_running_loop().time() - began < POLICY.patience + 5
        await asyncio.sleep(60)
        assert (await service.row()).state is State.STORED
        assert service.spool.secured == [*range(SAMPLES)]

    run(story())


def test_a_failed_upload_is_secured_at_once_and_retried_until_the_storage_is_back() -> None:
    async def story() -> None:
        service = Service()
        service.storage.away = True
        ordering = asyncio.create_task(service.order())
        await asyncio.sleep(1)
        assert service.spool.secured == [*range(SAMPLES)]
        await ordering
        tried = service.storage.begun
        await asyncio.sleep(600)
        assert tried < service.storage.begun < tried + 600
        assert (await service.row()).state is State.DRAWN

        service.storage.away = False
        await asyncio.sleep(60)
        assert (await service.row()).state is State.STORED
        assert len((await service.order()).images) == SAMPLES

    run(story())


@pytest.mark.parametrize("knows", [True, False], ids=["storage-reports-what-it-holds", "storage-does-not"])
def test_images_that_cannot_be_read_from_the_spool_are_not_reported_as_stored(
    caplog: pytest.LogCaptureFixture, *, knows: bool
) -> None:
    async def story() -> None:
        service = Service()
        service.storage.away, service.storage.knows = True, knows
        await service.order()
        service.spool.lose()
        service.storage.away = False
        await asyncio.sleep(600)
        assert ((await service.row()).state, service.storage.kept) == (State.DRAWN, {})
        outcome = await service.order()
        assert isinstance(outcome.error, StorageUnavailable)

        service.spool.find()
        await asyncio.sleep(60)
        assert ((await service.row()).state, len(service.storage.kept)) == (State.STORED, SAMPLES)

    with caplog.at_level(logging.ERROR):
        run(story())
    assert sum("out of reach" in record.message for record in caplog.records) == SAMPLES


def test_images_uploaded_by_another_process_count_as_stored() -> None:
    async def story() -> None:
        service = Service()
        service.storage.away = True
        await service.order()
        row = await service.row()
        for image in row.waiting:
            data = await service.spool.get(row.id, image.index)
            assert data
            await InMemoryImageStorage.put(service.storage, image, data)
        service.spool.lose()
        await asyncio.sleep(60)
        assert (await service.row()).state is State.STORED

    run(story())


def test_shutdown_does_not_wait_for_an_unavailable_storage() -> None:
    async def story() -> None:
        service, began = Service(), asyncio.get_running_loop().time()
        service.storage.away = True
        ordering = asyncio.create_task(service.order())
        await asyncio.sleep(1)
        assert await service.application.generate.work.drain() == []
        assert asyncio.get_running_loop().time() - began < POLICY.patience + 5
        assert isinstance((await ordering).error, StorageUnavailable)

    run(story())
