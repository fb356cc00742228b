"""A fallback is asked only if it is certain that nothing was spent; only the model that drew is charged and named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import ClassVar, Final

import pytest

from darkroom.adapters.in_memory.generator import WIDEST_CARD, InMemoryImageGenerator
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import (
    Charged,
    DrawingFailed,
    GeneratorRefused,
    GeneratorUnavailable,
    LedgerUnavailable,
    OutcomeUnknown,
    PromptRejected,
    SpendLimit,
    UnusableImage,
)
from darkroom.domain.model.generation import GeneratedImage, Generation, GenerationRequest, State
from darkroom.domain.model.limits import Caller, Limits
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.money import Money
from darkroom.domain.model.order import read_order
from darkroom.domain.model.policy import Policy
from darkroom.domain.model.values import ModelVersion, Prompt, Seed
from darkroom.domain.ports import Receipt
from darkroom.domain.use_cases.application import Application
from harness.waiting import until
from simulation.life import now
from simulation.virtual_time import run

ORDER: Final = {"version": "first", "prompt": "a fox", "width": 64, "height": 64}


def card(version: str, price: str) -> ModelCard:
    return replace(WIDEST_CARD, version=ModelVersion(version), generator=f"{version}-studio", price=Money.parse(price))


FIRST, SECOND, THIRD = card("first", "1 USD"), card("second", "3 USD"), card("third", "2 USD")


class Studios(InMemoryImageGenerator):
    """Fails with the given error of a model, when it is asked or when its images are collected."""

    def __init__(self, *cards: ModelCard) -> None:
        super().__init__(*cards)
        self.asking: dict[str, BaseException] = {}
        self.silent: set[str] = set()
        self.collecting: dict[str, BaseException] = {}
        self.shown: list[str] = []
        self._drawn: dict[bytes, Receipt] = {}

    @property
    def models_asked(self) -> Sequence[str]:
        return [request.version.value for request, _ in self.asked]

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        receipt = await super().submit(request, key)
        if request.version.value in self.silent:
            await asyncio.Event().wait()
        if failure := self.asking.get(request.version.value):
            raise failure
        self._drawn[request.version.value.encode()] = receipt
        return Receipt(request.version.value.encode())

    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        self.shown.append(f"{receipt.reference.decode()} to {request.version.value}")
        if failure := self.collecting.get(request.version.value):
            raise failure
        for image in self._drawn[receipt.reference].images:
            yield image


class Shop:
    """The whole use case with a chain of three models, and a spending limit that a test may set."""

    def __init__(
        self,
        *cards: ModelCard,
        quotas: dict[str, int] | None = None,
        spend_per_day: str = "9 USD",
        studios: type[Studios] = Studios,
        ledger: type[InMemoryGenerationLedger] = InMemoryGenerationLedger,
    ) -> None:
        self.ledger, self.spool = ledger(now), InMemoryImageSpool()
        cards = cards or (FIRST, SECOND, THIRD)
        self.studios = studios(*cards)
        self.cards = {card.version.value: card for card in cards}
        application = Application.of(
            self.studios,
            InMemoryImageStorage(),
            self.spool,
            self.ledger,
            cards=self.cards,
            policy=Policy(
                limits=Limits(spend_per_day=Money.parse(spend_per_day)),
                chains={"first": tuple(self.cards)},
                images_per_minute=quotas or {},
                max_in_flight=4,
                max_queued=0,
                patience=5,
            ),
            clock=now,
        )
        self.generate, self.work = application.generate, application.generate.work

    async def order(self, **changes: object) -> Generation:
        return (await self.generate(read_order(ORDER | changes, self.cards), Caller("me"))).generation


def ordered(shop: Shop, **changes: object) -> Generation:
    found: list[Generation] = []

    async def story() -> None:
        found.append(await shop.order(**changes))

    run(story())
    return found[0]


FREE: Final = (GeneratorUnavailable("closed"), GeneratorRefused("no such key"))


def test_no_fallback_is_asked_after_a_receipt_because_the_model_may_have_drawn() -> None:
    class Fickle(Studios):
        async def answers(self, request: GenerationRequest, key: str) -> AsyncGenerator[Receipt, None]:
            yield await self.submit(request, key)
            raise GeneratorUnavailable("closed")

    shop = Shop(studios=Fickle)

    generation = ordered(shop)

    assert shop.studios.models_asked == ["first"]
    assert (generation.state, generation.charged) == (State.UNKNOWN, Charged.UNKNOWN)


@pytest.mark.parametrize("failure", FREE, ids=lambda failure: type(failure).__name__)
@pytest.mark.parametrize("when", ["asking", "collecting"])
def test_the_next_model_is_asked_after_a_failure_that_was_free(failure: DrawingFailed, when: str) -> None:
    shop = Shop()
    getattr(shop.studios, when)["first"] = failure

    generation = ordered(shop)

    assert shop.studios.models_asked == ["first", "second"]
    assert (generation.state, generation.model.value, generation.generator) == (State.STORED, "second", "second-studio")
    assert generation.cost == Money.parse("3 USD")
    assert generation.request.version.value == "first"
    assert shop.studios.shown[-1] == "second to second"


class SlowToTakeReceipts(InMemoryGenerationLedger):
    """Records a receipt only at the fourth attempt."""

    tried = 0
    taken: ClassVar[list[tuple[str, bytes]]] = []

    async def record(self, generation: Generation) -> None:
        if generation.receipt:
            self.tried += 1
            if self.tried < 4:
                raise LedgerUnavailable("away")
            self.taken.append((generation.model.value, generation.receipt))
        await super().record(generation)


def test_no_model_is_shown_the_receipt_of_another() -> None:
    shop = Shop(ledger=SlowToTakeReceipts)
    shop.studios.collecting["first"] = GeneratorUnavailable("turned away in the queue")

    generation = ordered(shop)

    assert (generation.state, generation.model.value) == (State.STORED, "second")
    assert dict.fromkeys(SlowToTakeReceipts.taken) == dict.fromkeys([("first", b"first"), ("second", b"second")])
    assert shop.studios.shown == ["first to first", "second to second"]
    assert shop.spool.kept == {}


@pytest.mark.parametrize(
    "failure",
    [
        PromptRejected("not that"),
        OutcomeUnknown("cut off"),
        UnusableImage("garbage"),
        GeneratorUnavailable("perhaps", charged=Charged.UNKNOWN),
        GeneratorRefused("too late", charged=Charged.YES),
        ZeroDivisionError("a bug of the adapter"),
    ],
    ids=lambda failure: type(failure).__name__,
)
@pytest.mark.parametrize("when", ["asking", "collecting"])
def test_no_fallback_is_asked_if_money_may_have_been_spent_or_the_prompt_was_rejected(
    failure: Exception, when: str
) -> None:
    shop = Shop()
    getattr(shop.studios, when)["first"] = failure

    generation = ordered(shop)

    assert shop.studios.models_asked == ["first"]
    assert (generation.model.value, bool(generation.failure)) == ("first", True)
    assert generation.cost in (None, Money.parse("1 USD"))


def test_the_next_model_is_asked_if_the_quota_of_the_first_is_used_up() -> None:
    shop = Shop(quotas={"first-studio": 1, "second-studio": 2})

    generation = ordered(shop, samples=2)

    assert shop.studios.models_asked == ["second"]
    assert generation.model.value == "second"


def test_if_all_models_fail_every_failure_is_reported_and_nothing_is_charged() -> None:
    shop = Shop()
    shop.studios.asking = {
        "first": GeneratorRefused("no such key"),
        "second": GeneratorUnavailable("closed", retry_after=60),
        "third": GeneratorUnavailable("crowded", retry_after=5),
    }

    generation = ordered(shop)

    failure = generation.failure
    assert failure is not None
    assert (failure.code, failure.retry_after, failure.charged) == ("generator-unavailable", 5, Charged.NO)
    assert failure.detail == "no such key; closed; crowded"
    assert (generation.state, generation.cost, generation.fallbacks) == (State.REFUSED, None, ())


@pytest.mark.parametrize(
    ("narrow", "order"),
    [
        (replace(SECOND, prompt_max=4), {}),
        (replace(SECOND, negative_prompt=False), {"negative_prompt": "dark"}),
        (replace(SECOND, seed=False), {"seed": [7]}),
        (replace(SECOND, seed_max=100), {"seed": [101]}),
        (replace(SECOND, samples_max=1), {"samples": 2}),
        (replace(SECOND, guidance_scale=None), {"guidance_scale": 2.5}),
    ],
    ids=["prompt", "negative prompt", "no seeds", "seed range", "samples", "guidance"],
)
def test_a_fallback_that_cannot_honour_the_whole_order_is_skipped(narrow: ModelCard, order: dict[str, object]) -> None:
    shop = Shop(FIRST, narrow, THIRD)
    shop.studios.asking["first"] = GeneratorUnavailable("closed")

    assert ordered(shop, **order).model.value == "third"
    assert shop.studios.models_asked == ["first", "third"]


def test_seeds_drawn_by_darkroom_are_drawn_again_for_a_fallback_with_another_range() -> None:
    shop = Shop(FIRST, replace(SECOND, seed_min=1, seed_max=3, samples_max=3), replace(THIRD, seed=False))
    shop.studios.asking = dict.fromkeys(("first", "second"), GeneratorUnavailable("closed"))

    generation = ordered(shop, samples=3)

    asked = [request.seeds for request, _ in shop.studios.asked]
    assert (len(set(asked[0])), set(asked[1]), asked[2]) == (3, {Seed(1), Seed(2), Seed(3)}, ())
    assert (generation.request.seeds, [image.seed for image in generation.images]) == ((), [None] * 3)


def test_the_most_expensive_model_of_the_chain_must_fit_into_the_limit() -> None:
    with pytest.raises(SpendLimit):
        ordered(Shop(spend_per_day="2.5 USD"))
    assert ordered(Shop(spend_per_day="3 USD")).cost == Money.parse("1 USD")


async def interrupted(shop: Shop) -> Generation:
    """A generation that was handed on to the second model, which had been asked when the process died."""
    shop.studios.asking["first"] = GeneratorUnavailable("closed")
    shop.studios.silent.add("second")
    ordering = asyncio.create_task(shop.order())
    await until(lambda: "second" in shop.studios.models_asked)
    for job in [*shop.work._jobs.values()]:  # noqa: SLF001
        job.task.cancel()  # type: ignore[union-attr]  # it has begun
    with pytest.raises(asyncio.CancelledError):
        await ordering
    shop.studios.silent.clear()
    (generation,) = await shop.ledger.page("me", limit=9)
    return generation


def test_the_model_that_is_asked_is_recorded_before_the_order_is_sent() -> None:
    async def story() -> None:
        shop = Shop()
        generation = await interrupted(shop)
        assert (generation.state, generation.model.value) == (State.SUBMITTED, "second")
        assert (generation.generator, generation.receipt) == ("second-studio", None)

    run(story())


def test_an_interrupted_generation_is_collected_from_the_model_of_its_receipt() -> None:
    async def story() -> None:
        shop = Shop()
        receipted = (await interrupted(shop)).receipted(b"second")
        await shop.ledger.record(receipted)
        shop.studios.collecting["second"] = GeneratorUnavailable("turned away in the queue")

        shop.work.resume(receipted)
        known = await shop.work.answer(receipted.id)
        assert known
        ended = known.generation

        assert shop.studios.shown == ["second to second"]
        assert (ended.state, shop.studios.models_asked) == (State.REFUSED, ["first", "second"])

    run(story())


def test_a_forgotten_generation_still_names_the_model_that_drew_it() -> None:
    generation = ordered(Shop()).forgotten()

    assert generation.request.prompt != Prompt("a fox")
    assert generation.model.value == "first"
