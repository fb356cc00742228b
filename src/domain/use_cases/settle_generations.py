"""Settling what a worker that lives no more has left unfinished."""

import asyncio
import logging
from collections.abc import Mapping

from darkroom.domain.model.errors import DrawingFailed, GeneratorUnavailable, LedgerUnavailable, OutcomeUnknown
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.ports import GenerationLedger
from darkroom.domain.use_cases.running_generations import RunningGenerations

log = logging.getLogger(__name__)


class SettleGenerations:
    """Finishes what can be finished for free, and says of the rest what is known. Safe to run on every machine."""

    BATCH = 100

    def __init__(
        self,
        *,
        ledger: GenerationLedger,
        running: RunningGenerations,
        cards: Mapping[str, ModelCard],
    ) -> None:
        """`cards` by version, for who may be asked again under the same key."""
        self._ledger, self._running, self._cards = ledger, running, cards

    async def __call__(self) -> int:
        """Settle a batch of abandoned generations; how many it were."""
        abandoned = await self._ledger.take_abandoned(self.BATCH, at_work=self._running)
        for generation in abandoned:
            log.warning("was left %s by a worker", generation.state, extra={"generation": generation.id})
            self._running.start(generation, self._hopeless(generation))
        return len(abandoned)

    async def forever(self, every: float) -> None:
        """Look again every so many seconds, until cancelled."""
        while True:
            try:
                while await self():
                    pass
            except LedgerUnavailable as fault:
                log.warning("cannot settle now: %s", fault)
            await asyncio.sleep(every)

    def _hopeless(self, generation: Generation) -> DrawingFailed | None:
        """Why it cannot be drawn any more, where it cannot."""
        if generation.state is State.RECEIVED and not generation.promised:
            # Whoever waited for it is gone, and may have ordered again: drawing it too would be paid twice.
            return GeneratorUnavailable("the service was interrupted before the order left for the provider")
        card = self._cards.get(generation.model.value)
        if generation.state is State.SUBMITTED and generation.receipt is None and not (card and card.idempotent):
            return OutcomeUnknown("the service was interrupted after the order had left for the provider")
        return None
