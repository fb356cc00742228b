"""One life of a process, composed of the real use cases and of ports whose calls fail by `Fate`."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import IdempotencyKeyReused
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.limits import Caller
from darkroom.domain.model.order import read_order
from darkroom.domain.model.policy import Policy
from darkroom.domain.model.values import IdempotencyKey, ModelVersion, WebhookUrl
from darkroom.domain.use_cases.application import Application, Webhooks
from darkroom.domain.use_cases.generate_images import Outcome
from simulation.calls import CallBook, Process
from simulation.door import door
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

POLICY = Policy(
    chains=CHAINS,
    key_prefix="images/",
    max_in_flight=4,
    max_queued=100,
    uploads=4,
    patience=5.0,
    call_timeout=2.0,
    begin_timeout=4.0,
    secure_after=2.0,
    drain_timeout=100.0,
)
HOOK = WebhookUrl("https://receiver.example/hook")


@dataclass
class World:
    """What survives every crash."""

    provider: Provider = field(default_factory=Provider)
    ledger: InMemoryGenerationLedger = field(default_factory=lambda: InMemoryGenerationLedger(now))
    spool: RememberingSpool = field(default_factory=RememberingSpool)
    storage: InMemoryImageStorage = field(default_factory=InMemoryImageStorage)
    promised: set[str] = field(default_factory=set)
    told: dict[str, str] = field(default_factory=dict)
    answered: dict[tuple[str, ModelVersion], Fate] = field(default_factory=dict)
    """By generation and model, the process that received the provider's whole answer."""
    calls: CallBook = field(default_factory=CallBook)
    processes: list[Process] = field(default_factory=list)

    async def generations(self) -> list[Generation]:
        return list(await self.ledger.page("someone", limit=10_000))


class Life:
    """A process: it lives until fate or `end` ends it."""

    def __init__(self, world: World, fate: Fate, chance: random.Random) -> None:
        self._fate, self.world = fate, world
        generator = FatefulGenerator(world.provider, fate, chance, world.answered)
        self._own_ledger = world.ledger.colleague()
        ledger = FatefulLedger(self._own_ledger, fate, world.calls.written)
        spool = FatefulSpool(world.spool, fate)
        storage = FatefulStorage(world.storage, fate)
        self.cards = {card.version.value: card for card in generator.cards}
        self.application = Application.of(
            generator,
            storage,
            spool,
            ledger,
            cards=self.cards,
            policy=POLICY,
            clock=now,
            webhooks=Webhooks(
                ledger=FatefulWebhookLedger(self._own_ledger.webhooks, fate),
                sender=FatefulSender(world.told, fate),
                message=_message,
            ),
        )
        self.work = self.application.generate.work
        self._process = Process(fate, door(self.application, ledger, storage, self.cards, now))
        world.processes.append(self._process)
        self._working = [
            asyncio.ensure_future(_again_and_again(once_more))
            for once_more in (self._recover, self._tidy, self._finish, self._deliver)
        ]

    async def order(self, fields: dict[str, object], key: str | None, *, promise: bool) -> Generation:
        """Order as a client does: wait for the answer, or, with `promise`, poll the generation until it has ended.

        A client that does not wait asks for a webhook; if it has ordered the same before without one, it does without.
        """
        try:
            outcome = await self._ordered(fields, key, promise=promise, webhook=HOOK if promise else None)
        except IdempotencyKeyReused:
            outcome = await self._ordered(fields, key, promise=promise, webhook=None)
        if outcome.promised and outcome.generation.state is State.RECEIVED:
            self.world.promised.add(outcome.generation.id)
        generation = outcome.generation
        while outcome.promised and not generation.state.final:
            await asyncio.sleep(0.5)
            generation = await self.world.ledger.find(generation.id) or generation
        return generation

    async def _ordered(
        self, fields: dict[str, object], key: str | None, *, promise: bool, webhook: WebhookUrl | None
    ) -> Outcome:
        order, caller = read_order(fields, self.cards), Caller("someone")
        known_as = IdempotencyKey(key) if key else None
        return await self.application.generate(order, caller, known_as, wait=not promise, webhook=webhook)

    async def _recover(self) -> None:
        await self.application.recover()

    async def _tidy(self) -> None:
        await self.application.recover.tidy()

    async def _finish(self) -> None:
        await self.application.lost()

    async def _deliver(self) -> None:
        if self.application.deliver:
            await self.application.deliver()

    async def lapse(self, seconds: float) -> None:
        """Other processes take this one for dead for a while, and it does not know."""
        self._own_ledger.die()
        self._process.counts_as_dead = True
        await asyncio.sleep(seconds)
        if not self._fate.dead.is_set():
            self._own_ledger.revive()
            self._process.counts_as_dead = False

    async def end(self) -> None:
        """SIGKILL: nothing has effects any more, and the kernel releases the worker's lock."""
        self._fate.kill()
        self._own_ledger.die()
        self._process.counts_as_dead = True
        tasks = [*self._working, *self._process.serving]
        for task in tasks:
            task.cancel()
        # The tasks of the dead process end at their next point, without an answer.
        await asyncio.gather(*tasks, self.work.drain(), return_exceptions=True)


async def _again_and_again(work: Callable[[], Awaitable[None]]) -> None:
    while True:
        with suppress(Exception):
            await work()
        await asyncio.sleep(1.0)


async def _message(generation: Generation) -> bytes:
    return generation.state.encode()


def now() -> datetime:
    """The virtual clock, as a date."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=asyncio.get_running_loop().time())
