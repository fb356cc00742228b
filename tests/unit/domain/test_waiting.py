"""A repeat of an order that is drawn but not stored waits a short time, gets the same answer, and later the images."""

import asyncio

from darkroom.adapters.in_memory.generator import InMemoryImageGenerator
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import StorageFault
from darkroom.domain.model.generation import State, StoredImage
from darkroom.domain.model.limits import Caller
from darkroom.domain.model.order import read_order
from darkroom.domain.model.policy import Policy
from darkroom.domain.model.values import IdempotencyKey
from darkroom.domain.use_cases.application import Application
from simulation.life import now
from simulation.virtual_time import run

PATIENCE = 5.0


class AwayStorage(InMemoryImageStorage):
    away = True

    async def put(self, image: StoredImage, data: bytes) -> None:
        if self.away:
            raise StorageFault("away")
        await super().put(image, data)


def test_a_repeat_waits_a_short_time_and_then_gets_the_same_answer() -> None:
    async def story() -> None:
        storage, generator = AwayStorage(), InMemoryImageGenerator()
        cards = {card.version.value: card for card in generator.cards}
        application = Application.of(
            generator,
            storage,
            InMemoryImageSpool(),
            InMemoryGenerationLedger(now),
            cards=cards,
            policy=Policy(max_in_flight=1, max_queued=0, patience=PATIENCE),
            clock=now,
        )
        order = read_order({"version": "memory", "prompt": "a fox", "width": 16, "height": 16}, cards)
        loop = asyncio.get_running_loop()

        async def ask() -> tuple[State, float]:
            began = loop.time()
            outcome = await application.generate(order, Caller("me"), IdempotencyKey("key"))
            return outcome.generation.state, loop.time() - began

        state, waited = await ask()
        assert (state, waited >= PATIENCE) == (State.DRAWN, True)
        state, waited = await ask()
        assert state is State.DRAWN
        assert 2.0 <= waited < PATIENCE
        storage.away = False
        state, waited = await ask()
        while state is not State.STORED:
            state, waited = await ask()
        assert len(generator.asked) == 1

    run(story())
