"""A generation sent to a generator that is no longer configured is kept and logged, and finished when it is back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.generations import NOON, received
from darkroom.adapters.in_memory.generator import WIDEST_CARD, InMemoryImageGenerator
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import GeneratorRefused
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.limits import Limits
from darkroom.domain.model.policy import Policy
from darkroom.domain.model.values import ModelVersion
from darkroom.domain.use_cases.application import Application

KARLO = replace(WIDEST_CARD, version=ModelVersion("v2.1"), generator="karlo")
RENAMED = replace(KARLO, generator="karlo.second")


async def submitted(ledger: InMemoryGenerationLedger) -> Generation:
    generation = received()
    await ledger.receive(generation, Limits())
    await ledger.record(generation := generation.submitted())
    await ledger.record(generation := generation.receipted(b"links"))
    return generation


def offering(*cards: object, ledger: InMemoryGenerationLedger) -> Application:
    generator = InMemoryImageGenerator(*cards)  # type: ignore[arg-type]  # cards
    return Application.of(
        generator,
        InMemoryImageStorage(),
        InMemoryImageSpool(),
        ledger,
        cards={card.version.value: card for card in generator.cards},
        policy=Policy(),
        clock=lambda: NOON,
    )


@pytest.mark.parametrize("cards", [(WIDEST_CARD,), (RENAMED,)], ids=["gone", "renamed"])
async def test_a_generation_of_a_missing_generator_is_kept_logged_once_and_never_becomes_unknown(
    cards: tuple[object, ...], caplog: pytest.LogCaptureFixture
) -> None:
    ledger = InMemoryGenerationLedger(lambda: NOON)
    generation = await submitted(ledger)
    application = offering(*cards, ledger=ledger)

    while await application.recover():
        pass
    assert not await application.recover(), "the generation is taken up again and again"

    kept = await ledger.find(generation.id)
    assert kept
    assert (kept.state, kept.receipt) == (State.SUBMITTED, b"links")
    assert caplog.text.count("is kept as it is: it was sent to v2.1 of the generator karlo") == 1


async def test_a_generation_is_taken_up_by_a_process_that_offers_its_generator() -> None:
    ledger = InMemoryGenerationLedger(lambda: NOON)
    generation = await submitted(ledger)
    application = offering(KARLO, ledger=ledger)

    assert await application.recover() == 1
    assert generation.id in application.generate.work


def test_the_message_of_a_provider_is_forgotten_with_the_prompt() -> None:
    refusal = GeneratorRefused("no")
    refusal.provider_message = "the prompt says something"
    generation = received().submitted().failed(refusal, NOON)

    assert generation.failure
    assert generation.failure.provider_message == "the prompt says something"
    forgotten = generation.forgotten().failure
    assert forgotten
    assert forgotten.provider_message == ""
