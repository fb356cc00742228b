"""Finishes what a dead process left, in the ledger and in the spool."""

import logging
from collections import defaultdict
from collections.abc import Container, Mapping
from typing import ClassVar, Final

from darkroom.domain.model.errors import DrawingFailed, GeneratorUnavailable, OutcomeUnknown
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.ports import RECEIPT, GenerationLedger, ImageSpool
from darkroom.domain.use_cases.evidence import aside_name, sweep_evidence
from darkroom.domain.use_cases.lift import INTERRUPTED
from darkroom.domain.use_cases.work import Work

log = logging.getLogger(__name__)

NEVER_SENT: Final = "the service was interrupted before the order was sent to the provider"
"""Why an order failed that had not been sent to its provider when its process ended."""

FOUND = "the provider's answer was found in the spool after the outcome had been reported as unknown"


class Recover:
    """Finishes abandoned generations if that is free, and ends the others with what is known.

    Safe to run on every machine.
    """

    BATCH: ClassVar = 100

    def __init__(
        self, spool: ImageSpool, ledger: GenerationLedger, work: Work, *, cards: Mapping[str, ModelCard]
    ) -> None:
        """`cards` are the models on offer here, by version."""
        self._spool, self._ledger, self._work, self._cards = spool, ledger, work, cards
        self._kept: set[str] = set()

    async def __call__(self) -> int:
        """Take a batch of abandoned generations and continue them; return how many.

        A generation that was submitted to a generator which is no longer configured is left unchanged: its images may
        still be collected when that generator is configured again under the same name.

        Raises:
            LedgerUnavailable: not now.
        """
        abandoned = await self._ledger.take_abandoned(self.BATCH, at_work=_AtWork(self._work, self._kept))
        for generation in abandoned:
            log.warning("a worker left it in the state %s", generation.state, extra={"generation": generation.id})
            if self._is_gone(generation):
                self._kept.add(generation.id)
                log.error(
                    "is kept as it is: it was sent to %s of the generator %s, which is not set here; set it again",
                    *(generation.model.value, generation.generator),
                    extra={"generation": generation.id},
                )
            else:
                self._work.resume(generation, self._hopeless(generation))
        return len(abandoned)

    async def tidy(self) -> int:
        """Remove the spooled data of generations that have ended; return how many names were removed.

        A crash after the end was recorded leaves stored images in the spool. A machine that was cut off before it
        recorded `drawn` leaves others, while another one ends the generation: if that is `unknown`, these images lift
        it; otherwise they are set aside for the operator, since they were paid for.

        Raises:
            StorageFault, LedgerUnavailable: not now; nothing is lost.
        """
        waiting = defaultdict[str, set[int]](set)
        for generation_id, index in await self._spool.waiting():
            waiting[generation_id].add(index)
        removed = 0
        for generation_id, indexes in waiting.items():
            generation = await self._ledger.find(generation_id)
            if generation is not None and generation.state.final and generation_id not in self._work:
                await self._empty(generation, indexes)
                removed += len(indexes)
        if removed:
            log.info("removed %d names from the spool whose generations had ended", removed)
        return removed

    async def sweep_evidence(self) -> int:
        """Remove the evidence that may no longer be kept; return how many pieces.

        Raises:
            StorageFault, LedgerUnavailable: not now; nothing is lost.
        """
        return await sweep_evidence(self._spool, self._ledger)

    async def _empty(self, generation: Generation, indexes: set[int]) -> None:
        missing = [index for index in sorted(indexes - generation.once_stored) if index >= RECEIPT]
        left = {index: await self._spool.get(generation.id, index) for index in missing}
        receipt = left.pop(RECEIPT, None)
        images = {index: data for index, data in left.items() if data is not None}
        if not generation.erased_at and generation.state is State.UNKNOWN and (images or receipt):
            await self._work.lift(generation, images, receipt, FOUND)
            generation = await self._ledger.find(generation.id) or generation
            images = {index: data for index, data in images.items() if index not in generation.once_stored}
        if not generation.erased_at:
            for index, data in images.items():
                log.warning("set aside image %d, which was never stored", index, extra={"generation": generation.id})
                await self._spool.set_aside(aside_name(generation, data), data)
        for index in indexes:
            await self._spool.remove(generation.id, index)

    def _is_gone(self, generation: Generation) -> bool:
        """Return whether it was submitted to a generator that no longer offers its model here."""
        card = self._cards.get(generation.model.value)
        offered = card is not None and card.generator == generation.generator
        return generation.state is State.SUBMITTED and not offered

    def _hopeless(self, generation: Generation) -> DrawingFailed | None:
        """Return why it cannot be continued; None if it can."""
        if generation.state is State.RECEIVED and not generation.promised:
            # Its caller has left and may have ordered again: drawing both would be charged twice.
            return GeneratorUnavailable(NEVER_SENT)
        card = self._cards.get(generation.model.value)
        if generation.state is State.SUBMITTED and generation.receipt is None and not (card and card.idempotent):
            return OutcomeUnknown(INTERRUPTED)
        return None


class _AtWork:
    """The ids that recovery must not take: those that this process works on or keeps for a missing generator."""

    def __init__(self, work: Work, kept: Container[str]) -> None:
        self._work, self._kept = work, kept

    def __contains__(self, generation_id: object) -> bool:
        return (isinstance(generation_id, str) and self._work.has(generation_id)) or generation_id in self._kept
