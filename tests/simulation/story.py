"""The promises, as code, and a story that tries to break them: crashes at any await, all determined by one seed.

`cd tests && python -m simulation 4711` repeats one story; `python -m simulation 0 10000` runs ten thousand.
"""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus

from darkroom.domain.model.errors import Charged, DarkroomError, NothingWasDrawn
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.use_cases.recover import NEVER_SENT
from simulation.calls import CallerWithoutKey
from simulation.fate import Fate
from simulation.life import Life, World
from simulation.virtual_time import repeatable_secrets, run
from simulation.world import drew_with

ORDERS = 5


@dataclass
class Client:
    """Orders until it has an answer, even if processes die: with one key, or, careless, as a new order each time."""

    name: str
    careful: bool
    fields: dict[str, object]
    answer: Generation | None = None
    attempts: int = 0
    turned_away: list[str] = field(default_factory=list)

    async def order_from(self, life: Life, chance: random.Random) -> None:
        while self.answer is None:
            # With a key, an order is always the same; without one, the prompt distinguishes the attempts.
            prompt = self.name if self.careful else f"{self.name}, attempt {self.attempts}"
            self.attempts += 1
            try:
                async with asyncio.timeout(chance.choice((0.2, 3.0, 40.0))):
                    fields, key = self.fields | {"prompt": prompt}, self.name if self.careful else None
                    generation = await life.order(fields, key, promise=chance.random() < 0.3)
            except (TimeoutError, DarkroomError) as error:
                if isinstance(error, NothingWasDrawn) and error.charged is Charged.NO:
                    self.turned_away.append(prompt)
                await asyncio.sleep(0.5)
                continue
            # If nothing was charged, the key is free again, and most clients try once more.
            if generation.state.final and (generation.charged is not Charged.NO or self.attempts > 5):
                self.answer = generation


def _order(chance: random.Random) -> dict[str, object]:
    """An order with seeds that the model accepts but its fallbacks may not, or without seeds, so that we draw them."""
    version = chance.choice(("once", "by-key", "at-once", "few-seeds", "own-seeds"))
    samples, largest = chance.randint(1, 3), 9 if version == "few-seeds" else chance.choice((9, 2**32 - 1))
    seeds = [chance.randint(0, largest) for _ in range(samples)]
    images: dict[str, object] = {"samples": samples} if chance.random() < 0.3 else {"seed": seeds}
    return {"version": version, "width": 16, "height": 16} | images


def _callers_without_key(chance: random.Random) -> list[CallerWithoutKey]:
    """None in half of the stories; some of them make the same request."""
    callers: list[CallerWithoutKey] = []
    for number in range(chance.choice((0, 0, 0, 1, 2, 3))):
        order = _order(chance)
        body = {"model": order["version"], "size": "16x16", "prompt": f"without a key {number}"}
        body |= {"n": order["samples"]} if "samples" in order else {"seed": order["seed"]}
        body |= chance.choice(({}, {"response_format": "url"}, {"response_format": "b64_json"}))
        same = chance.random() < 0.4 and callers
        name, body = (callers[-1].name, dict(callers[-1].body)) if same else (str(body["prompt"]), body)
        callers.append(CallerWithoutKey(name, counts=chance.random() < 0.6, body=body))
    return callers


def simulate(seed: int) -> list[Generation]:
    """Run one story and return its generations; raise `AssertionError` if a promise did not hold."""
    random.seed(seed)  # the jitter of the domain's pauses
    chance = random.Random(seed)
    clients = [
        Client(
            name=f"order {number}",
            careful=chance.random() < 0.7,
            fields=_order(chance),
        )
        for number in range(ORDERS)
    ]
    with repeatable_secrets(seed):
        return run(_story(clients, _callers_without_key(chance), chance))


async def _story(clients: list[Client], without_key: list[CallerWithoutKey], chance: random.Random) -> list[Generation]:
    world = World()
    trouble = chance.choice((0.0, 0.05, 0.2))
    processes = chance.choice((1, 1, 2))
    calling = [asyncio.ensure_future(caller.call(world.processes, chance)) for caller in without_key]
    await asyncio.gather(*(_lives(world, clients, chance, trouble) for _ in range(processes)))
    calm = Life(world, Fate(chance), chance)
    await asyncio.gather(*calling, *(client.order_from(calm, chance) for client in clients))
    while (
        world.spool.kept
        or (await world.ledger.webhooks.backlog()).waiting
        or not all(one.state.final for one in await world.generations())
    ):
        await asyncio.sleep(1)
        assert asyncio.get_running_loop().time() < 36_000, "every generation ends, and its webhook is sent"
    await calm.work.drain()
    await calm.end()
    generations = await world.generations()
    _hold_promises(world, clients, generations)
    _hold_for_calls(world, without_key, generations)
    assert trouble or not world.calls.unheard, "without trouble, the ledger learns in time that a call ended"
    return generations


