"""Draws a generation, from `received` to `drawn`: the part that costs money."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import datetime
from functools import partial
from math import inf
from typing import TypeVar

from darkroom.domain.model.errors import (
    Charged,
    DarkroomError,
    DrawingFailed,
    Evidence,
    GeneratorRefused,
    GeneratorUnavailable,
    InternalFault,
    LedgerUnavailable,
    OutcomeUnknown,
    StorageFault,
    Superseded,
    UnusableImage,
    plain,
)
from darkroom.domain.model.generation import GeneratedImage, Generation, State, StoredImage
from darkroom.domain.model.identifiers import uuid7
from darkroom.domain.model.money import Money
from darkroom.domain.model.policy import Policy
from darkroom.domain.model.values import Seed
from darkroom.domain.ports import (
    RECEIPT,
    GenerationLedger,
    ImageGenerator,
    ImageSpool,
    ImageStorage,
    Receipt,
    seed_index,
)
from darkroom.domain.use_cases.drawing import Drawing
from darkroom.domain.use_cases.evidence import aside_name
from darkroom.domain.use_cases.patience import OutOfPatience, before_money, once, patiently, pauses
from darkroom.domain.use_cases.provider_quota import ProviderQuota
from darkroom.domain.use_cases.storage_trial import StorageTrial

T = TypeVar("T")
log = logging.getLogger(__name__)

Known = Callable[[Generation], None]
"""Called when the outcome is known, with the generation as it is about to be recorded."""


class Draw:
    """Submits a generation to its provider and collects its images into the spool, continuing from its state.

    After the first byte was sent to the provider, a failure of ledger, spool or storage never ends the work: the call
    is retried or another place is used. A receipt that cannot be recorded goes to the spool, an image that the spool
    refuses goes to the storage, and an image that neither accepts stays in memory. The receipt is recorded while images
    are being fetched, since fetching again is free.
    """

    def __init__(
        self,
        generator: ImageGenerator,
        storage: ImageStorage,
        spool: ImageSpool,
        ledger: GenerationLedger,
        *,
        policy: Policy,
        clock: Callable[[], datetime],
        trial: StorageTrial,
    ) -> None:
        self._trial = trial
        self._generator, self._storage, self._spool, self._ledger = generator, storage, spool, ledger
        self._policy, self._clock = policy, clock
        one_by_one = {card.version.value for card in generator.cards if card.one_by_one_for is not None}
        self._quota = ProviderQuota(ledger, policy, one_by_one=one_by_one)

    async def __call__(self, drawing: Drawing, known: Known) -> None:
        """Bring a generation to `drawn`, or to its end without an image.

        A received one is handed on to its fallbacks as long as nothing was spent. A submitted one is not: its caller
        may have left and ordered again. If another worker takes it meanwhile, `drawing.superseded` is set, and the
        result is not recorded.

        Raises:
            Superseded: before a provider was asked, its owner cancelled it or another worker took it.
        """
        refusals = list[DrawingFailed]()
        try:
            if drawing.generation.state is State.RECEIVED:
                await self._ask(drawing)
                while refusal := _turned_away(drawing):
                    refusals.append(refusal)
                    if not (drawing.generation.fallbacks and await self._can_be_handed_on(drawing)):
                        drawing.failure = _of_all(refusals)
                        break
                    self._hand_on(drawing, refusal)
                    await self._ask(drawing)
            else:
                await self._take_up(drawing)
            if not drawing.unwritten:
                await self._finish(drawing, known)
        finally:
            if drawing.recording:
                drawing.recording.cancel()

    async def give_up(self, drawing: Drawing, failure: DrawingFailed, known: Known) -> None:
        """End an interrupted generation with `failure`, or bring it to `drawn` if images of it were spooled."""
        drawing.failure, drawing.taken_up = failure, True
        await self._finish(drawing, known)

    async def can_be_taken_up(self, generation: Generation) -> bool:
        """Return whether a submitted generation can be collected: there is a receipt, or the provider has one."""
        return await self._receipt_of(generation) is not None

    async def late(self, generation: Generation, images: Mapping[int, bytes], receipt: bytes | None) -> Drawing:
        """Return what was received for a finished generation; nothing is recorded.

        `images` are the kept bytes, by index; the other images are collected with `receipt`, unless it is None.

        Raises:
            StorageFault: the spool does not answer.
        """
        drawing = Drawing(generation, superseded=True, receipt_spooled=receipt is not None)
        for index, data in images.items():
            try:
                seed = await self._seed_of(generation, index)
            except OutOfPatience as fault:
                raise StorageFault("the spool does not answer") from fault
            with suppress(UnusableImage):
                image = GeneratedImage(index=index, seed=seed, data=data)
                drawing.images[index] = self._placed(image, hashlib.sha256(image.data).hexdigest())
                drawing.in_memory[index] = image.data
        if receipt is not None and len(drawing.images) < generation.request.samples:
            await self._collect(drawing, Receipt(receipt))
        return drawing

    async def _can_be_handed_on(self, drawing: Drawing) -> bool:
        """Wait until no receipt of the last model is being recorded, and remove it from the spool.

        Returns whether that succeeded. The receipt would otherwise be used to collect from the next model.
        """
        if drawing.recording:
            await asyncio.wait([drawing.recording], timeout=self._policy.begin_timeout)
            if not drawing.recording.done() or drawing.superseded:
                return False
        if drawing.receipt_spooled:
            remove = partial(self._spool.remove, drawing.generation.id, RECEIPT)
            try:
                await patiently(
                    remove, "the spool", timeout=self._policy.call_timeout, within=self._policy.begin_timeout
                )
            except (OutOfPatience, Superseded):
                return False
            drawing.receipt_spooled = False
        return True

    def _hand_on(self, drawing: Drawing, refusal: DrawingFailed) -> None:
        """Make the next fallback the model of the generation."""
        handed_on = drawing.generation.handed_on()
        log.warning(
            "not drawn by %s: %s; %s is asked instead",
            *(drawing.generation.model.value, refusal, handed_on.model.value),
            extra={"generation": handed_on.id},
        )
        drawing.generation, drawing.failure = handed_on, None

    async def _ask(self, drawing: Drawing) -> None:
        """Submit to a model that was not asked before, after reserving its quota and recording `submitted`."""
        try:
            await self._quota.reserve(drawing.generation)
        except DrawingFailed as failure:
            drawing.failure = failure
            return
        except LedgerUnavailable as fault:
            drawing.unwritten = fault
            return
        drawing.generation = submitted = drawing.generation.submitted()
        try:
            await before_money(lambda: self._ledger.record(submitted), submitted, self._policy)
        except DarkroomError as fault:
            drawing.unwritten = fault
        else:
            await self._submit(drawing)

    async def _take_up(self, drawing: Drawing) -> None:
        """Continue a generation that a dead process submitted: collect it, or submit it again under the same key."""
        drawing.taken_up = drawing.receipt_spooled = True
        receipt = await self._receipt_of(drawing.generation)
        if receipt is None:
            await self._submit(drawing, again=True)
        else:
            self._record_beside(drawing, receipt)
            await self._collect(drawing, receipt)

    async def _receipt_of(self, generation: Generation) -> Receipt | None:
        """Return the latest receipt: from the spool, the ledger, or the provider; None if there is none."""
        with suppress(OutOfPatience):
            if spooled := await self._spooled(generation, RECEIPT):
                return Receipt(spooled)
        if generation.receipt:
            return Receipt(generation.receipt)
        try:
            return await once(
                lambda: self._generator.find(generation.asked, generation.id), timeout=self._policy.patience
            )
        except Exception as fault:  # noqa: BLE001  # any fault of a generator means that it knows no receipt
            log.warning("the provider cannot be asked for its receipt: %r", fault, extra={"generation": generation.id})
            return None

    async def _submit(self, drawing: Drawing, *, again: bool = False) -> None:
        receipt = Receipt()
        try:
            answering = self._generator.answers(drawing.generation.asked, drawing.generation.id)
            with self._quota.metering(drawing.generation):
                async with aclosing(answering) as answers:
                    while (answer := await _next_of(answers)) is not None:
                        receipt = answer
                        drawing.generation = _settled(drawing.generation, receipt.cost)
                        self._record_beside(drawing, receipt)
                        for image in receipt.images:
                            await self._keep(drawing, image)
            await self._set_aside(drawing.generation, receipt.evidence)
        except (DrawingFailed, _FailedInside) as raised:
            failure = plain(raised) if isinstance(raised, DrawingFailed) else OutcomeUnknown(str(raised))
            if failure.charged is Charged.NO and (again or receipt.reference):
                # Nothing was spent by this call, but an earlier one may have been charged.
                before = "asked again under the same key" if again else "after it had given a receipt"
                failure = OutcomeUnknown(f"{before}: {failure.detail}")
            drawing.failure = failure
        else:
            await self._collect(drawing, receipt)

    async def _collect(self, drawing: Drawing, receipt: Receipt) -> None:
        """Collect the images of a receipt that are still missing.

        A fault of the generator itself, which is free to retry, is retried for as long as a caller waits.
        """
        clock, waits, give_up_at = asyncio.get_running_loop().time, pauses(), inf
        while True:
            try:
                async with aclosing(self._generator.collect(drawing.generation.asked, receipt)) as images:
                    while (image := await _next_of(images)) is not None:
                        await self._keep(drawing, image)
            except DrawingFailed as failure:
                drawing.failure = plain(failure)
            except _FailedInside as fault:
                pause, give_up_at = next(waits), min(give_up_at, clock() + self._policy.patience)
                if clock() + pause < give_up_at:
                    await asyncio.sleep(pause)
                    continue
                drawing.failure = InternalFault(str(fault), charged=Charged.YES, evidence=receipt.reference)
            break
        came, ordered = len(drawing.images), drawing.generation.request.samples
        if drawing.failure is None and came < ordered:
            drawing.failure = UnusableImage(f"{came} of {ordered} images came")

    def _record_beside(self, drawing: Drawing, receipt: Receipt) -> None:
        """Start recording a receipt; collecting, which is free to repeat, does not wait for it."""
        if receipt.reference:
            drawing.recording = asyncio.create_task(self._record(drawing, receipt.reference, after=drawing.recording))

    async def _record(self, drawing: Drawing, reference: bytes, *, after: "asyncio.Task[None] | None") -> None:
        if after:
            await after
        if drawing.superseded or reference == drawing.generation.receipt:
            return
        receipted = drawing.generation.receipted(reference)
        try:
            try:
                await once(lambda: self._ledger.record(receipted), timeout=self._policy.call_timeout)
            except Superseded:
                raise
            except Exception as fault:  # noqa: BLE001  # whatever it is, the receipt must be durable somewhere
                log.warning("the receipt is kept in the spool: %r", fault, extra={"generation": receipted.id})
                drawing.receipt_spooled = True
                await self._spool_receipt(receipted.id, reference)
                await self._written(receipted)
        except Superseded:
            drawing.superseded = True
        else:
            drawing.generation = receipted.costing(drawing.generation.cost)  # a later receipt may have set the cost

    async def _spool_receipt(self, id_: str, reference: bytes) -> None:
        for keep in (
            lambda: self._spool.put(id_, RECEIPT, reference),
            lambda: self._spool.set_aside(f"{id_}.receipt", reference),
        ):
            try:
                await once(keep, timeout=self._policy.call_timeout)
            except Exception as fault:  # noqa: BLE001  # the next place may accept it
                log.error("a receipt is in memory only: %r", fault, extra={"generation": id_})  # noqa: TRY400
            else:
                return

    async def _finish(self, drawing: Drawing, known: Known) -> None:
        """Record the outcome, unless another worker has taken the generation."""
        if drawing.failure and drawing.taken_up:
            await self._join_spooled(drawing, drawing.failure)
        if failure := drawing.failure:
            log.warning("%s: %s", failure.code, failure, extra={"generation": drawing.generation.id})
            await self._set_aside(drawing.generation, failure.all_evidence)
        if not drawing.superseded:
            known(self._end_of(drawing))
            await drawing.recorded()
            await self._keep_what_is_in_memory(drawing)
        if drawing.superseded:
            return
        end = self._end_of(drawing)
        try:
            await self._written(end)
        except Superseded:
            drawing.superseded = True
        else:
            drawing.generation = end

    def _end_of(self, drawing: Drawing) -> Generation:
        if drawing.failure and not drawing.images:
            return drawing.generation.failed(drawing.failure, self._clock())
        return drawing.generation.drawn(drawing.images.values(), drawing.failure)

    async def _keep(self, drawing: Drawing, image: GeneratedImage) -> None:
        """Put an image into the spool, or elsewhere, so that it survives a crash; ignore one that is already kept."""
        if image.index in drawing.images or not 0 <= image.index < drawing.generation.request.samples:
            return
        id_, sha256 = drawing.generation.id, ""
        if not drawing.superseded:
            try:
                put = partial(self._put_with_seed, drawing.generation, image.index, image.seed, image.data)
                sha256 = await patiently(
                    put, "the spool", timeout=self._policy.call_timeout, within=self._policy.call_timeout
                )
            except (OutOfPatience, Superseded) as fault:
                log.error(  # noqa: TRY400  # the cause is enough
                    "the spool does not accept image %d: %r", image.index, fault.__cause__, extra={"generation": id_}
                )
        placed = self._placed(image, sha256 or hashlib.sha256(image.data).hexdigest())
        drawing.images[image.index] = placed
        if not sha256:
            await self._keep_elsewhere(drawing, placed, image.data)

    async def _put_with_seed(self, generation: Generation, index: int, seed: Seed | None, data: bytes) -> str:
        """Put an image into the spool, after its seed if that differs from the one sent; return the SHA-256.

        After a crash the spool may be the only place that has both.
        """
        if seed != generation.request.seed_of(index):
            record = str(seed.value).encode() if seed else b""
            await self._spool.put(generation.id, seed_index(index), record)
        return await self._spool.put(generation.id, index, data)

    async def _seed_of(self, generation: Generation, index: int) -> Seed | None:
        """Return the seed that drew a spooled image: the one in the spool, else the one that was sent; None if unknown.

        Raises:
            OutOfPatience: the spool does not answer.
        """
        record = await self._spooled(generation, seed_index(index))
        if record is None:
            return generation.request.seed_of(index)
        return Seed(int(record)) if record else None

    async def _keep_elsewhere(self, drawing: Drawing, placed: StoredImage, data: bytes) -> None:
        """Upload an image that the spool refused.

        If that fails too, or the generation is another worker's now, keep it in memory and try to set it aside.
        """
        if drawing.superseded or not await self._storage_takes(drawing, placed, data):
            drawing.in_memory[placed.index] = data
            await self._set_aside(drawing.generation, [data])

    async def _keep_what_is_in_memory(self, drawing: Drawing) -> None:
        """Retry until spool or storage has every image: what is recorded as `drawn` must survive the process."""
        waits = pauses()
        while drawing.in_memory and not drawing.superseded:
            await asyncio.sleep(next(waits))
            for index, data in [*drawing.in_memory.items()]:
                seed = drawing.images[index].seed
                put = partial(self._put_with_seed, drawing.generation, index, seed, data)
                try:
                    await once(put, timeout=self._policy.call_timeout)
                except Exception:  # noqa: BLE001  # the storage may accept it
                    if not await self._storage_takes(drawing, drawing.images[index], data):
                        continue
                del drawing.in_memory[index]

    async def _storage_takes(self, drawing: Drawing, placed: StoredImage, data: bytes) -> bool:
        try:
            with self._trial.noticing():
                await once(lambda: self._storage.put(placed, data), timeout=self._policy.patience)
        except Exception as fault:  # noqa: BLE001  # it is retried while the process lives
            about = {"generation": drawing.generation.id}
            log.error("image %d is in memory only: %r", placed.index, fault, extra=about)  # noqa: TRY400
            return False
        drawing.in_storage.add(placed.index)
        return True

    async def _join_spooled(self, drawing: Drawing, failure: DrawingFailed) -> None:
        """Add the images that the spool holds already, with their seeds; clear the failure if that makes all of them.

        If the spool does not answer, the failure becomes `OutcomeUnknown`: images that are found later can still lift
        the generation.
        """
        request, came = drawing.generation.request, len(drawing.images)
        for index in sorted(set(range(request.samples)) - drawing.images.keys()):
            try:
                data = await self._spooled(drawing.generation, index)
                seed = None if data is None else await self._seed_of(drawing.generation, index)
            except OutOfPatience:
                if failure.charged is not Charged.UNKNOWN:
                    drawing.failure = OutcomeUnknown(f"its images in the spool are out of reach; {failure.detail}")
                    drawing.failure.further_evidence = failure.all_evidence
                return
            if data is not None:
                with suppress(UnusableImage):  # it stays in the spool, and recovery sets it aside
                    image = GeneratedImage(index=index, seed=seed, data=data)
                    drawing.images[index] = self._placed(image, hashlib.sha256(data).hexdigest())
        if came < len(drawing.images) == request.samples:
            drawing.failure = None

    def _placed(self, image: GeneratedImage, sha256: str) -> StoredImage:
        prefix, at = self._policy.key_prefix, self._clock()
        return StoredImage.place(image, sha256=sha256, prefix=prefix, new_id=uuid7(), at=at)

    async def _set_aside(self, generation: Generation, evidence: Sequence[bytes | Evidence]) -> None:
        for piece in evidence:
            try:
                set_aside = partial(self._spool.set_aside, aside_name(generation, piece), piece)
                await once(set_aside, timeout=self._policy.call_timeout)
            except Exception as fault:  # noqa: BLE001  # the outcome must still be recorded
                log.error("evidence could not be kept: %r", fault, extra={"generation": generation.id})  # noqa: TRY400

    async def _spooled(self, generation: Generation, index: int) -> bytes | None:
        """Return the bytes that the spool holds under an index; None if there are none.

        Raises:
            OutOfPatience: the spool does not answer for as long as a caller waits.
        """
        get = partial(self._spool.get, generation.id, index)
        try:
            return await patiently(get, "the spool", timeout=self._policy.call_timeout, within=self._policy.patience)
        except Superseded as fault:  # no spool should raise it
            raise OutOfPatience("the spool") from fault

    async def _written(self, generation: Generation) -> None:
        await patiently(lambda: self._ledger.record(generation), "the ledger", timeout=self._policy.call_timeout)


class _FailedInside(Exception):
    """A generator raised an error that its port does not allow; the cause is that error."""


async def _next_of(coming: AsyncGenerator[T, None]) -> T | None:
    """Return the next item of a generator; None at its end.

    Raises:
        DrawingFailed: the generator raised it.
        _FailedInside: the generator raised anything else.
    """
    task = asyncio.current_task()
    cancelling = task.cancelling() if task else 0
    try:
        return await anext(coming, None)
    except DrawingFailed:
        raise
    except (Exception, asyncio.CancelledError) as fault:
        if isinstance(fault, asyncio.CancelledError) and (task is None or task.cancelling() > cancelling):
            raise  # this task was cancelled, not something inside
        log.exception("a generator raised an error that its port does not allow")
        raise _FailedInside("the generator had an internal error") from fault


def _settled(generation: Generation, told: Money | None) -> Generation:
    """Return the generation with the cost that its provider reports; log it if that is too high or not believed."""
    settled, about = generation.costing(told), {"generation": generation.id}
    if told and settled.cost != told:
        log.warning(
            "%s reports a cost of %s, which is not plausible and is ignored", generation.generator, told, extra=about
        )
    elif told and generation.cost and told.amount > generation.cost.amount:
        log.warning("%s charges %s instead of %s", generation.generator, told, generation.cost, extra=about)
    return settled


def _turned_away(drawing: Drawing) -> DrawingFailed | None:
    """Return the failure for which the next fallback may be asked; None if there is none.

    It is certain that nothing was spent. A prompt that one provider's moderation rejected is not sent to another.
    """
    failure = drawing.failure
    free = not drawing.images and failure is not None and failure.charged is Charged.NO
    return failure if free and isinstance(failure, GeneratorRefused | GeneratorUnavailable) else None


def _of_all(failures: list[DrawingFailed]) -> DrawingFailed:
    """Return one failure for several models: of the class with the soonest retry, with all details."""
    soonest = min(failures, key=lambda failure: inf if failure.retry_after is None else failure.retry_after)
    detail = "; ".join(dict.fromkeys(failure.detail for failure in failures))
    return soonest.again(detail, charged=Charged.NO)
