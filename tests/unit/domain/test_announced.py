"""Each generation that this process has stored is announced once, so that its previews are made; no other is."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest

from darkroom.adapters.in_memory.generator import InMemoryImageGenerator
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import DarkroomError, LedgerUnavailable
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.limits import Caller
from darkroom.domain.model.order import read_order
from darkroom.domain.model.policy import Policy
from darkroom.domain.use_cases.generate_images import GenerateImages
from simulation.life import now
from simulation.virtual_time import run


class Ledger(InMemoryGenerationLedger):
    """Prevents orders from being submitted, in the way that `trouble` names."""

    trouble = "none"

    async def record(self, generation: Generation) -> None:
        if generation.state is State.SUBMITTED and self.trouble == "cancelled":
            received = replace(generation, state=State.RECEIVED, revision=generation.revision - 1)
            await super().record(received.cancelled(now()))
        if generation.state is State.SUBMITTED and self.trouble == "unavailable":
            raise LedgerUnavailable("away")
        await super().record(generation)


@pytest.mark.parametrize(("trouble", "announced"), [("none", [State.STORED]), ("cancelled", []), ("unavailable", [])])
def test_exactly_the_generations_that_this_process_has_stored_are_announced(
    trouble: str, announced: list[State]
) -> None:
    async def story() -> None:
        generator, ledger, seen = InMemoryImageGenerator(), Ledger(now), list[Generation]()
        ledger.trouble = trouble
        cards = {card.version.value: card for card in generator.cards}
        generate = GenerateImages(
            generator,
            InMemoryImageStorage(),
            InMemoryImageSpool(),
            ledger,
            cards=cards,
            policy=Policy(),
            clock=now,
            stored=seen.append,
        )
        order = read_order({"version": "memory", "prompt": "a fox", "width": 16, "height": 16}, cards)

        with suppress(DarkroomError):
            await generate(order, Caller("ada"))
        await generate.work.drain()

        assert [generation.state for generation in seen] == announced
        assert len(generator.asked) == len(announced)

    run(story())
