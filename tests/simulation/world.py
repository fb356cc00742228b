"""What survives a process: the provider's books, the ledger, the spool, the storage; and how a process sees them."""

import random
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Container, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from darkroom.adapters.in_memory.generator import WIDEST_CARD, tile
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.domain.model.errors import (
    Evidence,
    GeneratorRefused,
    GeneratorUnavailable,
    LedgerUnavailable,
    OutcomeUnknown,
    PromptRejected,
    StorageFault,
    UnusableImage,
)
from darkroom.domain.model.generation import GeneratedImage, Generation, GenerationRequest, StoredImage
from darkroom.domain.model.history import HistoryPage, Search
from darkroom.domain.model.limits import Limits, Usage
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.values import IdempotencyKey, ModelVersion, Seed, WebhookUrl
from darkroom.domain.model.webhook import Backlog, Delivery, NotDelivered
from darkroom.domain.ports import (
    Abandoned,
    Call,
    GenerationLedger,
    ImageGenerator,
    ImageOnRecord,
    ImageSpool,
    ImageStorage,
    Receipt,
    WebhookLedger,
    WebhookSender,
)
from simulation.fate import UNFORESEEN, Fate

ONCE = replace(WIDEST_CARD, version=ModelVersion("once"))
BY_KEY = replace(WIDEST_CARD, version=ModelVersion("by-key"), idempotent=True)
AT_ONCE = replace(WIDEST_CARD, version=ModelVersion("at-once"))
# It draws with other seeds than those it is sent, and reports them.
OWN_SEEDS = replace(WIDEST_CARD, version=ModelVersion("own-seeds"), seed_told=True)
# A model with narrower limits: it does not accept every seed that we drew for another model.
FEW_SEEDS = replace(WIDEST_CARD, version=ModelVersion("few-seeds"), seed_max=9)
CHAINS: Mapping[str, Sequence[str]] = {
    "once": ("once", "few-seeds", "by-key"),
    "by-key": ("by-key", "at-once"),
    "few-seeds": ("few-seeds", "once"),
    "own-seeds": ("own-seeds", "at-once"),
}


def drew_with(version: ModelVersion, seed: Seed) -> Seed:
    """The seed with which a model draws if it is sent this one."""
    return Seed(seed.value ^ 0xABCDEF) if version == OWN_SEEDS.version else seed


class Provider:
    """Records what it charged under which key, which model drew, and the pictures that wait for collection."""

    def __init__(self) -> None:
        self.charges: Counter[str] = Counter()
        self.drew: dict[str, ModelVersion] = {}
        self.pictures: dict[str, list[bytes]] = {}
        self.astray: list[str] = []

    def draw(self, request: GenerationRequest, key: str) -> list[bytes]:
        """Charge and draw; if the model is idempotent by key, only once for each key."""
        if request.version == BY_KEY.version == self.drew.get(key):
            return self.pictures[key]
        self.charges[key] += 1
        self.drew[key] = request.version
        self.pictures[key] = [tile(16, 16, drew_with(request.version, seed).value) for seed in request.seeds]
        return self.pictures[key]

    def collect(self, request: GenerationRequest, key: str) -> list[bytes]:
        """The pictures that a receipt stands for; `astray` lists receipts that another model was shown."""
        if key not in self.drew:
            raise GeneratorUnavailable("turned away in the queue")
        if self.drew[key] != request.version:
            self.astray.append(key)
        return self.pictures[key]


