"""A repeat of an order that still waits gets a true answer, even if the first request fails or is turned away."""

from __future__ import annotations

import asyncio
from itertools import pairwise
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
from simulation.virtual_time import run

ADA: Final = Caller("ada")


class Forgetful(InMemoryGenerationLedger):
    """Records orders, but raises `fault` afterwards while it is `forgetting`."""

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
    """Records an order, then waits for `may_fail` and fails."""

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
    """Fill every drawing slot, so that further orders wait."""
    for _ in range(WIDTH):
        await ordered(life)
    await until(lambda: len(world.provider.waiting) == WIDTH)


async def with_a_waiting_caller(world: World) -> tuple[Life, asyncio.Task[Generation]]:
    """A busy process, and a caller waiting there for an order under `key`."""
    life = Life(world, InMemoryGenerationLedger())
    await keep_busy(life, world)
    first = await ordered(life, "key")
    return life, asyncio.create_task(life.outcome(first.generation))


def draw_everything_asked(world: World) -> None:
    for key in [*world.provider.waiting]:
        world.provider.reply(key, Reply(charged=True))


async def crash(life: Life, ledger: InMemoryGenerationLedger) -> None:
    ledger.die()
    for task in life.tasks:
        task.cancel()
    await asyncio.sleep(0)


async def settled(life: Life, world: World, generation: Generation) -> Generation:
    """The generation in its final state, with a provider that draws everything it is asked for."""
    while not (found := await life.ledger.find(generation.id)) or not found.state.final:
        await life.recover()
        draw_everything_asked(world)
        await asyncio.sleep(0)
    return found


async def test_an_order_promised_to_a_repeat_is_drawn_after_a_crash() -> None:
    ledger, world = InMemoryGenerationLedger(), World()
    life, next_one = Life(world, ledger), Life(world, ledger.colleague())
    await keep_busy(life, world)
    first = await ordered(life, "key")
    again = await ordered(life, "key", promise=True)

    await crash(life, ledger)

    assert (again.replay, again.generation.id) == (True, first.generation.id)
    assert (await settled(next_one, world, again.generation)).state is State.STORED
    assert world.provider.charges[again.generation.id] == 1


async def test_an_order_promised_while_recovery_withdraws_it_is_drawn() -> None:
    ledger, world = InMemoryGenerationLedger(), World()
    life, next_one = Life(world, ledger), Life(world, ledger.colleague())
    await keep_busy(life, world)
    first = await ordered(life, "key")
    await crash(life, ledger)

    await next_one.recover()
    promised = await next_one.ledger.promise(first.generation.id)

    assert promised
    assert promised.promised
    assert (await settled(next_one, world, promised)).state is State.STORED
    assert world.provider.charges[promised.id] == 1


async def test_without_a_crash_the_first_request_and_the_repeat_get_the_same_generation() -> None:
    world = World()
    life, waiting = await with_a_waiting_caller(world)

    again = await ordered(life, "key", promise=True)

    assert (await settled(life, world, again.generation)).state is State.STORED
    assert (await waiting).state is State.STORED
    assert world.provider.charges[again.generation.id] == 1


async def test_an_order_promised_to_a_repeat_is_drawn_before_a_shutdown_ends() -> None:
    world = World()
    life, waiting = await with_a_waiting_caller(world)
    draining = asyncio.create_task(life.work.drain())
    await asyncio.sleep(0)

    again = await ordered(life, "key", promise=True)
    while not draining.done():
        draw_everything_asked(world)
        await asyncio.sleep(0)

    assert again.generation.promised
    assert (await waiting).state is State.STORED
    assert world.provider.charges[again.generation.id] == 1


async def test_an_order_promised_to_a_repeat_is_drawn_even_if_the_first_request_was_turned_away() -> None:
    ledger, world = Forgetful(), World()
    life = Life(world, ledger)
    ledger.forgetting = True
    charged = await turned_away(life, "key")
    ledger.forgetting = False

    again = await ordered(life, "key", promise=True)

    assert charged is Charged.UNKNOWN
    assert (await settled(life, world, again.generation)).state is State.STORED


async def test_an_order_that_was_turned_away_ends_as_refused_not_as_cancelled_by_its_caller() -> None:
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
async def test_a_repeat_is_not_reported_as_free_if_the_ledger_cannot_say(fault: type[Exception]) -> None:
    ledger, world = Forgetful(fault), World()
    life = Life(world, ledger)
    stored = await settled(life, world, (await ordered(life, "key")).generation)
    ledger.forgetting = True

    assert await turned_away(life, "key") is Charged.UNKNOWN
    assert stored.charged is Charged.YES
    assert await turned_away(life) is Charged.NO


async def test_orders_that_are_turned_away_leave_no_tasks_behind() -> None:
    ledger, world = Forgetful(), World()
    life = Life(world, ledger)
    ledger.forgetting = True
    for _ in range(100):
        await turned_away(life)
    assert not life.tasks


async def test_a_repeat_whose_generation_is_deleted_while_it_waits_gets_gone() -> None:
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
        raise AssertionError("a deleted generation was answered")


async def test_a_generation_that_comes_back_is_drawn_even_if_its_first_receive_then_fails() -> None:
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
    draw_everything_asked(world)

    assert (await life.outcome(back)).state is State.STORED


def test_a_repeat_looks_at_least_once_a_second_for_the_end_in_another_process() -> None:
    class Observed(InMemoryGenerationLedger):
        async def find(self, generation_id: str) -> Generation | None:
            looks.append(asyncio.get_running_loop().time())
            return await super().find(generation_id)

    async def story() -> None:
        ledger, world = Observed(), World()
        here, there = Life(world, ledger), Life(world, ledger.colleague())
        drawing = await ordered(there, "key")
        waiting = asyncio.create_task(here.outcome((await ordered(here, "key")).generation))
        await asyncio.sleep(60)
        draw_everything_asked(world)

        assert (await there.outcome(drawing.generation)).state is State.STORED
        assert (await waiting).state is State.STORED
        assert max(later - earlier for earlier, later in pairwise(looks)) < 1.001

    looks = list[float]()
    run(story())


async def turned_away(life: Life, key: str | None = None) -> Charged:
    try:
        await ordered(life, key)
    except (LedgerUnavailable, InternalFault) as fault:
        return fault.charged
    raise AssertionError("it was accepted")
