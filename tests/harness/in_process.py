"""The use case in this process, with a real ledger, and a provider and a storage that the test controls."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from darkroom.adapters.in_memory.generator import WIDEST_CARD, tile
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import DrawingFailed, StorageFault, UnusableImage
from darkroom.domain.model.generation import GeneratedImage, Generation, GenerationRequest, StoredImage
from darkroom.domain.model.limits import Caller
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.order import Order
from darkroom.domain.model.policy import Policy
from darkroom.domain.model.values import IdempotencyKey, ModelVersion
from darkroom.domain.ports import GenerationLedger, ImageGenerator, ImageStorage, Receipt
from darkroom.domain.use_cases.application import Application
from darkroom.domain.use_cases.generate_images import Outcome

ONCE: Final = "once"
"""The name of a model whose provider charges for each call."""

BY_KEY: Final = "by-key"
"""The name of a model whose provider charges once for each key."""

WIDTH: Final = 2
"""The number of generations that a process draws at once; others wait in the state `received`."""

STORE_PATIENCE: Final = 1.0
"""Seconds after which waiting callers are answered, even if the images are not stored yet."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The provider's answer: an `error`, or the images, behind links if `linked`, or only the first of them."""

    charged: bool
    error: DrawingFailed | None = None
    linked: bool = False
    only_first: bool = False


class Provider:
    """A provider that holds every call until the test says what to reply, and counts its charges.

    Attributes:
        waiting: The calls that wait for a reply, by key.
        fetching: The keys of orders whose second image waits until images can be fetched.
        charges: How often each key was charged.
        here: Set if images behind links can be fetched; the first image of each order always can, until links expire.
        expired: Whether links have expired.
    """

    def __init__(self) -> None:
        self.waiting: dict[str, asyncio.Future[Reply]] = {}
        self.fetching: set[str] = set()
        self.charges: Counter[str] = Counter()
        self.here = asyncio.Event()
        self.here.set()
        self.expired = False

    def reply(self, key: str, reply: Reply) -> None:
        self.charges[key] += reply.charged
        self.waiting.pop(key).set_result(reply)

    async def fetched(self, key: str) -> None:
        """Wait until images can be fetched."""
        self.fetching.add(key)
        try:
            await self.here.wait()
        finally:
            self.fetching.discard(key)


class ProviderAtWork(ImageGenerator):
    """The generator that draws with a provider."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    @property
    def cards(self) -> Sequence[ModelCard]:
        return (
            replace(WIDEST_CARD, version=ModelVersion(ONCE)),
            replace(WIDEST_CARD, version=ModelVersion(BY_KEY), idempotent=True),
        )

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        self._provider.waiting[key] = replying = asyncio.get_running_loop().create_future()
        try:
            reply = await replying
        finally:
            self._provider.waiting.pop(key, None)
        if reply.error:
            raise reply.error
        if reply.linked:
            return Receipt(reference=key.encode())
        return Receipt(images=pictures(request)[: 1 if reply.only_first else None])

    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        for image in receipt.images:
            yield image
        if receipt.reference:
            for image in pictures(request):
                if image.index:
                    await self._provider.fetched(receipt.reference.decode())
                if self._provider.expired:
                    raise UnusableImage("the links have expired")
                yield image


def pictures(request: GenerationRequest) -> tuple[GeneratedImage, ...]:
    """Return the images that are drawn for a request."""
    return tuple(
        GeneratedImage(index=index, seed=seed, data=tile(request.size.width, request.size.height, seed.value))
        for index, seed in enumerate(request.seeds)
    )


class Storage(ImageStorage):
    """A storage in memory that fails while it is `away`."""

    def __init__(self) -> None:
        self._memory = InMemoryImageStorage()
        self.kept = self._memory.kept
        self.away = False

    async def put(self, image: StoredImage, data: bytes) -> None:
        self._require()
        await self._memory.put(image, data)

    async def holds(self, image: StoredImage) -> bool:
        self._require()
        return await self._memory.holds(image)

    async def link(self, key: str) -> str:
        return await self._memory.link(key)

    async def delete(self, key: str) -> None:
        self._require()
        await self._memory.delete(key)

    def keys(self) -> AsyncIterator[str]:
        return self._memory.keys()

    async def check(self) -> str:
        return await self._memory.check()

    def _require(self) -> None:
        if self.away:
            raise StorageFault("the storage is away")


@dataclass(slots=True)
class World:
    """What survives a crash, besides the ledger."""

    provider: Provider = field(default_factory=Provider)
    storage: Storage = field(default_factory=Storage)
    spool: InMemoryImageSpool = field(default_factory=InMemoryImageSpool)


class Life:
    """The service in one process, from its start to its crash."""

    def __init__(self, world: World, ledger: GenerationLedger) -> None:
        self.ledger = ledger
        generator = ProviderAtWork(world.provider)
        cards = {card.version.value: card for card in generator.cards}
        application = Application.of(
            generator,
            world.storage,
            world.spool,
            ledger,
            cards=cards,
            policy=Policy(max_in_flight=WIDTH, max_queued=1000, uploads=4, patience=STORE_PATIENCE),
            clock=now,
        )
        self.cards, self.generate, self.work = cards, application.generate, application.generate.work
        self.keep, self.recover = application.keep, application.recover

    async def accept(
        self, order: Order, caller: Caller, key: IdempotencyKey | None = None, *, promise: bool = False
    ) -> Outcome:
        """Run the first half of the use case: record the order, or find it."""
        return await self.generate._accepted(order, caller, key, wait=not promise, webhook=None)  # noqa: SLF001

    async def outcome(self, generation: Generation) -> Generation:
        """Run the second half of the use case: wait for the outcome."""
        return (await self.generate._ended(Outcome(generation, replay=True))).generation  # noqa: SLF001

    @property
    def tasks(self) -> Collection[asyncio.Task[None]]:
        """The tasks that draw and store, which a crash cancels."""
        return [job.task for job in self.work._jobs.values() if job.task]  # noqa: SLF001


def now() -> datetime:
    return datetime.now(UTC)
