"""One life of a process, put together from the real use case and ports that fate plays with."""

import asyncio
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import IdempotencyKeyReused
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.limits import Caller
from darkroom.domain.model.order import read_order
from darkroom.domain.model.values import IdempotencyKey, WebhookUrl
from darkroom.domain.use_cases.deliver_webhooks import DeliverWebhooks
from darkroom.domain.use_cases.draw_generation import DrawGeneration
from darkroom.domain.use_cases.generate_images import Accepted, GenerateImages
from darkroom.domain.use_cases.provider_quota import ProviderQuota
from darkroom.domain.use_cases.running_generations import RunningGenerations
from darkroom.domain.use_cases.settle_generations import SettleGenerations
from darkroom.domain.use_cases.store_generation import StoreGeneration
from darkroom.domain.use_cases.tidy_spool import TidySpool
from simulation.fate import Fate
from simulation.world import (
    CHAINS,
    FatefulGenerator,
    FatefulLedger,
    FatefulSender,
    FatefulSpool,
    FatefulStorage,
    FatefulWebhookLedger,
    Provider,
    RememberingSpool,
)

STORE_PATIENCE = 5.0  # virtual seconds
HOOK = WebhookUrl("https://receiver.example/hook")


@dataclass
class World:
    """What no crash takes away."""

    provider: Provider = field(default_factory=Provider)
    ledger: InMemoryGenerationLedger = field(default_factory=lambda: InMemoryGenerationLedger(now))
    spool: RememberingSpool = field(default_factory=RememberingSpool)
    storage: InMemoryImageStorage = field(default_factory=InMemoryImageStorage)
    promised: set[str] = field(default_factory=set)
    told: dict[str, str] = field(default_factory=dict)

    async def generations(self) -> list[Generation]:
        return list(await self.ledger.page("someone", limit=10_000))


class Life:
    """A process: it lives from `begin` until fate or its owner ends it."""

    def __init__(self, world: World, fate: Fate, chance: random.Random) -> None:
        self._fate, self.world = fate, world
        generator = FatefulGenerator(world.provider, fate, chance)
        self._own_ledger = world.ledger.colleague()
        ledger, spool = FatefulLedger(self._own_ledger, fate), FatefulSpool(world.spool, fate)
        storage = FatefulStorage(world.storage, fate)
        self.cards = {card.version.value: card for card in generator.cards}
        draw = DrawGeneration(
            generator=generator,
            spool=spool,
            ledger=ledger,
            quota=ProviderQuota(ledger, {}),
            clock=now,
            key_prefix="images/",
        )
        store = StoreGeneration(
            storage=storage, spool=spool, ledger=ledger, clock=now, patience=STORE_PATIENCE, uploads=4
        )
        self.running = RunningGenerations(draw, store, ledger, spool, max_in_flight=4, max_queued=100)
        self.generate = GenerateImages(
            cards=self.cards,
            ledger=ledger,
            running=self.running,
            clock=now,
            images_per_day=None,
            spend_per_day=None,
            patience=STORE_PATIENCE,
            chains=CHAINS,
        )
        self._settle = SettleGenerations(ledger=ledger, running=self.running, cards=self.cards)
        self.tidy = TidySpool(spool=spool, ledger=ledger)
        deliver = DeliverWebhooks(
            ledger=FatefulWebhookLedger(self._own_ledger.webhooks, fate),
            sender=FatefulSender(world.told, fate),
            message=_message,
            clock=now,
        )
        self._working = [
            asyncio.ensure_future(self._settle.forever(every=1.0)),
            asyncio.ensure_future(deliver.forever(every=1.0)),
        ]

    async def order(self, fields: dict[str, object], key: str | None, *, promise: bool) -> Generation:
        """What a client does with one request: order, and wait, though it may have said that it would not.

        Who does not wait wants to be told; where it has ordered before without that, it leaves it at that.
        """
        try:
            accepted = await self._accepted(fields, key, promise=promise, webhook=HOOK if promise else None)
        except IdempotencyKeyReused:
            accepted = await self._accepted(fields, key, promise=promise, webhook=None)
        if promise and accepted.generation.state is State.RECEIVED:
            self.world.promised.add(accepted.generation.id)
        return await self.generate.outcome(accepted.generation)

    async def _accepted(
        self, fields: dict[str, object], key: str | None, *, promise: bool, webhook: WebhookUrl | None
    ) -> Accepted:
        order, caller = read_order(fields, self.cards), Caller("someone")
        known_as = IdempotencyKey(key) if key else None
        return await self.generate.accept(order, caller, known_as, promise=promise, webhook=webhook)

    async def end(self) -> None:
        """SIGKILL: nothing has effects any more, and the kernel lets go of the worker's lock."""
        self._fate.kill()
        self._own_ledger.die()
        for work in self._working:
            work.cancel()
        # The tasks of the dead run into their next point and end there; nobody is told.
        await asyncio.gather(*self._working, self.running.drain(), return_exceptions=True)


async def _message(generation: Generation) -> bytes:
    return generation.state.encode()


def now() -> datetime:
    """The virtual clock, as a date."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=asyncio.get_running_loop().time())
