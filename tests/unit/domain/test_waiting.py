"""Who repeats an order that is drawn and not stored waits a little, hears the same, and gets the images in time."""

import asyncio

from darkroom.domain.use_cases.draw_generation import DrawGeneration
from darkroom.domain.use_cases.running_generations import RunningGenerations
from darkroom.domain.use_cases.store_generation import StoreGeneration

from darkroom.adapters.in_memory.generator import InMemoryImageGenerator
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import StorageFault
from darkroom.domain.model.generation import State, StoredImage
from darkroom.domain.model.limits import Caller
from darkroom.domain.model.order import read_order
from darkroom.domain.model.values import IdempotencyKey
from darkroom.domain.use_cases.generate_images import GenerateImages
from darkroom.domain.use_cases.provider_quota import ProviderQuota
from simulation.life import now
from simulation.virtual_time import run

PATIENCE = 5.0


class AwayStorage(InMemoryImageStorage):
    away = True

    async def put(self, image: StoredImage, data: bytes) -> None:
        if self.away:
            raise StorageFault("away")
        await super().put(image, data)


def test_a_repetition_waits_a_little_and_then_hears_the_same() -> None:
    async def story() -> None:
        ledger, spool, storage = InMemoryGenerationLedger(now), InMemoryImageSpool(), AwayStorage()
        generator = InMemoryImageGenerator()
        quota = ProviderQuota(ledger, {})
        draw = DrawGeneration(generator=generator, spool=spool, ledger=ledger, quota=quota, clock=now, key_prefix="")
        store = StoreGeneration(storage=storage, spool=spool, ledger=ledger, clock=now, patience=PATIENCE, uploads=1)
        running = RunningGenerations(draw, store, ledger, spool, max_in_flight=1, max_queued=0)
        cards = {card.version.value: card for card in generator.cards}
        generate = GenerateImages(
            cards=cards,
            ledger=ledger,
            running=running,
            clock=now,
            images_per_day=None,
            spend_per_day=None,
            patience=PATIENCE,
        )
        order = read_order({"version": "memory", "prompt": "a fox", "width": 16, "height": 16}, cards)
        loop = asyncio.get_running_loop()

        async def ask() -> tuple[State, float]:
            began = loop.time()
            accepted = await generate.accept(order, Caller("me"), IdempotencyKey("key"))
            return (await generate.outcome(accepted.generation)).state, loop.time() - began

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