async def _lives(world: World, clients: list[Client], chance: random.Random, trouble: float) -> None:
    """A process that is started again each time it ended: by a crash at some point, or by a signal after a while."""
    for _ in range(chance.randint(1, 3)):
        fate = Fate(
            chance, points=chance.choice((None, chance.randint(1, 120), chance.randint(1, 400))), trouble=trouble
        )
        life = Life(world, fate, chance)
        calls = [asyncio.ensure_future(client.order_from(life, chance)) for client in clients]
        died = asyncio.ensure_future(fate.dead.wait())
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(died), chance.choice((0.5, 2.0, 30.0)))
        if chance.random() < 0.4 and not died.done():
            await asyncio.wait([asyncio.ensure_future(life.lapse(chance.choice((2.0, 20.0)))), died], timeout=60)
        draining = asyncio.ensure_future(life.work.drain())
        await asyncio.wait([draining, died], return_when=asyncio.FIRST_COMPLETED)
        for task in (draining, died, *calls):
            task.cancel()
        if draining.done() and not died.done():
            fate.left = set(draining.result())
        await life.end()
        await asyncio.gather(draining, died, *calls, return_exceptions=True)


def _hold_promises(world: World, clients: list[Client], generations: list[Generation]) -> None:
    careful = {client.name for client in clients if client.careful}
    turned_away = {prompt for client in clients if not client.careful for prompt in client.turned_away}
    for generation in generations:
        paid, prompt = world.provider.charges[generation.id], generation.request.prompt.value
        _hold_for_money(generation, paid)
        _hold_for_images(generation, world)
        assert not (prompt in turned_away and paid), "an order that is turned away is not charged"
        assert generation.key or generation.charged is Charged.NO or prompt not in careful, (
            "the key of a paid order is kept"
        )
        if generation.webhook:
            told = [state for name, state in world.told.items() if name.partition(".")[0] == generation.id]
            assert told[-1:] == [generation.state], "a webhook reports the end, and reports again after a lift"
        answered = paid and world.answered.get((generation.id, generation.model))
        if answered and answered.left is not None and generation.id not in answered.left:
            assert generation.state is not State.UNKNOWN, "an answer that reached a process which lived on is not lost"
        assert generation.state is not State.CANCELLED, "only its caller cancels an order"
        if generation.id in world.promised:
            interrupted = generation.failure and generation.failure.detail == NEVER_SENT
            assert not interrupted, "a promised order is drawn"
    by_key = Counter(one.key.value for one in generations if one.key)
    assert all(count == 1 for count in by_key.values()), "a key stands for one order that may have cost money"
    assert not world.provider.astray, "a receipt is shown to the model that gave it"
    assert not world.spool.kept, "the spool is empty when every generation has ended"
    for client in clients:
        assert client.answer, "every client has an answer"
        again = next(one for one in generations if one.id == client.answer.id)
        lifted = again.lifted and client.answer.state is State.UNKNOWN
        assert lifted or again.state is client.answer.state, "an answer does not change, unless it was unknown"


def _hold_for_money(generation: Generation, paid: int) -> None:
    assert paid <= 1, "no order is charged twice, whichever model draws it"
    match generation.charged:
        case Charged.NO:
            assert paid == 0, "an order that is reported as free was not charged"
            assert generation.key is None, "the key of an order that cost nothing is free again"
        case Charged.YES:
            assert paid == 1, "an order that is reported as charged was charged"
        case Charged.UNKNOWN:
            assert generation.state is State.UNKNOWN, "only an unknown outcome has an unknown charge"


def _hold_for_images(generation: Generation, world: World) -> None:
    if generation.images:
        assert generation.model == world.provider.drew[generation.id], "the recorded model is the one that drew"
    assert generation.waiting == (), "no drawn image still waits"
    if generation.failure:
        assert "lost" not in generation.failure.detail, "a drawn image is never lost"
    stored = {image.index for image in generation.images}
    aside = {data for name, data in world.spool.aside if name.startswith(generation.id)}
    spooled = {index for id_, index in world.spool.ever if id_ == generation.id and index >= 0}
    for index in spooled - stored:
        picture = world.provider.pictures[generation.id][index]
        kept_aside = generation.state is State.UNUSABLE and picture in aside
        assert kept_aside, "a spooled image is stored, or set aside if its generation is unusable"
    if generation.state is State.STORED:
        assert [image.index for image in generation.images] == list(range(generation.request.samples))
    for image in generation.images:
        drawn = world.provider.pictures[generation.id][image.index]
        assert world.storage.kept[image.key][0] == drawn, "the stored image is the drawn one"
        sent = generation.request.seeds[image.index]
        assert image.seed == drew_with(generation.model, sent), "an image has the seed that drew it"


def _hold_for_calls(world: World, callers: list[CallerWithoutKey], generations: list[Generation]) -> None:
    """Check that each caller without a key pays once, even if calls were cut off and repeated."""
    assert not world.calls.broken, world.calls.broken[0]
    for connection in world.calls.failing:
        status = connection.answer and connection.answer.status
        assert status != HTTPStatus.OK, "a call is not cut while its caller is connected and will get its images"
    by_id = {one.id: one for one in generations}
    paid = Counter[str]()
    for one in generations:
        paid[one.request.prompt.value] += world.provider.charges[one.id]
    for name in {caller.name for caller in callers}:
        answers = [answer for caller in callers if caller.name == name for answer in caller.answers]
        told = sum(answer.charged is not Charged.NO for answer in answers)
        assert paid[name] <= told + world.calls.unheard[name], (
            "a caller that repeats its call after a lost connection pays once"
        )
        for answer in filter(lambda answer: answer.generation_id, answers):
            drawn, charges = by_id[answer.generation_id], world.provider.charges[answer.generation_id]
            assert (answer.status == HTTPStatus.OK) <= (drawn.state is State.STORED), (
                "an image is sent only after it is stored"
            )
            assert answer.charged is not Charged.NO or not charges, (
                "a caller whose answer says that it cost nothing has not paid"
            )
