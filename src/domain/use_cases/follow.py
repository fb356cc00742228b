"""Follows the progress of a generation until its end."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median
from typing import Final, TypeVar

from darkroom.domain.model.errors import DrawingFailed, LedgerUnavailable
from darkroom.domain.model.generation import GeneratedImage, Generation, GenerationRequest, State
from darkroom.domain.model.progress import Progress
from darkroom.domain.ports import GenerationLedger, ImageGenerator, Receipt
from darkroom.domain.use_cases.work import Work

_GLANCE: Final = 0.5  # seconds between two queries
_PATIENCE: Final = 2.0  # seconds for a generator to report progress
_UNFINISHED: Final = 4  # most unfinished images in memory at once

Answer = TypeVar("Answer")


class FollowGeneration:
    """Follows a generation of any process while a caller listens.

    It reads the ledger, and asks the generator for its progress. If the generator gives no `seconds_left`, it is
    estimated from the median time that similar recent orders took from arrival to end; None if there are none, or if
    this order has already taken longer.
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
        self._places = asyncio.Semaphore(_UNFINISHED)

    async def __call__(self, generation: Generation) -> AsyncGenerator[tuple[Generation, Progress], None]:
        """Yield the generation with its progress now, every `_GLANCE` seconds, and at its end.

        Stops earlier if this process is about to stop and is not the one that draws it.

        Raises:
            LedgerUnavailable: the durations of similar orders cannot be read at the start.
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
                continue  # the ledger may answer next time
        yield generation, Progress()

    @asynccontextmanager
    async def unfinished(self, generation: Generation) -> AsyncIterator[GeneratedImage | None]:
        """Hold an image of the generation as far as it is drawn; None if the generator shows none.

        None, too, while `_UNFINISHED` images are held: they are large, and the caller may ask again.
        """
        if generation.state is not State.SUBMITTED or self._places.locked():
            yield None
            return
        async with self._places:
            yield await _asked(self._generator.unfinished, generation)

    async def _progress(self, generation: Generation, usual: timedelta | None) -> Progress:
        match generation.state:
            case State.RECEIVED:
                progress = Progress(position=self._work.admission.position(generation.caller, generation.id))
            case State.SUBMITTED:
                progress = await _asked(self._generator.progress, generation) or Progress()
                progress = progress if progress.position is not None else replace(progress, position=0)
            case _:
                return Progress()
        if progress.seconds_left is None and usual is not None:
            left = (generation.created_at + usual - self._clock()).total_seconds()
            return replace(progress, seconds_left=left if left > 0 else None)
        return progress


async def _asked(
    ask: Callable[[GenerationRequest, str, Receipt | None], Awaitable[Answer | None]], generation: Generation
) -> Answer | None:
    """Ask a generator about a generation; return None if it cannot answer now.

    That does not affect the drawing, and the next query may succeed.
    """
    receipt = Receipt(generation.receipt) if generation.receipt else None
    with suppress(TimeoutError, DrawingFailed):
        async with asyncio.timeout(_PATIENCE):
            return await ask(generation.asked, generation.id, receipt)
    return None