class FatefulGenerator(ImageGenerator):
    """The adapter of this provider: its receipt is a reference, or the images themselves, one after the other."""

    def __init__(
        self,
        provider: Provider,
        fate: Fate,
        chance: random.Random,
        answered: dict[tuple[str, ModelVersion], Fate] | None = None,
    ) -> None:
        self._provider, self._fate, self._chance = provider, fate, chance
        self._answered = {} if answered is None else answered

    @property
    def cards(self) -> Sequence[ModelCard]:
        return (ONCE, BY_KEY, AT_ONCE, FEW_SEEDS, OWN_SEEDS)

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        await self._fate.point()
        if self._fate.strikes():
            kinds = (GeneratorRefused, GeneratorUnavailable, PromptRejected, OutcomeUnknown, ZeroDivisionError)
            raise self._chance.choice(kinds)("before it arrived")
        if request.version != AT_ONCE.version and self._fate.strikes():
            return Receipt(reference=key.encode())  # queued, but never drawn
        pictures = self._provider.draw(request, key)
        await self._fate.point()
        if self._fate.strikes():
            raise self._chance.choice((OutcomeUnknown, UnusableImage, ZeroDivisionError))("after it was charged")
        if request.version != AT_ONCE.version:
            return Receipt(reference=key.encode())
        return Receipt(
            images=tuple(
                GeneratedImage(index=index, seed=drew_with(request.version, seed), data=data)
                for index, (seed, data) in enumerate(zip(request.seeds, pictures, strict=True))
            )
        )

    async def answers(self, request: GenerationRequest, key: str) -> AsyncGenerator[Receipt, None]:
        receipt = await self.submit(request, key)
        for came in range(1, len(receipt.images)):
            yield replace(receipt, images=receipt.images[:came])
            await self._fate.point()
        self._answered[key, request.version] = self._fate
        yield receipt

    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        for image in receipt.images:
            await self._fate.point()
            yield image
        missing = False
        if receipt.reference:
            pictures = self._provider.collect(request, receipt.reference.decode())
            for index in self._chance.sample(range(len(pictures)), len(pictures)):
                await self._fate.point()
                if self._fate.strikes():
                    if self._chance.random() < 0.3:  # an error on our side, so that collecting is tried again
                        raise self._chance.choice(UNFORESEEN)("unforeseen")
                    missing = True
                else:
                    seed = drew_with(request.version, request.seeds[index])
                    yield GeneratedImage(index=index, seed=seed, data=pictures[index])
        if missing:
            # The provider has removed a part of the answer, so we cannot be expected to keep it.
            self._answered.pop((receipt.reference.decode(), request.version), None)
            raise UnusableImage("a link was dead", evidence=b"404")


class FatefulStorage(ImageStorage):
    """A storage whose calls fail and whose process dies."""

    def __init__(self, storage: ImageStorage, fate: Fate) -> None:
        self._storage, self._fate = storage, fate

    async def put(self, image: StoredImage, data: bytes) -> None:
        async with self._fate.call(StorageFault("storage")):
            await self._storage.put(image, data)

    async def holds(self, image: StoredImage) -> bool:
        async with self._fate.call(StorageFault("storage")):
            return await self._storage.holds(image)

    async def get(self, image: StoredImage) -> bytes:
        async with self._fate.call(StorageFault("storage")):
            return await self._storage.get(image)

    async def link(self, key: str) -> str:
        return await self._storage.link(key)

    async def delete(self, key: str) -> None:
        async with self._fate.call(StorageFault("storage")):
            await self._storage.delete(key)

    def keys(self) -> AsyncIterator[str]:
        return self._storage.keys()

    async def check(self) -> str:
        return await self._storage.check()


class RememberingSpool(InMemoryImageSpool):
    """`ever` holds every image that was ever kept, by its generation and index."""

    def __init__(self) -> None:
        super().__init__()
        self.ever: set[tuple[str, int]] = set()

    async def put(self, generation_id: str, index: int, data: bytes) -> str:
        sha256 = await super().put(generation_id, index, data)
        self.ever.add((generation_id, index))
        return sha256


class FatefulSpool(ImageSpool):
    """A spool whose calls fail and whose process dies."""

    def __init__(self, spool: ImageSpool, fate: Fate) -> None:
        self._spool, self._fate = spool, fate

    async def put(self, generation_id: str, index: int, data: bytes) -> str:
        async with self._fate.call(StorageFault("spool")):
            return await self._spool.put(generation_id, index, data)

    async def get(self, generation_id: str, index: int) -> bytes | None:
        async with self._fate.call(StorageFault("spool")):
            return await self._spool.get(generation_id, index)

    async def secure(self, generation_id: str, index: int) -> None:
        async with self._fate.call(StorageFault("spool")):
            await self._spool.secure(generation_id, index)

    async def remove(self, generation_id: str, index: int) -> None:
        async with self._fate.call(StorageFault("spool")):
            await self._spool.remove(generation_id, index)

    async def waiting(self) -> Sequence[tuple[str, int]]:
        async with self._fate.call(StorageFault("spool")):
            return await self._spool.waiting()

    async def set_aside(self, name: str, evidence: bytes | Evidence) -> None:
        async with self._fate.call(StorageFault("spool")):
            await self._spool.set_aside(name, evidence)

    async def aside_names(self) -> Sequence[str]:
        return await self._spool.aside_names()

    async def remove_aside(self, name: str) -> None:
        await self._spool.remove_aside(name)

    @property
    def full(self) -> bool:
        return self._spool.full


