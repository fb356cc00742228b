"""The generations that this process is working on. They belong to the application, not to a request."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from darkroom.domain.model.errors import (
    Charged,
    DarkroomError,
    DrawingFailed,
    GeneratorUnavailable,
    LedgerUnavailable,
    Superseded,
)
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.limits import Limits
from darkroom.domain.model.policy import Policy
from darkroom.domain.ports import GenerationLedger, ImageGenerator, ImageSpool, ImageStorage
from darkroom.domain.use_cases.admission import Admission, Place
from darkroom.domain.use_cases.draw import Draw
from darkroom.domain.use_cases.drawing import Drawing
from darkroom.domain.use_cases.lift import Lift
from darkroom.domain.use_cases.patience import found_patiently, patiently
from darkroom.domain.use_cases.storage_trial import StorageTrial
from darkroom.domain.use_cases.store import Store

log = logging.getLogger(__name__)

Watch = Callable[[Generation], AbstractContextManager[None]]
"""Is entered around all the work on a generation, in the task that does it."""


@dataclass(frozen=True, slots=True)
class Known:
    """A generation as it can be answered; `in_memory`: its images are in memory alone so far."""

    generation: Generation
    in_memory: bool = False


@dataclass(slots=True, eq=False)
class _Job:
    """One generation at work: what its waiting callers are answered, and when.

    `successor` begins the work on it anew, since other workers had it meanwhile.
    """

    generation: Generation
    received: asyncio.Future[Generation]
    answer: asyncio.Future[Known]
    patience: float
    drawing: Drawing | None = None
    task: asyncio.Task[None] | None = None
    timer: asyncio.TimerHandle | None = None
    successor: Callable[[], "_Job"] | None = None

    def know(self, generation: Generation) -> None:
        """Its outcome is known. Waiting callers are answered when the rest is done, or when patience ends."""
        self.generation = generation
        if self.timer is None:
            self.timer = asyncio.get_running_loop().call_later(self.patience, self._run_out)

    def tell(self, generation: Generation) -> None:
        """Tell those who wait."""
        if not self.answer.done():
            self.answer.set_result(Known(generation, in_memory=bool(self.drawing and self.drawing.in_memory)))

    def fail(self, fault: Exception) -> None:
        for future in (self.received, self.answer):
            if not future.done():
                future.set_exception(fault)
                future.exception()  # it is for those who wait, if there are any

    def end(self) -> None:
        """There is nothing more to answer."""
        if self.timer:
            self.timer.cancel()
        for future in (self.received, self.answer):
            future.cancel()

    def _run_out(self) -> None:
        if self.generation.failure and self.generation.state.final:
            # After a crash the ledger would say that nothing is known: an answer that may change is not given.
            charged = Charged.NO if self.generation.charged is Charged.NO else Charged.UNKNOWN
            self.fail(LedgerUnavailable("what became of it cannot be written down now", charged=charged))
        else:
            self.tell(self.generation)


class Work:
    """Works on generations in tasks of its own, so that a client who leaves changes nothing."""

    def __init__(
        self,
        generator: ImageGenerator,
        storage: ImageStorage,
        spool: ImageSpool,
        ledger: GenerationLedger,
        *,
        policy: Policy,
        clock: Callable[[], datetime],
        watch: Watch,
        stored: Callable[[Generation], None] = lambda _: None,
    ) -> None:
        """`stored` hears of each generation at its end, when all is done with it."""
        self._stored = stored
        self.admission = Admission(spool, max_in_flight=policy.max_in_flight, max_queued=policy.max_queued)
        self.trial = StorageTrial(storage)
        self._draw = Draw(generator, storage, spool, ledger, policy=policy, clock=clock, trial=self.trial)
        self.store = Store(storage, spool, ledger, policy=policy, clock=clock, trial=self.trial)
        self._lift = Lift(storage, ledger, self.store, policy=policy, clock=clock)
        self._ledger, self._policy, self._clock, self._watch = ledger, policy, clock, watch
        self._jobs: dict[str, _Job] = {}
        self._former: set[_Job] = set()

    def __contains__(self, generation_id: object) -> bool:
        """Whether this process is at it: from before it is written down until its end is."""
        return generation_id in self._jobs or any(job.generation.id == generation_id for job in self._former)

    def has(self, generation_id: str) -> bool:
        """Whether it is this worker's, as far as the process knows that is at it."""
        job = self._jobs.get(generation_id)
        return job is not None and bool(job.successor or not (job.drawing and job.drawing.superseded))

    @property
    def being_stored(self) -> int:
        """How many are drawn and on their way to the storage."""
        return sum(id_ not in self.admission for id_ in self._jobs)

    @property
    def out_of_reach(self) -> Sequence[Drawing]:
        """What cannot be stored from here for now: images of it lie in no spool that answers here."""
        return [job.drawing for job in self._jobs.values() if job.drawing and job.drawing.out_of_reach]

    async def receive(self, generation: Generation, limits: Limits) -> Generation:
        """Write a new generation down and work on it, or return the one that its key stands for.

        Raises:
            Overloaded: the service is full, or the storage refuses images.
            QuotaExceeded, SpendLimit, LedgerUnavailable: as the ledger does.
        """
        await self.trial.require()
        received = self._begin(generation, limits).received
        return await asyncio.shield(received)

    def resume(self, generation: Generation, hopeless: DrawingFailed | None = None) -> None:
        """Work on a generation that is this worker's, until its end; `hopeless`: why it cannot be drawn any more.

        If this process is at it since before other workers had it, that work goes on beside this: an answer that it
        still receives lifts what becomes of it.
        """
        begin, former = partial(self._begin, generation, None, hopeless), self._jobs.get(generation.id)
        if former and generation.id in self.admission:
            former.successor = begin  # once it has left its place
        else:
            begin()

    async def lift(
        self, generation: Generation, images: Mapping[int, bytes], receipt: bytes | None, reason: str
    ) -> None:
        """Give a generation at its end what was received for it, if that changes anything.

        `images` are whole image files, by their index; with `receipt` the provider can be asked for the others.
        """
        await self._lift(await self._draw.late(generation, images, receipt), reason)

    async def answer(self, generation_id: str) -> Known | None:
        """Wait for what can be answered: its end, or what is known of it when patience ends.

        None if this process does not work on it.
        """
        job = self._jobs.get(generation_id)
        # Shielded: one of those who wait may leave, and the others still want it.
        return None if job is None else await asyncio.shield(job.answer)

    async def drain(self) -> Sequence[str]:
        """Take nothing more, and finish what may cost money; what waits for a storage in trouble is safe in the spool.

        Returns the ids of the generations that were not finished and not safe when the time for that had passed.
        """
        self.admission.close()
        loop, limit = asyncio.get_running_loop(), self._policy.drain_timeout
        end = None if limit is None else loop.time() + limit
        while (unsafe := [job for job in self._all() if not _is_safe(job)]) and (end is None or loop.time() < end):
            # The time limit is for those that become safe meanwhile; they would not end by themselves.
            await asyncio.wait([job.task for job in unsafe if job.task], timeout=0.2)
        for job in unsafe:
            log.error("left %s at the stop", job.generation.state, extra={"generation": job.generation.id})
        left = [job.task for job in self._all() if job.task]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return [job.generation.id for job in unsafe]

    def _all(self) -> Sequence[_Job]:
        return [*self._jobs.values(), *self._former]

    def _begin(self, generation: Generation, limits: Limits | None, hopeless: DrawingFailed | None = None) -> _Job:
        loop = asyncio.get_running_loop()
        job = _Job(generation, loop.create_future(), loop.create_future(), self._policy.patience)
        if former := self._jobs.get(generation.id):
            self._former.add(former)
        self._jobs[generation.id] = job
        job.task = asyncio.create_task(self._to_its_end(job, limits, hopeless))
        job.task.add_done_callback(lambda task: self._end(job, task))  # also of one that was cancelled before it began
        return job

    def _end(self, job: _Job, task: "asyncio.Task[None]") -> None:
        fault = None if task.cancelled() else task.exception()
        if isinstance(fault, Exception):
            if not isinstance(fault, DarkroomError):
                about = {"generation": job.generation.id}
                log.error("a generation was left where it stood", exc_info=fault, extra=about)
            job.fail(fault)
        job.end()
        self._former.discard(job)
        if self._jobs.get(job.generation.id) is job:
            del self._jobs[job.generation.id]
        if not task.cancelled():
            self._make_way(job)

    def _make_way(self, job: _Job) -> None:
        """Begin the work that waits for this one."""
        if begin := job.successor:
            job.successor = None
            begin()

    async def _to_its_end(self, job: _Job, limits: Limits | None, hopeless: DrawingFailed | None) -> None:
        generation, drawing = job.generation, job.drawing
        with ExitStack() as watched:
            if generation.state is State.DRAWN:
                watched.enter_context(self._watch(generation))
                job.drawing = drawing = _taken_up(generation)
                job.know(generation)
            else:
                async with self.admission.place(generation.caller, generation.id, owed=limits is None) as place:
                    if limits is not None and await self._is_another(job, limits):
                        return
                    watched.enter_context(self._watch(generation))
                    drawing = await self._drawn(job, place, hopeless)
            self._make_way(job)
            if drawing:
                await self._finish(job, drawing)

    async def _is_another(self, job: _Job, limits: Limits) -> bool:
        """Write it down; whether its key stands for another generation."""
        kept = await self._ledger.receive(job.generation, limits)
        if not job.received.done():
            job.received.set_result(kept)
        return kept.id != job.generation.id

    async def _drawn(self, job: _Job, place: Place, hopeless: DrawingFailed | None) -> Drawing | None:
        """Draw it; None if that ended without anything asked of a provider."""
        generation = job.generation
        job.drawing = drawing = Drawing(generation)
        try:
            if hopeless and generation.state is State.RECEIVED:
                await self._withdraw(job, generation, hopeless)
                return None
            if hopeless and not await self._draw.can_be_taken_up(generation):
                await self._draw.give_up(drawing, hopeless, job.know)
                return drawing
            await place.turn()
            await self._draw(drawing, job.know)
        except Superseded:
            log.info("cancelled, or taken by another worker", extra={"generation": generation.id})
            job.tell(await self._found(generation) or generation)
            return None
        if drawing.unwritten:
            job.fail(drawing.unwritten)
            await self._withdraw(job, drawing.generation, GeneratorUnavailable(drawing.unwritten.detail))
            return None
        return drawing

    async def _withdraw(self, job: _Job, generation: Generation, failure: DrawingFailed) -> None:
        """End one that was never asked of a provider, so that its key is free: unless it was promised meanwhile."""
        while True:
            found = await self._found(generation)
            ours = found is not None and generation.revision - 1 <= found.revision <= generation.revision
            if found is None or not ours or found.state not in (State.RECEIVED, State.SUBMITTED):
                break
            if found.promised_since(generation):
                break  # it is not worked on from here on, so recovery takes it up
            ended = found.failed(failure, self._clock())
            try:
                withdraw = partial(self._ledger.withdraw, ended)
                await patiently(withdraw, "the ledger", timeout=self._policy.call_timeout)
            except Superseded:
                continue
            found = ended
            break
        job.tell(found or generation)

    async def _finish(self, job: _Job, drawing: Drawing) -> None:
        if drawing.superseded:
            log.warning(
                "taken by another worker, while its answer is here", extra={"generation": drawing.generation.id}
            )
            job.tell(await self._lift(drawing))
            return
        if drawing.generation.state is State.DRAWN:
            try:
                drawing.generation = await self.store(drawing, job.know)
            except Superseded:
                log.info("stored by another worker", extra={"generation": drawing.generation.id})
                drawing.generation = await self._found(drawing.generation) or drawing.generation
                job.tell(drawing.generation)
                return
        job.tell(drawing.generation)
        await self.store.forget(drawing)
        self._stored(drawing.generation)

    async def _found(self, generation: Generation) -> Generation | None:
        return await found_patiently(self._ledger, generation.id, self._policy)


def _taken_up(generation: Generation) -> Drawing:
    """One that was drawn by a process that is gone."""
    return Drawing(generation, images={image.index: image for image in generation.waiting}, receipt_spooled=True)


def _is_safe(job: _Job) -> bool:
    """Whether what is left to do is free, and would go on after a restart."""
    drawing = job.drawing
    return bool(job.answer.done() and drawing and drawing.generation.state is State.DRAWN)
