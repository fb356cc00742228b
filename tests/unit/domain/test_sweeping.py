"""One sweep forgets every image and prompt that is past its retention time, except those it cannot remove now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import pytest

from conformance.generations import NOON, received, stored
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.domain.model.errors import StorageFault
from darkroom.domain.model.generation import Generation
from darkroom.domain.model.limits import Limits
from darkroom.domain.use_cases.keep import KeepGenerations
from harness.in_process import Storage

DAY: Final = timedelta(days=1)
MANY: Final = 250


class Ledger(InMemoryGenerationLedger):
    """Returns at most a hundred of each kind at once, like the ledgers in databases."""

    async def sweepable(self, *, erase_before: datetime | None, forget_before: datetime | None) -> Sequence[Generation]:
        due = await super().sweepable(erase_before=erase_before, forget_before=forget_before)
        return [one for one in due if one.erased_at][:100] + [one for one in due if not one.erased_at][:100]


async def overdue(ledger: InMemoryGenerationLedger) -> None:
    for _ in range(MANY):
        order = received()
        await ledger.receive(order, Limits())
        for revision in stored(order):
            await ledger.record(revision)


def keeping(ledger: InMemoryGenerationLedger, storage: Storage) -> KeepGenerations:
    return KeepGenerations(ledger=ledger, storage=storage, clock=lambda: NOON + 2 * DAY)


async def test_one_sweep_forgets_all_images_that_are_due() -> None:
    ledger, storage = Ledger(), Storage()
    await overdue(ledger)

    await keeping(ledger, storage).sweep(images=DAY, prompts=DAY)

    assert await ledger.page("ada", limit=MANY) == []
    assert [image async for image in ledger.images()] == []


async def test_one_sweep_forgets_all_prompts_that_are_due() -> None:
    ledger = Ledger()
    await overdue(ledger)

    await keeping(ledger, Storage()).sweep(images=None, prompts=DAY)

    kept = await ledger.page("ada", limit=MANY)
    assert (len(kept), any(generation.prompts_kept for generation in kept)) == (MANY, False)


@pytest.mark.parametrize(
    ("age", "images", "prompts", "left"),
    [
        (2 * DAY, DAY, None, "nothing"),
        (2 * DAY, 3 * DAY, None, "all"),
        (2 * DAY, 2 * DAY, 2 * DAY, "all"),
        (2 * DAY + timedelta(seconds=1), 2 * DAY, None, "nothing"),
        (2 * DAY, 3 * DAY, DAY, "images"),
        (2 * DAY, None, DAY, "images"),
        (2 * DAY, DAY, 3 * DAY, "nothing"),
        (2 * DAY, None, None, "all"),
    ],
)
async def test_only_generations_past_their_retention_time_are_forgotten(
    age: timedelta, images: timedelta | None, prompts: timedelta | None, left: str
) -> None:
    ledger, order = Ledger(), received(at=NOON + 2 * DAY - age)
    await ledger.receive(order, Limits())
    for revision in stored(order):
        await ledger.record(revision)

    steps = await keeping(ledger, Storage()).sweep(images=images, prompts=prompts)

    kept = await ledger.find(order.id)
    assert kept
    shown = {(False, False, False): "all", (True, True, True): "nothing", (False, True, False): "images"}
    assert shown[kept.erased_at is not None, not kept.prompts_kept, not kept.images] == left
    assert steps == {"all": 0, "images": 1, "nothing": 2}[left]


async def test_an_image_that_cannot_be_removed_does_not_prevent_the_removal_of_others() -> None:
    class Locked(Storage):
        async def delete(self, key: str) -> None:
            if key in locked:
                raise StorageFault("locked")

    ledger = Ledger()
    await overdue(ledger)
    locked = {image.key for image in [image async for image in ledger.images()][:2]}

    for _ in range(2):
        await keeping(ledger, Locked()).sweep(images=DAY, prompts=DAY)

    assert {image.key async for image in ledger.images()} == locked


async def test_what_is_left_of_a_removed_image_is_deleted_and_nothing_else_before_its_time() -> None:
    ledger, order = Ledger(), received(samples=2, at=NOON)
    await ledger.receive(order, Limits())
    *revisions, ended = stored(order)
    removed = ended.without(0)
    for revision in (*revisions, ended, removed):
        await ledger.record(revision)

    assert await keeping(ledger, Storage()).sweep(images=3 * DAY, prompts=3 * DAY) == 1

    assert await ledger.find(order.id) == removed.emptied()


async def test_while_the_storage_is_away_the_rest_is_forgotten_and_images_are_removed_later() -> None:
    ledger, storage = Ledger(), Storage()
    await overdue(ledger)
    keep = keeping(ledger, storage)

    storage.away = True
    await keep.sweep(images=DAY, prompts=DAY)
    assert await ledger.page("ada", limit=MANY) == []
    assert len([image async for image in ledger.images()]) == MANY

    storage.away = False
    await keep.sweep(images=DAY, prompts=DAY)
    assert [image async for image in ledger.images()] == []
