"""Whoever repeats an order that waits is told what is so, whatever becomes of the one who ordered it first."""

from __future__ import annotations

import asyncio
from typing import Final

import pytest

from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.domain.model.errors import Charged, Gone, InternalFault, LedgerUnavailable
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.limits import Caller, Limits
from darkroom.domain.model.order import read_order
from darkroom.domain.model.values import IdempotencyKey
from darkroom.domain.use_cases.generate_images import Outcome
from harness.in_process import ONCE, WIDTH, Life, Reply, World
from harness.waiting import until

ADA: Final = Caller("ada")


class Forgetful(InMemoryGenerationLedger):
    """Writes down, and does not say so while it is `forgetting`: it fails with this `fault`."""

    forgetting = False

    def __init__(self, fault: type[Exception] = LedgerUnavailable) -> None:
        super().__init__()
        self._fault = fault

    async def receive(self, generation: Generation, limits: Limits) -> Generation:
        written = await super().receive(generation, limits)
        if self.forgetting:
            raise self._fault("no answer")
        return written


class Stumbling(InMemoryGenerationLedger):
    """Writes an order down, and fails once it may."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.may_fail = asyncio.Event(), asyncio.Event()

    async def receive(self, generation: Generation, limits: Limits) -> Generation:
        await super().receive(generation, limits)
        self.written.set()
        await self.may_fail.wait()
        raise RuntimeError("a bug in a driver")


async def ordered(life: Life, key: str | None = None, *, promise: bool = False) -> Outcome:
    cards = {ONCE: life.cards[ONCE]}
    order = read_order({"version": ONCE, "prompt": "a fox", "width": 16, "height": 16}, cards)
    return await life.accept(order, ADA, IdempotencyKey(key) if key else None, promise=promise)


async def keep_busy(life: Life, world: World) -> None:
    """Let it draw as much as it draws at once, so that all others wait."""
    for _ in range(WIDTH):
        await ordered(life)
    await until(lambda: len(world.provider.waiting) == WIDTH)


async def with_one_who_waits(world: World) -> tuple[Life, asyncio.Task[Generation]]:
    """A process that is busy, and somebody who waits there for an order under `key`."""
    life = Life(world, InMemoryGenerationLedger())
    await keep_busy(life, world)
    first = await ordered(life, "key")
    return life, asyncio.create_task(life.outcome(first.generation))


def draw_what_is_asked(world: World) -> None:
    for key in [*world.provider.waiting]:
        world.provider.reply(key, Reply(charged=True))


async def crash(life: Life, ledger: InMemoryGenerationLedger) -> None:
    ledger.die()
    for task in life.tasks:
        task.cancel()
    await asyncio.sleep(0)


async def settled(life: Life, world: World, generation: Generation) -> Generation:
    """Its end, with a provider that draws whatever it is asked."""
    while not (found := await life.ledger.find(generation.id)) or not found.state.final:
        await life.recover()
        draw_what_is_asked(world)
        await asyncio.sleep(0)
    return found


async def test_who_is_told_that_it_will_be_drawn_has_it_drawn_though_another_waited_for_it() -> None:
    ledger, world = InMemoryGenerationLedger(), World()
    life, next_one = Life(world, ledger), Life(world, ledger.colleague())
    await keep_busy(life, world)
    first = await ordered(life, "key")
    again = await ordered(life, "key", promise=True)

    await crash(life, ledger)

    assert (again.replay, again.generation.id) == (True, first.generation.id)
    assert (await settled(next_one, world, again.generation)).state is State.STORED
    assert world.provider.charges[again.generation.id] == 1


async def test_and_without_a_crash_both_have_it() -> None:
    world = World()
    life, waiting = await with_one_who_waits(world)

    again = await ordered(life, "key", promise=True)

    assert (await settled(life, world, again.generation)).state is State.STORED
    assert (await waiting).state is State.STORED
    assert world.provider.charges[again.generation.id] == 1


async def test_nor_is_it_left_undrawn_by_a_stop() -> None:
    world = World()
    life, waiting = await with_one_who_waits(world)
    draining = asyncio.create_task(life.work.drain())
    await asyncio.sleep(0)

    again = await ordered(life, "key", promise=True)
    while not draining.done():
        draw_what_is_asked(world)
        await asyncio.sleep(0)

    assert again.generation.promised
    assert (await waiting).state is State.STORED
    assert world.provider.charges[again.generation.id] == 1


async def test_what_is_promised_is_drawn_though_the_first_was_turned_away() -> None:
    ledger, world = Forgetful(), World()
    life = Life(world, ledger)
    ledger.forgetting = True
    told = await turned_away(life, "key")
    ledger.forgetting = False

    again = await ordered(life, "key", promise=True)

    assert told is Charged.UNKNOWN
    assert (await settled(life, world, again.generation)).state is State.STORED


async def test_nobody_is_told_that_its_owner_took_back_what_was_turned_away() -> None:
    ledger, world = Forgetful(), World()
    life = Life(world, ledger)
    ledger.forgetting = True
    await turned_away(life, "key")
    ledger.forgetting = False

    again = await ordered(life, "key")
    waiting = asyncio.create_task(life.outcome(again.generation))
    await settled(life, world, again.generation)

    ended = await waiting
    assert (ended.state, ended.charged, ended.key) == (State.REFUSED, Charged.NO, None)
    assert not world.provider.charges


@pytest.mark.parametrize("fault", [LedgerUnavailable, RuntimeError])
async def test_no_repeat_is_told_that_it_cost_nothing_where_nobody_knows(fault: type[Exception]) -> None:
    ledger, world = Forgetful(fault), World()
    life = Life(world, ledger)
    stored = await settled(life, world, (await ordered(life, "key")).generation)
    ledger.forgetting = True

    assert await turned_away(life, "key") is Charged.UNKNOWN
    assert stored.charged is Charged.YES
    assert await turned_away(life) is Charged.NO


async def test_those_who_are_turned_away_leave_nothing_behind() -> None:
    ledger, world = Forgetful(), World()
    life = Life(world, ledger)
    ledger.forgetting = True
    for _ in range(100):
        await turned_away(life)
    assert not life.tasks


async def test_who_waits_for_what_is_deleted_meanwhile_is_told_so() -> None:
    ledger, world = InMemoryGenerationLedger(), World()
    here, there = Life(world, ledger), Life(world, ledger.colleague())
    generation = (await ordered(here, "key")).generation
    waiting = asyncio.create_task(there.outcome((await ordered(there, "key")).generation))
    await asyncio.sleep(0)
    await settled(here, world, generation)

    await here.keep.delete(generation.id, ADA.subject)

    try:
        await waiting
    except Gone as gone:
        assert gone.charged is Charged.YES
    else:
        raise AssertionError("an answer without images")


async def test_what_came_back_while_its_first_try_stood_is_drawn_though_that_failed() -> None:
    ledger, world = Stumbling(), World()
    life = Life(world, ledger)
    turning_away = asyncio.create_task(turned_away(life))
    await ledger.written.wait()
    ledger.die()
    other = ledger.colleague()
    await other.take_abandoned(1, ())
    other.die()
    ledger.revive()
    (back,) = await ledger.take_abandoned(1, ())
    life.work.resume(back)

    ledger.may_fail.set()
    await turning_away
    await until(lambda: bool(world.provider.waiting))
    draw_what_is_asked(world)

    assert (await life.outcome(back)).state is State.STORED


async def turned_away(life: Life, key: str | None = None) -> Charged:
    try:
        await ordered(life, key)
    except (LedgerUnavailable, InternalFault) as fault:
        return fault.charged
    raise AssertionError("it was accepted")