class FatefulLedger(GenerationLedger):
    """A ledger whose calls fail, before the commit or after it, and whose process dies."""

    def __init__(self, ledger: GenerationLedger, fate: Fate, tracked: Callable[[Call, Call], None]) -> None:
        """`tracked` gets each call that was written down, as it was passed and as it is returned."""
        self._ledger, self._fate, self._tracked = ledger, fate, tracked

    async def receive(self, generation: Generation, limits: Limits) -> Generation:
        async with self._fate.call(LedgerUnavailable("ledger")):
            return await self._ledger.receive(generation, limits)

    async def record(self, generation: Generation) -> None:
        async with self._fate.call(LedgerUnavailable("ledger")):
            await self._ledger.record(generation)

    async def promise(self, generation_id: str) -> Generation | None:
        async with self._fate.call(LedgerUnavailable("ledger")):
            return await self._ledger.promise(generation_id)

    async def withdraw(self, generation: Generation) -> None:
        async with self._fate.call(LedgerUnavailable("ledger")):
            await self._ledger.withdraw(generation)

    async def lift(self, generation: Generation) -> None:
        async with self._fate.call(LedgerUnavailable("ledger")):
            await self._ledger.lift(generation)

    async def find(self, generation_id: str) -> Generation | None:
        async with self._fate.call(LedgerUnavailable("ledger")):
            return await self._ledger.find(generation_id)

    async def track(self, call: Call, within: timedelta) -> Call:
        async with self._fate.call(LedgerUnavailable("ledger")):
            found = await self._ledger.track(call, within)
            self._tracked(call, found)
            return found

    async def find_by_key(self, caller: str, key: IdempotencyKey) -> Generation | None:
        async with self._fate.call(LedgerUnavailable("ledger")):
            return await self._ledger.find_by_key(caller, key)

    async def page(self, caller: str, *, limit: int, before: str | None = None) -> Sequence[Generation]:
        return await self._ledger.page(caller, limit=limit, before=before)

    async def search(self, caller: str, search: Search, *, limit: int, before: str | None = None) -> HistoryPage:
        return await self._ledger.search(caller, search, limit=limit, before=before)

    async def take_abandoned(self, limit: int, at_work: Container[str]) -> Sequence[Generation]:
        async with self._fate.call(LedgerUnavailable("ledger")):
            return await self._ledger.take_abandoned(limit, at_work)

    async def abandoned(self, limit: int) -> Sequence[Abandoned]:
        async with self._fate.call(LedgerUnavailable("ledger")):
            return await self._ledger.abandoned(limit)

    async def reserve(self, generator: str, images: int, per_minute: int) -> float:
        async with self._fate.call(LedgerUnavailable("ledger")):
            return await self._ledger.reserve(generator, images, per_minute)

    async def usage(self, since: datetime, caller: str | None = None) -> Sequence[Usage]:
        return await self._ledger.usage(since, caller)

    async def durations(self, like: GenerationRequest) -> Sequence[timedelta]:
        return await self._ledger.durations(like)

    async def date_back(self, now: datetime) -> int:
        return await self._ledger.date_back(now)

    async def sweepable(self, *, erase_before: datetime | None, forget_before: datetime | None) -> Sequence[Generation]:
        return await self._ledger.sweepable(erase_before=erase_before, forget_before=forget_before)

    async def check(self) -> None:
        async with self._fate.call(LedgerUnavailable("ledger")):
            await self._ledger.check()

    def images(self) -> AsyncIterator[ImageOnRecord]:
        return self._ledger.images()


class FatefulWebhookLedger(WebhookLedger):
    """The webhooks in this ledger, with the same fate."""

    def __init__(self, ledger: WebhookLedger, fate: Fate) -> None:
        self._ledger, self._fate = ledger, fate

    async def claim(self, limit: int, *, now: datetime, until: datetime) -> Sequence[Delivery]:
        async with self._fate.call(LedgerUnavailable("ledger")):
            return await self._ledger.claim(limit, now=now, until=until)

    async def forget(self, delivery: Delivery) -> None:
        async with self._fate.call(LedgerUnavailable("ledger")):
            await self._ledger.forget(delivery)

    async def put_off(self, delivery: Delivery, until: datetime | None, *, attempted: bool = True) -> None:
        async with self._fate.call(LedgerUnavailable("ledger")):
            await self._ledger.put_off(delivery, until, attempted=attempted)

    async def backlog(self) -> Backlog:
        return await self._ledger.backlog()


class FatefulSender(WebhookSender):
    """Calls a receiver that keeps every message in `told`, though its answer may be lost."""

    def __init__(self, told: dict[str, str], fate: Fate) -> None:
        self._told, self._fate = told, fate

    def check(self, url: WebhookUrl) -> None:
        pass

    async def send(self, url: WebhookUrl, message_id: str, body: bytes) -> None:
        async with self._fate.call(NotDelivered("HTTP 500")):
            self._told[message_id] = body.decode()
