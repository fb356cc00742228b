"""The generations that this process is working on. They belong to the application, not to a request."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from darkroom.domain.model.errors import DrawingFailed, Overloaded, Superseded
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.ports import GenerationLedger, ImageSpool
from darkroom.domain.use_cases.draw_generation import DrawGeneration
from darkroom.domain.use_cases.fair_gate import FairGate
from darkroom.domain.use_cases.fair_room import FairRoom
from darkroom.domain.use_cases.patience import patiently
from darkroom.domain.use_cases.store_generation import StoreGeneration

log = logging.getLogger(__name__)


class RunningGenerations:
    """Works on generations in tasks of its own, so that a client who leaves changes nothing."""

    def __init__(
        self,
        draw: DrawGeneration,
        store: StoreGeneration,
        ledger: GenerationLedger,
        spool: ImageSpool,
        *,
        max_in_flight: int,
        max_queued: int,
        watch: Callable[[Generation], AbstractContextManager[None]] = lambda _: nullcontext(),
    ) -> None:
        """`max_in_flight` are drawn at once, `max_queued` wait for that; those being stored count in neither.

        `watch` is entered around all the work on a generation, in the task that does it.
        """
        self._draw, self._store, self._ledger, self._spool = draw, store, ledger, spool
        self._watch = watch
        self._gate, self._drawing = FairGate(max_in_flight), FairRoom(max_in_flight + max_queued)
        self._answers: dict[str, asyncio.Future[Generation]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._late: set[str] = set()
        self._draining = False

    @property
    def draining(self) -> bool:
        """Whether the process is about to stop, and takes nothing more."""
        return self._draining

    def __contains__(self, generation_id: object) -> bool:
        """Whether this process is at it: from before it is written down until its end is."""
        return generation_id in self._tasks or generation_id in self._drawing

    def position(self, generation: Generation) -> int | None:
        """Its place among those that wait here to be drawn, from 1; None where it does not."""
        return self._gate.position(generation.caller, generation.id)

    @property
    def in_flight(self) -> int:
        """How many are being drawn."""
        return self._gate.inside

    @property
    def queued(self) -> int:
        """How many wait to be drawn."""
        return len(self._drawing) - self._gate.inside

    @property
    def being_stored(self) -> int:
        """How many are drawn and on their way to the storage."""
        return sum(id_ not in self._drawing for id_ in self._answers)

    @contextmanager
    def room_for(self, generation: Generation) -> Iterator[None]:
        """Hold a place for one that may be started within the block.

        Raises:
            Overloaded: there is none.
        """
        if self._draining:
            raise Overloaded("the service is about to stop")
        if self._spool.full:
            raise Overloaded("there is no room to keep what is drawn until it is stored", retry_after=30)
        if not self._drawing.offers(generation.caller):
            raise Overloaded("too many generations are running and waiting")
        self._drawing.take(generation.caller, generation.id)
        try:
            yield
        finally:
            if generation.id not in self._tasks:
                self._drawing.leave(generation.id)

    def start(self, generation: Generation, hopeless: DrawingFailed | None = None) -> None:
        """Work on a generation that is this worker's, until its end; `hopeless`: why it cannot be drawn any more."""
        if generation.state is not State.DRAWN:
            self._drawing.take(generation.caller, generation.id)
        self._answers[generation.id] = asyncio.get_running_loop().create_future()
        self._tasks[generation.id] = asyncio.create_task(self._run(generation, hopeless))

    async def answer(self, generation_id: str) -> Generation | None:
        """Wait for what its caller can be told: its end, or `drawn` where storing takes its time.

        None where this process does not work on it.
        """
        answer = self._answers.get(generation_id)
        # Shielded: one of those who wait may leave, and the others still want it.
        return None if answer is None else await asyncio.shield(answer)

    async def drain(self) -> None:
        """Take nothing more, finish what may cost money; what waits for a storage in trouble is safe in the spool."""
        self._draining = True
        while working := [task for id_, task in self._tasks.items() if id_ not in self._late]:
            # The time limit is for those that become late meanwhile; they would not end by themselves.
            await asyncio.wait(working, timeout=0.2)
        waiting = list(self._tasks.values())
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    async def _run(self, generation: Generation, hopeless: DrawingFailed | None) -> None:
        answer = self._answers[generation.id]
        try:
            with self._watch(generation):
                answered = await self._to_its_end(generation, hopeless)
        except Exception as fault:
            log.exception("a generation was left where it stood", extra={"generation": generation.id})
            if not answer.done():
                answer.set_exception(fault)
                answer.exception()  # it is told to whoever waits; nobody need be waiting
        else:
            self._tell(answered)
        finally:
            answer.cancel()  # no answer where the process is stopping
            self._drawing.leave(generation.id)
            self._late.discard(generation.id)
            for kept in (self._answers, self._tasks):
                kept.pop(generation.id, None)

    async def _to_its_end(self, generation: Generation, hopeless: DrawingFailed | None) -> Generation:
        try:
            if hopeless:
                generation = await self._given_up(generation, hopeless)
            elif generation.state is not State.DRAWN:
                generation = await self._drawn(generation)
            self._drawing.leave(generation.id)
            if generation.state is State.DRAWN:
                generation = await self._store(generation, self._hear)
        except Superseded:
            log.info("cancelled, or taken by another worker", extra={"generation": generation.id})
            return await patiently(lambda: self._ledger.find(generation.id)) or generation
        return generation

    async def _drawn(self, generation: Generation) -> Generation:
        async with self._gate.passing(generation.caller, generation.id):
            try:
                return await self._draw(generation)
            except Superseded:
                return await self._draw(await self._promised_since(generation))

    async def _given_up(self, generation: Generation, hopeless: DrawingFailed) -> Generation:
        try:
            return await self._draw.give_up(generation, hopeless)
        except Superseded:
            return await self._drawn(await self._promised_since(generation))

    async def _promised_since(self, generation: Generation) -> Generation:
        """It a revision further, where that is a promise to whoever repeated it.

        Raises:
            Superseded: it is something else.
        """
        found = await patiently(lambda: self._ledger.find(generation.id))
        if found is None or found.state is not State.RECEIVED or not found.promised or generation.promised:
            raise Superseded(generation.id)
        return found

    def _hear(self, generation: Generation) -> None:
        if generation.state is State.DRAWN:
            self._late.add(generation.id)
        self._tell(generation)

    def _tell(self, generation: Generation) -> None:
        answer = self._answers[generation.id]
        if not answer.done():
            answer.set_result(generation)
