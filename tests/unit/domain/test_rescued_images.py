"""Images that were spooled before a crash are not lost, whatever became of their generation's receipt."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import pytest
from darkroom.domain.use_cases.draw_generation import DrawGeneration, spool_name
from darkroom.domain.use_cases.tidy_spool import TidySpool

from conformance.generations import NOON, received
from darkroom.adapters.in_memory.generator import WIDEST_CARD, InMemoryImageGenerator, tile
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.domain.model.errors import Charged, OutcomeUnknown, UnusableImage
from darkroom.domain.model.generation import GeneratedImage, Generation, GenerationRequest, State
from darkroom.domain.model.limits import Limits
from darkroom.domain.ports import Receipt
from darkroom.domain.use_cases.provider_quota import ProviderQuota

INTERRUPTED = OutcomeUnknown("interrupted")


class ExpiredLinks(InMemoryImageGenerator):
    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        for image in receipt.images:
            yield image
        raise UnusableImage("the links have expired")


class Workshop:
    def __init__(self) -> None:
        self.ledger, self.spool = InMemoryGenerationLedger(), InMemoryImageSpool()
        self.draw = DrawGeneration(
            generator=ExpiredLinks(WIDEST_CARD),
            spool=self.spool,
            ledger=self.ledger,
            quota=ProviderQuota(self.ledger, {}),
            clock=lambda: NOON,
            key_prefix="",
        )
        self.tidy = TidySpool(spool=self.spool, ledger=self.ledger)

    async def interrupted(self, *, spooled: Sequence[int], receipt: bytes = b"") -> Generation:
        """A generation of two images, of which these were spooled when its process died."""
        generation = received(samples=2)
        await self.ledger.receive(generation, Limits())
        await self.ledger.record(generation := generation.submitted())
        if receipt:
            await self.ledger.record(generation := generation.receipted(receipt))
        for index in spooled:
            await self.spool.put(spool_name(generation, index), tile(16, 16, index))
        return generation


@pytest.fixture
def workshop() -> Workshop:
    return Workshop()


async def test_all_images_in_the_spool_make_it_drawn(workshop: Workshop) -> None:
    generation = await workshop.interrupted(spooled=[0, 1])

    drawn = await workshop.draw.give_up(generation, INTERRUPTED)

    assert (drawn.state, drawn.failure) == (State.DRAWN, None)
    assert [image.seed for image in drawn.waiting] == list(generation.request.seeds)
    assert await workshop.ledger.find(generation.id) == drawn


async def test_some_images_in_the_spool_are_kept_and_the_rest_is_unknown(workshop: Workshop) -> None:
    generation = await workshop.interrupted(spooled=[1])

    drawn = await workshop.draw.give_up(generation, INTERRUPTED)

    assert [image.index for image in drawn.waiting] == [1]
    assert drawn.stored(drawn.waiting, NOON).state is State.UNKNOWN


async def test_nothing_in_the_spool_leaves_it_unknown(workshop: Workshop) -> None:
    ended = await workshop.draw.give_up(await workshop.interrupted(spooled=[]), INTERRUPTED)

    assert (ended.state, ended.charged) == (State.UNKNOWN, Charged.UNKNOWN)


@pytest.mark.parametrize(("spooled", "flawed"), [([0, 1], False), ([0], True)])
async def test_links_that_expired_while_nobody_worked_cost_only_what_had_not_come(
    workshop: Workshop, spooled: list[int], *, flawed: bool
) -> None:
    drawn = await workshop.draw(await workshop.interrupted(spooled=spooled, receipt=b"links"))

    assert [image.index for image in drawn.waiting] == spooled
    assert (drawn.failure is not None) is flawed


async def test_what_was_never_stored_is_set_aside(workshop: Workshop) -> None:
    generation = await workshop.interrupted(spooled=[0])
    await workshop.ledger.record(generation.failed(INTERRUPTED, NOON))  # as another machine does, with its own spool

    assert await workshop.tidy() == 1

    assert not workshop.spool.waiting
    assert workshop.spool.aside == [(spool_name(generation, 0), tile(16, 16, 0))]


async def test_what_was_stored_is_removed(workshop: Workshop) -> None:
    drawn = await workshop.draw.give_up(await workshop.interrupted(spooled=[0, 1]), INTERRUPTED)
    await workshop.ledger.record(drawn.stored(drawn.waiting, NOON))

    assert await workshop.tidy() == 2

    assert (workshop.spool.waiting, workshop.spool.aside) == ({}, [])


async def test_what_its_owner_deleted_is_removed(workshop: Workshop) -> None:
    generation = await workshop.interrupted(spooled=[0])
    await workshop.ledger.record(ended := generation.failed(INTERRUPTED, NOON))
    await workshop.ledger.record(ended.erased(NOON))

    await workshop.tidy()

    assert (workshop.spool.waiting, workshop.spool.aside) == ({}, [])
