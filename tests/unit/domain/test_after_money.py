"""After money was spent, no image is dropped if a port fails in any way; before that, the order is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Final

import pytest

from darkroom.adapters.in_memory.generator import WIDEST_CARD, InMemoryImageGenerator
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import (
    Charged,
    DarkroomError,
    DrawingFailed,
    GeneratorUnavailable,
    InternalFault,
    LedgerUnavailable,
    OutcomeUnknown,
    StorageFault,
    StorageUnavailable,
    UnusableImage,
)
from darkroom.domain.model.generation import GeneratedImage, Generation, GenerationRequest, State, StoredImage
from darkroom.domain.model.limits import Caller
from darkroom.domain.model.order import read_order
from darkroom.domain.model.policy import Policy
from darkroom.domain.model.values import IdempotencyKey, Seed
from darkroom.domain.ports import RECEIPT, Receipt
from darkroom.domain.use_cases.application import Application
from darkroom.domain.use_cases.generate_images import Outcome
from harness.waiting import until
from simulation.life import now
from simulation.virtual_time import run

POLICY: Final = Policy(patience=20.0, call_timeout=5.0, begin_timeout=10.0)
CARDS: Final = {"memory": WIDEST_CARD}
ORDER: Final = read_order({"version": "memory", "prompt": "a fox", "width": 16, "height": 16, "samples": 2}, CARDS)
KEY: Final = IdempotencyKey("key")


class UnknownError(Exception):
    """An exception that Darkroom does not know."""


def hang() -> Awaitable[None]:
    return asyncio.Event().wait()  # type: ignore[return-value]  # it never returns


async def raise_(fault: Exception) -> None:
    raise fault


# How a call to a port may fail.
TROUBLES: Final[dict[str, Callable[[], Awaitable[None]]]] = {
    "the port's error": lambda: raise_(StorageFault("away")),
    "an unknown error": lambda: raise_(UnknownError("EIO")),
    "out of memory": lambda: raise_(MemoryError()),
    "cancelled inside": lambda: raise_(asyncio.CancelledError()),  # type: ignore[arg-type]  # as a driver's task may be
    "no answer": hang,
}


@dataclass
class Trouble:
    """Fails the calls that are named in `calls`."""

    calls: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)

    async def __call__(self, name: str) -> None:
        if name in self.calls:
            await self.calls[name]()


class Spool(InMemoryImageSpool):
    def __init__(self, trouble: Trouble) -> None:
        super().__init__()
        self._trouble = trouble

    async def put(self, generation_id: str, index: int, data: bytes) -> str:
        await self._trouble("spool")
        return await super().put(generation_id, index, data)

    async def get(self, generation_id: str, index: int) -> bytes | None:
        await self._trouble("reading the spool")
        return await super().get(generation_id, index)


class Storage(InMemoryImageStorage):
    def __init__(self, trouble: Trouble) -> None:
        super().__init__()
        self._trouble = trouble

    async def put(self, image: StoredImage, data: bytes) -> None:
        await self._trouble("storage")
        await super().put(image, data)


class Ledger(InMemoryGenerationLedger):
    trouble = Trouble()

    async def record(self, generation: Generation) -> None:
        written = await self.find(generation.id)
        receipted = generation.receipt is not None and not (written and written.receipt)
        await self.trouble("receipted" if receipted else generation.state)
        await super().record(generation)


class Provider(InMemoryImageGenerator):
    """Answers once `answer` is set, with the images or with links to them, which work while `reachable` is set."""

    def __init__(self, *, links: bool = False) -> None:
        super().__init__()
        self.answer, self.reachable, self._links = asyncio.Event(), asyncio.Event(), links
        self.answer.set()
        self.reachable.set()
        self.refusal: DrawingFailed | None = None
        self.dead_links = False
        self.failing_inside: list[BaseException] = []
        self._drawn: dict[str, Receipt] = {}

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        receipt = await super().submit(request, key)
        await self.answer.wait()
        if self.refusal:
            raise self.refusal
        self._drawn[key] = receipt
        return Receipt(key.encode()) if self._links else receipt

    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        await self.reachable.wait()
        if self.dead_links:
            raise UnusableImage("a link is dead")
        for image in (self._drawn[receipt.reference.decode()] if receipt.reference else receipt).images:
            if self.failing_inside and image.index:
                raise self.failing_inside.pop()
            yield image


@dataclass
class Service:
    """A process with its ports."""

    trouble: Trouble = field(default_factory=Trouble)
    provider: Provider = field(default_factory=Provider)
    ledger: Ledger = field(default_factory=lambda: Ledger(now))

    def __post_init__(self) -> None:
        self.ledger.trouble = self.trouble
        self.spool, self.storage = Spool(self.trouble), Storage(self.trouble)
        self.start(self.ledger)

    def start(self, ledger: InMemoryGenerationLedger) -> Application:
        self.application = Application.of(
            self.provider, self.storage, self.spool, ledger, cards=CARDS, policy=POLICY, clock=now
        )
        return self.application

    async def order(self) -> Outcome:
        return await self.application.generate(ORDER, Caller("ada"), KEY)

    async def settled(self) -> Generation:
        while True:
            (generation,) = await self.ledger.page("ada", limit=9)
            if generation.state.final:
                return generation
            await self.application.recover()
            await asyncio.sleep(1)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_an_image_that_the_spool_does_not_accept_is_uploaded_at_once(trouble: str) -> None:
    async def story() -> None:
        service = Service()
        service.trouble.calls["spool"] = TROUBLES[trouble]
        outcome = await service.order()
        assert (outcome.error, len(outcome.images), len(service.storage.kept)) == (None, 2, 2)

    run(story())


@pytest.mark.parametrize("trouble", TROUBLES)
def test_an_image_that_nothing_accepts_stays_in_memory_and_the_answer_says_so(trouble: str) -> None:
    async def story() -> None:
        service, began = Service(), asyncio.get_running_loop().time()
        service.trouble.calls |= {"spool": TROUBLES[trouble], "storage": TROUBLES[trouble]}
        ordering = asyncio.create_task(service.order())
        outcome = await asyncio.wait_for(ordering, 200)
        assert isinstance(outcome.error, StorageUnavailable)
        assert (outcome.error.charged, "in memory only" in outcome.error.detail) == (Charged.YES, True)
        assert asyncio.get_running_loop().time() - began < 200

        service.trouble.calls.clear()
        if trouble != "no answer":  # a call that hangs for ever is not retried
            assert (await service.settled()).state is State.STORED
            assert len((await service.order()).images) == 2
        assert len(service.provider.asked) == 1

    run(story())


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("call", ["receipted", "drawn", "stored"])
def test_no_image_is_lost_if_the_ledger_fails_after_the_answer(call: str, trouble: str) -> None:
    async def story() -> None:
        service = Service(provider=Provider(links=True))
        service.trouble.calls[call] = TROUBLES[trouble]
        outcome = await asyncio.wait_for(service.order(), 100)
        assert outcome.error is None or outcome.error.charged is Charged.YES

        service.trouble.calls.clear()
        assert (await service.settled()).state is State.STORED
        assert len((await service.order()).images) == 2
        assert len(service.provider.asked) == 1

    run(story())


@pytest.mark.parametrize("trouble", TROUBLES)
def test_nothing_is_charged_if_the_ledger_fails_before_the_order_is_sent(trouble: str) -> None:
    async def story() -> None:
        service = Service()
        service.trouble.calls["submitted"] = TROUBLES[trouble]
        with pytest.raises(DarkroomError) as raised:
            await asyncio.wait_for(service.order(), 100)
        expected = LedgerUnavailable if trouble == "no answer" else InternalFault
        assert (type(raised.value), raised.value.charged) == (expected, Charged.NO)

        service.trouble.calls.clear()
        refused = await service.settled()
        assert (refused.state, refused.key, service.provider.asked) == (State.REFUSED, None, [])
        assert (await service.order()).error is None

    run(story())


INSIDE: Final = {"memory": MemoryError(), "a bug": KeyError("x"), "cancelled": asyncio.CancelledError()}


@pytest.mark.parametrize("links", [True, False], ids=["links", "images"])
@pytest.mark.parametrize("fault", INSIDE)
def test_a_bug_of_ours_while_collecting_is_retried_and_not_blamed_on_the_provider(fault: str, *, links: bool) -> None:
    async def story() -> None:
        service = Service(provider=Provider(links=links))
        service.provider.failing_inside = [INSIDE[fault]] * 3
        outcome = await asyncio.wait_for(service.order(), 100)
        assert (outcome.error, len(outcome.images), len(service.provider.asked)) == (None, 2, 1)

    run(story())


def test_a_bug_that_persists_is_an_internal_fault_and_the_receipt_is_kept_for_the_operator() -> None:
    async def story() -> None:
        service = Service(provider=Provider(links=True))
        service.provider.failing_inside = [MemoryError()] * 1000
        began = asyncio.get_running_loop().time()
        outcome = await asyncio.wait_for(service.order(), 100)
        assert isinstance(outcome.error, InternalFault)
        assert (outcome.error.charged, len(outcome.images)) == (Charged.YES, 1)
        assert asyncio.get_running_loop().time() - began <= 2 * POLICY.patience
        assert (outcome.generation.id, outcome.generation.id.encode()) in service.spool.aside

    run(story())


@pytest.mark.parametrize(
    ("failure", "charged", "end"),
    [
        (GeneratorUnavailable("closed"), Charged.NO, State.REFUSED),
        (UnusableImage("torn"), Charged.UNKNOWN, State.UNUSABLE),
        (OutcomeUnknown("cut off"), Charged.UNKNOWN, State.UNKNOWN),
    ],
    ids=["free", "charged", "unknown"],
)
def test_an_end_that_cannot_be_recorded_is_not_reported(failure: DrawingFailed, charged: Charged, end: State) -> None:
    """A crash would leave the generation unknown. The answer is that the end is not known yet, and the caller can ask
    again under its key."""

    async def story() -> None:
        service = Service()
        service.provider.refusal = failure
        service.trouble.calls[end] = TROUBLES["an unknown error"]
        for _ in range(2):
            with pytest.raises(LedgerUnavailable, match="cannot be recorded now") as raised:
                await asyncio.wait_for(service.order(), 100)
            assert raised.value.charged is charged

        service.trouble.calls.clear()
        assert (await service.settled()).state is end
        service.provider.refusal = None
        again = await service.order()
        assert again.replay is (end is not State.REFUSED)
        assert len(service.provider.asked) == 2 - again.replay

    run(story())


def test_a_receipt_that_is_only_in_the_spool_is_used_after_a_crash() -> None:
    async def story() -> None:
        service = Service(provider=Provider(links=True))
        service.trouble.calls |= {"receipted": TROUBLES["an unknown error"], "drawn": TROUBLES["an unknown error"]}
        ordering = asyncio.create_task(service.order())
        await asyncio.sleep(3)
        (generation,) = await service.ledger.page("ada", limit=1)
        assert generation.receipt is None
        assert service.spool.kept[generation.id, RECEIPT] == generation.id.encode()
        await crash(service, ordering)
        for index in range(2):
            await service.spool.remove(generation.id, index)

        service.trouble.calls.clear()
        service.start(service.ledger.colleague())
        assert (await service.settled()).state is State.STORED
        assert len(service.provider.asked) == 1
        await until(lambda: not service.spool.kept)

    run(story())


async def crash(service: Service, ordering: asyncio.Task[Outcome]) -> None:
    """Kill the process, so that another one can start."""
    service.ledger.die()
    for job in [*service.application.generate.work._jobs.values()]:  # noqa: SLF001
        job.task.cancel()  # type: ignore[union-attr]  # it has begun
    await asyncio.gather(ordering, return_exceptions=True)


def test_images_in_an_unavailable_spool_are_not_given_up_as_lost() -> None:
    async def story() -> None:
        service = Service(provider=Provider(links=True))
        service.trouble.calls["drawn"] = TROUBLES["an unknown error"]
        ordering = asyncio.create_task(service.order())
        await asyncio.sleep(3)
        await crash(service, ordering)

        service.trouble.calls = {"reading the spool": TROUBLES["the port's error"]}
        service.provider.dead_links = True
        application = service.start(service.ledger.colleague())
        unknown = await service.settled()
        assert (unknown.state, unknown.charged) == (State.UNKNOWN, Charged.UNKNOWN)

        service.trouble.calls.clear()
        await application.recover.tidy()
        (lifted,) = await service.ledger.page("ada", limit=1)
        assert (lifted.state, len(lifted.images), service.spool.kept) == (State.STORED, 2, {})

    run(story())


def test_an_image_is_not_kept_in_the_spool_without_the_seed_that_drew_it() -> None:
    """Otherwise the image would be reported with the seed that was sent, if the process crashed."""

    class ChangesSeeds(Provider):
        async def submit(self, request: GenerationRequest, key: str) -> Receipt:
            receipt = await super().submit(request, key)
            return replace(receipt, images=tuple(replace(image, seed=Seed(4711)) for image in receipt.images))

    class TakesNoSeeds(Spool):
        async def put(self, generation_id: str, index: int, data: bytes) -> str:
            if index < 0:
                raise StorageFault("away")
            return await super().put(generation_id, index, data)

    async def story() -> None:
        service = Service(provider=ChangesSeeds())
        service.spool = TakesNoSeeds(service.trouble)
        service.trouble.calls["storage"] = TROUBLES["the port's error"]
        service.start(service.ledger)
        ordering = asyncio.create_task(service.order())
        await asyncio.sleep(60)
        assert service.spool.kept == {}
        service.trouble.calls.clear()
        await ordering
        stored = await service.settled()
        assert (stored.state, [image.seed for image in stored.images]) == (State.STORED, [Seed(4711)] * 2)

    run(story())


async def superseded(service: Service) -> asyncio.Task[Outcome]:
    """An order of a process that is taken for dead, and superseded, while the provider draws."""
    service.provider.answer.clear()
    ordering = asyncio.create_task(service.order())
    await until(lambda: bool(service.provider.asked))
    service.ledger.die()
    other = Application.of(
        service.provider,
        service.storage,
        InMemoryImageSpool(),
        service.ledger.colleague(),
        cards=CARDS,
        policy=POLICY,
        clock=now,
    )
    (generation,) = await service.ledger.page("ada", limit=1)
    assert await other.recover() == 1
    await until(lambda: generation.id not in other.generate.work)
    service.ledger.revive()
    service.provider.answer.set()
    return ordering


def test_a_late_answer_lifts_the_generation_to_stored() -> None:
    async def story() -> None:
        service = Service()
        outcome = await (await superseded(service))
        assert (outcome.error, len(outcome.images)) == (None, 2)
        (generation,) = await service.ledger.page("ada", limit=1)
        assert (generation.state, generation.charged, bool(generation.lifted)) == (State.STORED, Charged.YES, True)
        assert (await service.order()).replay

    run(story())


def test_a_process_that_knows_that_it_is_superseded_leaves_the_spool_to_the_other() -> None:
    async def story() -> None:
        service, written = Service(provider=Provider(links=True)), list[str]()

        async def write() -> None:
            written.append("an image or a receipt")

        service.trouble.calls["spool"] = write
        service.provider.reachable.clear()
        ordering = await superseded(service)
        await asyncio.sleep(1)  # its receipt is not accepted meanwhile
        service.provider.reachable.set()
        assert len((await ordering).images) == 2
        assert written == []

    run(story())


def test_a_late_refusal_frees_the_key() -> None:
    async def story() -> None:
        service = Service()
        service.provider.refusal = GeneratorUnavailable("closed")
        outcome = await (await superseded(service))
        assert (outcome.generation.state, outcome.generation.charged) == (State.REFUSED, Charged.NO)
        service.provider.refusal = None
        again = await service.order()
        assert (again.replay, again.error) == (False, None)

    run(story())


def test_a_generation_deleted_while_it_is_drawn_stays_deleted_and_its_images_are_removed() -> None:
    async def story() -> None:
        service = Service()
        service.provider.answer.clear()
        ordering = await superseded(service)
        (unknown,) = await service.ledger.page("ada", limit=1)
        await service.ledger.record(unknown.erased(now()))
        await asyncio.gather(ordering, return_exceptions=True)
        await until(lambda: unknown.id not in service.application.generate.work)
        assert (service.storage.kept, service.spool.kept) == ({}, {})

    run(story())


@pytest.mark.parametrize("knows", [False, True], ids=["before-the-answer", "after-the-answer"])
def test_a_generation_that_another_process_took_over_may_come_back_to_the_process_drawing_it(*, knows: bool) -> None:
    async def story() -> None:
        service = Service()
        service.provider.answer.clear()
        ordering = asyncio.create_task(service.order())
        await until(lambda: bool(service.provider.asked))
        service.ledger.die()
        other = service.ledger.colleague()
        assert len(await other.take_abandoned(9, at_work=())) == 1
        if knows:
            service.provider.answer.set()
            await asyncio.sleep(3)
        other.die()
        service.ledger.revive()

        recovered = [await service.application.recover() for _ in range(3)]
        service.provider.answer.set()
        outcome = await asyncio.wait_for(ordering, 100)

        assert recovered == [1, 0, 0]
        assert (outcome.error, len(outcome.images), len(service.provider.asked)) == (None, 2, 1)
        (generation,) = await service.ledger.page("ada", limit=9)
        assert (generation.state, generation.charged) == (State.STORED, Charged.YES)
        await until(lambda: generation.id not in service.application.generate.work)
        assert (service.spool.kept, len(service.storage.kept)) == ({}, 2)

    run(story())
