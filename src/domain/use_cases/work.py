"""The generations that this process works on, independently of the requests that ordered them."""

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
"""A context manager that is entered around all work on a generation, in the task that does it."""


@dataclass(frozen=True, slots=True)
class Known:
    """A generation as it can be reported to a caller; `in_memory`: images of it are only in memory so far."""

    generation: Generation
    in_memory: bool = False


@dataclass(slots=True, eq=False)
class _Job:
    """The work on one generation, and the answers for its waiting callers.

    `received` is what `GenerationLedger.receive` returned; `answer` is the result. `successor` starts work on the
    generation again, after other workers had it meanwhile; None if that is not needed.
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
        """Set the outcome. Waiting callers are answered once it is recorded, or when `patience` is over."""
        self.generation = generation
        if self.timer is None:
            self.timer = asyncio.get_running_loop().call_later(self.patience, self._run_out)

    def tell(self, generation: Generation) -> None:
        """Answer the waiting callers."""
        if not self.answer.done():
            self.answer.set_result(Known(generation, in_memory=bool(self.drawing and self.drawing.in_memory)))

    def fail(self, fault: Exception) -> None:
        for future in (self.received, self.answer):
            if not future.done():
                future.set_exception(fault)
                future.exception()  # mark it as retrieved, since perhaps no caller waits

    def end(self) -> None:
        """Stop the timer, and cancel answers that were not given."""
        if self.timer:
            self.timer.cancel()
        for future in (self.received, self.answer):
            future.cancel()

    def _run_out(self) -> None:
        if self.generation.failure and self.generation.state.final:
            # The failure is not recorded yet, and a crash would leave the outcome unknown: do not report it as final.
            charged = Charged.NO if self.generation.charged is Charged.NO else Charged.UNKNOWN
            self.fail(LedgerUnavailable("its outcome cannot be recorded now", charged=charged))
        else:
            self.tell(self.generation)


class Work:
    """Works on generations in its own tasks, so that a client that disconnects changes nothing."""

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
        """`stored` is called with each generation that this process has finished and removed from the spool."""
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
        """Return whether this process works on it: from before it is recorded until its end is recorded."""
        return generation_id in self._jobs or any(job.generation.id == generation_id for job in self._former)

    def has(self, generation_id: str) -> bool:
        """Return whether this process works on it, and does not know that another worker has taken it."""
        job = self._jobs.get(generation_id)
        return job is not None and bool(job.successor or not (job.drawing and job.drawing.superseded))

    @property
    def being_stored(self) -> int:
        """How many generations are being stored."""
        return sum(id_ not in self.admission for id_ in self._jobs)

    @property
    def out_of_reach(self) -> Sequence[Drawing]:
        """The drawings with images out of reach, which cannot be stored for now."""
        return [job.drawing for job in self._jobs.values() if job.drawing and job.drawing.out_of_reach]

    async def receive(self, generation: Generation, limits: Limits) -> Generation:
        """Record a new generation and start work on it, or return the one that its key already stands for.

        Raises:
            Overloaded: the service is full, or the storage refuses images.
            QuotaExceeded, SpendLimit, LedgerUnavailable: as the ledger does.
        """
        await self.trial.require()
        received = self._begin(generation, limits).received
        return await asyncio.shield(received)

    def resume(self, generation: Generation, hopeless: DrawingFailed | None = None) -> None:
        """Start work on a generation that recovery took, until its end; `hopeless`: why it cannot be drawn any more.

        If this process still works on it from before other workers took it, both go on: an answer to the former
        request can lift the outcome of this one.
        """
        begin, former = partial(self._begin, generation, None, hopeless), self._jobs.get(generation.id)
        if former and generation.id in self.admission:
            former.successor = begin  # once the former has left its place in `admission`
        else:
            begin()

    async def lift(
        self, generation: Generation, images: Mapping[int, bytes], receipt: bytes | None, reason: str
    ) -> None:
        """Lift a finished generation with what was received for it, if that changes anything.

        `images` are the bytes of image files, by index; the others are collected with `receipt`, unless it is None.

        Raises:
            StorageFault: the spool does not answer.
        """
        await self._lift(await self._draw.late(generation, images, receipt), reason)

    async def answer(self, generation_id: str) -> Known | None:
        """Wait for a generation's end, or for its known outcome when patience is over, and return it.

        Returns None if this process does not work on it.

        Raises:
            DarkroomError: the work failed before the provider was asked, or its outcome cannot be recorded now.
        """
        job = self._jobs.get(generation_id)
        # Shielded: a caller that leaves must not cancel the answer for the others.
        return None if job is None else await asyncio.shield(job.answer)

    async def drain(self) -> Sequence[str]:
        """Accept no new order, and wait until every generation is finished or safe in the spool, then stop.

        Returns the ids of the generations that were neither when `drain_timeout` was over.
        """
        self.admission.close()
        loop, limit = asyncio.get_running_loop(), self._policy.drain_timeout
        end = None if limit is None else loop.time() + limit
        while (unsafe := [job for job in self._all() if not _is_safe(job)]) and (end is None or loop.time() < end):
            # The short timeout is for jobs that become safe: their tasks may not end.
            await asyncio.wait([job.task for job in unsafe if job.task], timeout=0.2)
        for job in unsafe:
            log.error("left in the state %s by the stop", job.generation.state, extra={"generation": job.generation.id})
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
        job.task.add_done_callback(lambda task: self._end(job, task))  # called even if the task never started
        return job

    def _end(self, job: _Job, task: "asyncio.Task[None]") -> None:
        fault = None if task.cancelled() else task.exception()
        if isinstance(fault, Exception):
            if not isinstance(fault, DarkroomError):
                about = {"generation": job.generation.id}
                log.error("work on a generation failed, and it was left as it was", exc_info=fault, extra=about)
            job.fail(fault)
        job.end()
        self._former.discard(job)
        if self._jobs.get(job.generation.id) is job:
            del self._jobs[job.generation.id]
        if not task.cancelled():
            self._make_way(job)

    def _make_way(self, job: _Job) -> None:
        """Start the successor of a job, if it has one."""
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
        """Record the generation; return whether its key already stands for another one."""
        kept = await self._ledger.receive(job.generation, limits)
        if not job.received.done():
            job.received.set_result(kept)
        return kept.id != job.generation.id

    async def _drawn(self, job: _Job, place: Place, hopeless: DrawingFailed | None) -> Drawing | None:
        """Draw the generation and return its drawing; None if it ended before a provider was asked."""
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
        """End a generation that no provider was asked for, so that its key becomes free.

        If it was promised meanwhile, it is left for recovery to draw.
        """
        while True:
            found = await self._found(generation)
            ours = found is not None and generation.revision - 1 <= found.revision <= generation.revision
            if found is None or not ours or found.state not in (State.RECEIVED, State.SUBMITTED):
                break
            if found.promised_since(generation):
                break  # this process stops working on it, so recovery takes it
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
    """Return a drawing for a `drawn` generation of a dead process."""
    return Drawing(generation, images={image.index: image for image in generation.waiting}, receipt_spooled=True)


def _is_safe(job: _Job) -> bool:
    """Return whether the remaining work is free and can be done after a restart."""
    drawing = job.drawing
    return bool(job.answer.done() and drawing and drawing.generation.state is State.DRAWN)
