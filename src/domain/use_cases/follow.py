"""Following a generation: how far it is, again and again until its end."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from darkroom.domain.model.errors import DrawingFailed, LedgerUnavailable
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.progress import Progress
from darkroom.domain.ports import GenerationLedger, ImageGenerator, Receipt
from darkroom.domain.use_cases.work import Work

_GLANCE: Final = 0.5  # seconds between two looks
_PATIENCE: Final = 2.0  # seconds for a generator to say how far it is


class FollowGeneration:
    """Watches a generation while a caller listens, whichever process draws it.

    It asks the ledger, and the generator if that reports progress. Otherwise `seconds_left` is an estimate: the median
    time that similar orders took lately, from their arrival to their end. It is None without a history, or if this
    order already took longer.
    """

    def __init__(
        self,
        *,
        ledger: GenerationLedger,
        work: Work,
        generator: ImageGenerator,
        clock: Callable[[], datetime],
    ) -> None:
        self._ledger, self._work, self._generator, self._clock = ledger, work, generator, clock

    async def __call__(self, generation: Generation) -> AsyncGenerator[tuple[Generation, Progress], None]:
        """Give it with its progress at once, and at each look from then on; last of all at its end.

        Ends before that where this process is about to stop and another one is at it.

        Raises:
            LedgerUnavailable: it cannot be begun.
        """
        took = await self._ledger.durations(generation.request)
        usual = timedelta(seconds=median(one.total_seconds() for one in took)) if took else None
        while not generation.state.final:
            yield generation, await self._progress(generation, usual)
            if self._work.admission.closed and generation.id not in self._work:
                return
            await asyncio.sleep(_GLANCE)
            try:
                generation = await self._ledger.find(generation.id) or generation
            except LedgerUnavailable:
                continue  # it may answer at the next look
        yield generation, Progress()

    async def _progress(self, generation: Generation, usual: timedelta | None) -> Progress:
        match generation.state:
            case State.RECEIVED:
                progress = Progress(position=self._work.admission.position(generation.caller, generation.id))
            case State.SUBMITTED:
                progress = await self._told(generation)
            case _:
                return Progress()
        if progress.seconds_left is None and usual is not None:
            left = (generation.created_at + usual - self._clock()).total_seconds()
            return replace(progress, seconds_left=left if left > 0 else None)
        return progress

    async def _told(self, generation: Generation) -> Progress:
        receipt = Receipt(generation.receipt) if generation.receipt else None
        told: Progress | None = None
        try:
            async with asyncio.timeout(_PATIENCE):
                told = await self._generator.progress(generation.asked, generation.id, receipt)
        except (TimeoutError, DrawingFailed):
            pass  # it goes on all the same, and the next look may succeed
        told = told or Progress()
        return told if told.position is not None else replace(told, position=0)
