"""Images that were spooled before a crash are not lost, with or without a receipt of their generation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest

from conformance.generations import NOON, received
from darkroom.adapters.in_memory.generator import WIDEST_CARD, InMemoryImageGenerator, tile
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import Charged, DrawingFailed, OutcomeUnknown, UnusableImage
from darkroom.domain.model.generation import GeneratedImage, Generation, GenerationRequest, State
from darkroom.domain.model.limits import Limits
from darkroom.domain.model.policy import Policy
from darkroom.domain.model.values import Seed
from darkroom.domain.ports import RECEIPT, ImageGenerator, Receipt
from darkroom.domain.use_cases.application import Application

INTERRUPTED = OutcomeUnknown("the service was interrupted after the order had left for the provider")
"""As ledgers of every release contain it."""


class ExpiredLinks(InMemoryImageGenerator):
    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        for image in receipt.images:
            yield image
        raise UnusableImage("the links have expired")


OWN_SEED = Seed(4711)


class Workshop:
    def __init__(self, generator: ImageGenerator | None = None) -> None:
        self.ledger, self.spool, self.storage = InMemoryGenerationLedger(), InMemoryImageSpool(), InMemoryImageStorage()
        generator = generator or ExpiredLinks(WIDEST_CARD)
        cards = {card.version.value: card for card in generator.cards}
        application = Application.of(
            generator, self.storage, self.spool, self.ledger, cards=cards, policy=Policy(), clock=lambda: NOON
        )
        self.work, self.recover = application.generate.work, application.recover

    async def resumed(self, generation: Generation, failure: OutcomeUnknown | None = None) -> Generation:
        """Resume the generation, and return it as it is when the work on it ended."""
        self.work.resume(generation, failure)
        while generation.id in self.work:  # noqa: ASYNC110  # the end of the work is not announced
            await asyncio.sleep(0)
        found = await self.ledger.find(generation.id)
        assert found
        return found

    async def interrupted(self, *, spooled: Sequence[int], receipt: bytes = b"") -> Generation:
        """A generation of two images, of which those at `spooled` were in the spool when its process died."""
        generation = received(samples=2)
        await self.ledger.receive(generation, Limits())
        await self.ledger.record(generation := generation.submitted())
        if receipt:
            await self.ledger.record(generation := generation.receipted(receipt))
        for index in spooled:
            await self.spool.put(generation.id, index, tile(16, 16, index))
        return generation


@pytest.fixture
def workshop() -> Workshop:
    return Workshop()


async def test_all_images_in_the_spool_are_stored(workshop: Workshop) -> None:
    generation = await workshop.interrupted(spooled=[0, 1])

    stored = await workshop.resumed(generation, INTERRUPTED)

    assert (stored.state, stored.failure) == (State.STORED, None)
    assert [image.seed for image in stored.images] == list(generation.request.seeds)


async def test_some_images_in_the_spool_are_kept_and_the_rest_is_unknown(workshop: Workshop) -> None:
    ended = await workshop.resumed(await workshop.interrupted(spooled=[1]), INTERRUPTED)

    assert [image.index for image in ended.images] == [1]
    assert ended.state is State.UNKNOWN


async def test_an_interrupted_generation_without_spooled_images_is_unknown(workshop: Workshop) -> None:
    ended = await workshop.resumed(await workshop.interrupted(spooled=[]), INTERRUPTED)

    assert (ended.state, ended.charged) == (State.UNKNOWN, Charged.UNKNOWN)


@pytest.mark.parametrize(("spooled", "flawed"), [([0, 1], False), ([0], True)])
async def test_expired_links_lose_only_the_images_that_were_not_spooled(
    workshop: Workshop, spooled: list[int], *, flawed: bool
) -> None:
    ended = await workshop.resumed(await workshop.interrupted(spooled=spooled, receipt=b"links"))

    assert [image.index for image in ended.images] == spooled
    assert (ended.failure is not None) is flawed


async def test_a_receipt_in_the_spool_is_used_to_collect(workshop: Workshop) -> None:
    generation = await workshop.interrupted(spooled=[0, 1])
    await workshop.spool.put(generation.id, RECEIPT, b"links")

    stored = await workshop.resumed(generation, INTERRUPTED)

    assert stored.state is State.STORED
    assert workshop.spool.kept == {}


async def ended_elsewhere(workshop: Workshop, failure: DrawingFailed, *, spooled: Sequence[int] = (0, 1)) -> Generation:
    """A generation that was ended by another machine, which has its own spool."""
    generation = await workshop.interrupted(spooled=spooled)
    await workshop.ledger.record(ended := generation.failed(failure, NOON))
    return ended


async def test_images_in_the_spool_lift_a_generation_that_ended_as_unknown(workshop: Workshop) -> None:
    ended = await ended_elsewhere(workshop, INTERRUPTED)

    assert await workshop.recover.tidy() == 2

    lifted = await workshop.ledger.find(ended.id)
    assert lifted
    assert (lifted.state, lifted.charged, lifted.failure) == (State.STORED, Charged.YES, None)
    assert {data for data, _ in workshop.storage.kept.values()} == {tile(16, 16, 0), tile(16, 16, 1)}
    assert lifted.lifted
    assert workshop.spool.kept == {}


async def test_some_images_in_the_spool_are_added_to_a_generation_that_stays_unknown(workshop: Workshop) -> None:
    ended = await ended_elsewhere(workshop, INTERRUPTED, spooled=[1])

    await workshop.recover.tidy()

    lifted = await workshop.ledger.find(ended.id)
    assert lifted
    assert (lifted.state, [image.index for image in lifted.images]) == (State.UNKNOWN, [1])


async def test_a_spooled_image_of_an_unusable_generation_is_set_aside(workshop: Workshop) -> None:
    ended = await ended_elsewhere(workshop, UnusableImage("no image"), spooled=[0])

    assert await workshop.recover.tidy() == 1

    assert workshop.spool.kept == {}
    assert workshop.spool.aside == [(ended.id, tile(16, 16, 0))]


async def test_spooled_images_that_are_stored_are_removed(workshop: Workshop) -> None:
    generation = await workshop.interrupted(spooled=[0, 1])
    stored = await workshop.resumed(generation, INTERRUPTED)
    for index in range(2):
        await workshop.spool.put(stored.id, index, tile(16, 16, index))

    assert await workshop.recover.tidy() == 2

    assert (workshop.spool.kept, workshop.spool.aside) == ({}, [])


async def test_spooled_images_of_a_deleted_generation_are_removed(workshop: Workshop) -> None:
    ended = await ended_elsewhere(workshop, INTERRUPTED)
    await workshop.ledger.record(ended.erased(NOON))

    await workshop.recover.tidy()

    assert (workshop.spool.kept, workshop.spool.aside, workshop.storage.kept) == ({}, [], {})


class OwnSeeds(InMemoryImageGenerator):
    """Draws with a seed other than the one it is sent, reports it, and hangs after the first image."""

    async def answers(self, request: GenerationRequest, key: str) -> AsyncGenerator[Receipt, None]:
        del request, key
        yield Receipt(images=(GeneratedImage(index=0, seed=OWN_SEED, data=tile(16, 16, 7)),))
        await asyncio.Event().wait()


async def killed_after_its_first_image() -> tuple[Workshop, Generation]:
    workshop = Workshop(OwnSeeds(WIDEST_CARD))
    generation = await workshop.work.receive(received(samples=2, version="memory"), Limits())
    while (generation.id, 0) not in workshop.spool.kept:  # noqa: ASYNC110  # the spool does not announce writes
        await asyncio.sleep(0)
    task = workshop.work._jobs[generation.id].task  # noqa: SLF001  # only a kill stops it in this state
    assert task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    left = await workshop.ledger.find(generation.id)
    assert left
    assert left.state is State.SUBMITTED
    return workshop, left


async def test_after_a_kill_an_image_is_reported_with_the_seed_that_drew_it() -> None:
    workshop, left = await killed_after_its_first_image()

    ended = await workshop.resumed(left, INTERRUPTED)

    assert [(image.index, image.seed) for image in ended.images] == [(0, OWN_SEED)]
    assert workshop.spool.kept == {}


async def test_a_lifted_image_is_reported_with_the_seed_that_drew_it() -> None:
    workshop, left = await killed_after_its_first_image()
    await workshop.ledger.record(left.failed(INTERRUPTED, NOON))

    assert await workshop.recover.tidy()

    ended = await workshop.ledger.find(left.id)
    assert ended
    assert [(image.index, image.seed) for image in ended.images] == [(0, OWN_SEED)]
    assert (workshop.spool.kept, workshop.spool.aside) == ({}, [])
