"""An operator adds an image that was set aside to a generation that ended without it."""

from __future__ import annotations

from typing import Final

import pytest

from conformance.generations import NOON, image_of, received
from darkroom.adapters.in_memory.generator import tile
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import (
    Charged,
    GeneratorRefused,
    InvalidValue,
    NotFound,
    OutcomeUnknown,
    UnusableImage,
)
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.limits import Limits
from darkroom.domain.model.policy import Policy
from darkroom.domain.use_cases.evidence import ACCEPTED, AcceptEvidence

ORDER: Final = received(key="k", samples=2)
SENT: Final = ORDER.submitted().receipted(b"links")
IMAGE: Final = tile(16, 16, 7)


class Desk:
    """A ledger with one generation, and the operator's command."""

    def __init__(self) -> None:
        self.ledger, self.storage = InMemoryGenerationLedger(), InMemoryImageStorage()
        self.accept = AcceptEvidence(
            self.storage, InMemoryImageSpool(), self.ledger, policy=Policy(key_prefix="images/"), clock=lambda: NOON
        )

    async def with_one(self, *revisions: Generation) -> Desk:
        await self.ledger.receive(ORDER, Limits())
        for revision in (ORDER.submitted(), SENT, *revisions):
            await self.ledger.record(revision)
        return self


@pytest.mark.parametrize("failure", [UnusableImage("torn"), OutcomeUnknown("cut off")], ids=["unusable", "unknown"])
async def test_a_generation_becomes_stored_when_every_missing_image_was_added(
    failure: UnusableImage | OutcomeUnknown,
) -> None:
    desk = await Desk().with_one(SENT.failed(failure, NOON))

    in_part = await desk.accept(ORDER.id, 1, IMAGE)
    assert (in_part.state, [image.index for image in in_part.images]) == (SENT.failed(failure, NOON).state, [1])
    with pytest.raises(InvalidValue, match=r"missing: it is un\w+, without \{0\}"):
        await desk.accept(ORDER.id, 1, IMAGE)
    whole = await desk.accept(ORDER.id, 0, IMAGE)

    assert (whole.state, whole.failure, whole.charged, whole.lifted) == (State.STORED, None, Charged.YES, ACCEPTED)
    assert [(image.index, image.seed) for image in whole.images] == [*enumerate(ORDER.request.seeds)]
    assert {image.key for image in whole.images} == set(desk.storage.kept)
    assert all(key.startswith("images/2026/03/14/") for key in desk.storage.kept)
    assert await desk.ledger.find(ORDER.id) == whole


@pytest.mark.parametrize(
    "revisions",
    [
        (),
        (SENT.failed(GeneratorRefused("no such key"), NOON),),
        (drawn := SENT.drawn([image_of(ORDER, 0), image_of(ORDER, 1)]),),
        (drawn, drawn.stored(drawn.waiting, NOON)),
    ],
    ids=["submitted", "refused", "drawn", "stored"],
)
async def test_a_generation_in_another_state_is_left_alone(revisions: tuple[Generation, ...]) -> None:
    desk = await Desk().with_one(*revisions)
    with pytest.raises(InvalidValue, match="must be the index of an image that is missing"):
        await desk.accept(ORDER.id, 0, IMAGE)
    assert desk.storage.kept == {}


@pytest.mark.parametrize("index", [-1, 2])
async def test_an_index_outside_of_the_order_is_refused(index: int) -> None:
    desk = await Desk().with_one(SENT.failed(UnusableImage("torn"), NOON))
    with pytest.raises(InvalidValue, match="must be the index of an image that is missing"):
        await desk.accept(ORDER.id, index, IMAGE)


async def test_a_file_that_is_not_an_image_is_refused() -> None:
    desk = await Desk().with_one(SENT.failed(UnusableImage("torn"), NOON))
    with pytest.raises(InvalidValue, match="image 0 cannot be used"):
        await desk.accept(ORDER.id, 0, b"<html>")
    assert desk.storage.kept == {}


async def test_a_deleted_or_unknown_generation_is_not_found() -> None:
    unusable = SENT.failed(UnusableImage("torn"), NOON)
    desk = await Desk().with_one(unusable, unusable.erased(NOON))
    for id_ in (ORDER.id, received().id):
        with pytest.raises(NotFound):
            await desk.accept(id_, 0, IMAGE)
