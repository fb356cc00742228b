"""Images in a spool that is out of reach are not lost until the operator, or the configured time, gives them up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from conformance.generations import NOON, drawn, received
from darkroom.adapters.in_memory.generator import WIDEST_CARD, InMemoryImageGenerator
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import Charged
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.limits import Caller, Limits
from darkroom.domain.model.order import read_order
from darkroom.domain.model.policy import Policy
from darkroom.domain.model.values import IdempotencyKey
from darkroom.domain.ports import LOCAL
from darkroom.domain.use_cases.application import Application
from darkroom.domain.use_cases.lost_spools import GIVEN_UP, LostSpools
from harness.waiting import until


class Machine:
    """The ports of a process whose worker died and left drawn generations behind."""

    def __init__(self) -> None:
        self.ledger, self.spool, self.storage = InMemoryGenerationLedger(), InMemoryImageSpool(), InMemoryImageStorage()

    async def left(self, *spooled: int, samples: int = 2) -> Generation:
        """A drawn generation, whose images at the indexes `spooled` are in the spool."""
        dead = self.ledger.colleague()
        generation = received(samples=samples, key=f"key {len(spooled)} {samples}")
        await dead.receive(generation, Limits())
        for revision in drawn(generation):
            await dead.record(revision)
        for index in spooled:
            await self.spool.put(generation.id, index, b"image")
        dead.die()
        return revision

    def lost(self, policy: Policy | None = None) -> LostSpools:
        return LostSpools(self.storage, self.spool, self.ledger, policy=policy or Policy(), clock=lambda: NOON)

    async def found(self, generation: Generation) -> Generation:
        found = await self.ledger.find(generation.id)
        assert found
        return found

    @asynccontextmanager
    async def serving(self, policy: Policy) -> AsyncIterator[Application]:
        generator = InMemoryImageGenerator(WIDEST_CARD)
        cards = {card.version.value: card for card in generator.cards}
        application = Application.of(
            generator, self.storage, self.spool, self.ledger, cards=cards, policy=policy, clock=lambda: NOON
        )
        yield application
        await application.generate.work.drain()


@pytest.fixture
def machine() -> Machine:
    return Machine()


async def test_generations_left_behind_are_listed_with_their_missing_images(machine: Machine) -> None:
    whole, half = await machine.left(0, 1), await machine.left(1)

    left = {one.generation.id: (one.missing, one.spool) for one in await machine.lost().left()}

    assert left == {whole.id: (frozenset(), LOCAL), half.id: (frozenset({0}), LOCAL)}


async def test_an_image_that_is_already_in_the_storage_is_not_missing(machine: Machine) -> None:
    generation = await machine.left(1)
    await machine.storage.put(generation.waiting[0], b"image")

    (left,) = await machine.lost().left()

    assert left.missing == frozenset()


async def test_a_generation_that_recovery_has_not_taken_up_by_the_next_look_is_finished(machine: Machine) -> None:
    whole, half = await machine.left(0, 1), await machine.left(1)
    await machine.storage.put(half.waiting[0], b"image")
    lost = machine.lost()

    finished = [await lost(), await lost(), await lost()]

    assert finished == [0, 2, 0]
    for generation in (whole, half):
        assert await machine.found(generation) == generation.stored(generation.waiting, NOON)
    assert await machine.spool.waiting() == []


async def test_a_generation_that_was_taken_up_meanwhile_is_left_alone(machine: Machine) -> None:
    generation, lost = await machine.left(0, 1), machine.lost()
    await lost()
    (taken,) = await machine.ledger.colleague().take_abandoned(10, at_work=())

    assert await lost() == 0
    assert await machine.found(generation) == taken


async def test_a_generation_that_is_given_up_keeps_the_images_in_reach_and_reports_why(machine: Machine) -> None:
    whole, half, none = await machine.left(0, 1), await machine.left(1), await machine.left()

    ended = await machine.lost().give_up(LOCAL)

    assert {one.id for one in ended} == {half.id, none.id}
    assert (await machine.found(whole)).state is State.DRAWN
    for generation, stored in ((half, [1]), (none, [])):
        found = await machine.found(generation)
        assert (found.state, [image.index for image in found.images]) == (State.UNUSABLE, stored)
        assert found.failure
        assert (found.failure.detail, found.failure.charged) == (GIVEN_UP, Charged.YES)
        assert found.key is not None
    assert sorted(await machine.spool.waiting()) == [(whole.id, 0), (whole.id, 1)]


async def test_another_spool_is_left_alone(machine: Machine) -> None:
    generation = await machine.left()

    assert await machine.lost().give_up("another") == []
    assert await machine.found(generation) == generation


@pytest.mark.parametrize("after", [None, 3600.0, 0.0])
async def test_the_service_gives_up_only_after_the_configured_time(machine: Machine, after: float | None) -> None:
    generation = await machine.left()
    lost = machine.lost(Policy(lost_spool_after=after))

    given_up = [await lost(), await lost()]

    assert lost.out_of_reach == (0 if after == 0 else 1)
    assert sum(given_up) == (1 if after == 0 else 0)
    assert (await machine.found(generation)).state is (State.UNUSABLE if after == 0 else State.DRAWN)


async def test_a_caller_gets_storage_unavailable_until_the_generation_is_given_up(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("darkroom.domain.use_cases.store.LONGEST_PAUSE", 0.01)
    order = read_order(
        {"version": "memory", "prompt": "a lighthouse", "width": 64, "height": 64, "seed": [1]}, {"memory": WIDEST_CARD}
    )
    caller, key = Caller("ada"), IdempotencyKey("k")
    dead = machine.ledger.colleague()
    async with machine.serving(Policy()) as application:
        stored = (await application.generate(order, caller, key)).generation
    revisions = [replaced(stored)]
    await dead.receive(revisions[0], Limits())
    for revision in drawn(revisions[0]):
        await dead.record(revision)
    dead.die()
    async with machine.serving(Policy(patience=0.05, lost_spool_after=0.0)) as application:
        assert await application.recover() == 1
        await until(lambda: bool(application.generate.work.out_of_reach))

        before = await application.generate(order, caller, IdempotencyKey("other"))
        given_up = await application.lost()
        await until(lambda: revision.id not in application.generate.work)
        after = await application.generate(order, caller, IdempotencyKey("other"))

    assert (before.error and before.error.code, before.generation.state) == ("storage-unavailable", State.DRAWN)
    assert given_up == 1
    assert (after.error and after.error.detail, after.generation.state) == (GIVEN_UP, State.UNUSABLE)


def replaced(stored: Generation) -> Generation:
    """The same order, just received, under another key."""
    order = received(key="other")
    return Generation(
        id=order.id,
        caller=stored.caller,
        request=stored.request,
        model=stored.model,
        generator=stored.generator,
        fingerprint=stored.fingerprint,
        created_at=NOON,
        key=order.key,
    )
