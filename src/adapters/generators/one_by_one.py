"""One call for each sample: for providers that draw one image, or take one seed, per call."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any, Self

import msgspec

from darkroom.adapters.byte_room import Stay
from darkroom.adapters.outbound_http.images import as_they_come, end_all, together
from darkroom.domain.model.errors import Charged, DrawingFailed, GeneratorUnavailable, OutcomeUnknown, UnusableImage
from darkroom.domain.model.generation import Failure, GeneratedImage, GenerationRequest
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.money import Money
from darkroom.domain.model.progress import Progress
from darkroom.domain.model.values import SampleCount
from darkroom.domain.ports import ImageGenerator, Receipt
from darkroom.domain.use_cases.meter import METER

log = logging.getLogger(__name__)


class OneByOneImageGenerator(ImageGenerator):
    """Submits each sample of a request to another generator, concurrently, with its own key and seed.

    Images are kept even if other samples fail. If a sample is refused for free while another one succeeds, it is
    submitted again after the provider's `Retry-After`, if `patience` permits. Several failures are combined by
    `together`. `submit` raises only if nothing was charged; otherwise the receipt holds the failures, and `collect`
    raises them after the images.

    The `METER`, if set, limits the rate of calls.
    """

    def __init__(self, generator: ImageGenerator, *, at_once: int, patience: float = 180.0) -> None:
        """`at_once` is the most concurrent calls, over all requests; others wait.

        `patience` is the seconds within which the last sample of an order must be sent.
        """
        self._generator, self._turns, self._patience = generator, asyncio.Semaphore(at_once), patience

    @property
    def cards(self) -> Sequence[ModelCard]:
        return tuple(
            replace(card, samples_max=SampleCount.MAX, one_by_one_for=self._patience) for card in self._generator.cards
        )

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        async with aclosing(self.answers(request, key)) as receipts:
            *_, whole = [receipt async for receipt in receipts]
        return whole

    async def answers(self, request: GenerationRequest, key: str) -> AsyncGenerator[Receipt, None]:
        # Submitting an idempotent sample again under its key draws the same image: no early receipt is needed.
        again = any(card.idempotent for card in self._generator.cards if card.version == request.version)
        order = _Order(request.samples, self._patience)
        with Stay() as stay:
            with stay.current():
                asked = [asyncio.create_task(self._asked(sample, key, order)) for sample in _samples(request)]
            try:
                waiting = set(asked)
                while waiting:
                    _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                    receipt = _so_far([task.result() if task.done() else None for task in asked])
                    yield replace(receipt, reference=b"") if again and waiting else receipt
            finally:
                await end_all(asked)

    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        answers, here = _Answers.decode(receipt.reference), {image.index for image in receipt.images}
        for image in receipt.images:
            yield image
        samples = [sample for sample in _samples(request) if sample.index not in here]
        collecting = (
            self._collected(sample, reference) for sample in samples if (reference := answers.reference(sample))
        )
        failures = [failure for sample in samples if (failure := answers.failure(sample))]
        async with aclosing(as_they_come(collecting, failures)) as images:
            async for image in images:
                yield image

    async def progress(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> Progress | None:
        answers = _Answers.decode(receipt.reference) if receipt else None
        asked = (
            self._generator.progress(sample.request, sample.key(key), sample.receipt(answers))
            for sample in _samples(request)
        )
        return _altogether(await asyncio.gather(*asked), side_by_side=receipt is not None)

    async def unfinished(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> GeneratedImage | None:
        answers = _Answers.decode(receipt.reference) if receipt else None
        for sample in _samples(request):
            image = await self._generator.unfinished(sample.request, sample.key(key), sample.receipt(answers))
            if image is not None:
                return replace(image, index=sample.index)
        return None

    async def find(self, request: GenerationRequest, key: str) -> Receipt | None:
        found = [await self._generator.find(one.request, one.key(key)) for one in _samples(request)]
        return _so_far(found) if any(found) else None

    async def check(self) -> str:
        return await self._generator.check()

    async def _asked(self, sample: "_Sample", key: str, order: "_Order") -> Receipt | DrawingFailed:
        while True:
            answer = await self._answer(sample, key, order)
            turned_away = isinstance(answer, GeneratorUnavailable) and answer.charged is Charged.NO
            order.heard(came=isinstance(answer, Receipt))
            if isinstance(answer, Receipt):
                return answer
            if not turned_away or not await order.may_ask_again(answer):
                return sample.told_of(answer)
            log.info("a refused sample is asked for again, as others were drawn: %s", answer)

    async def _answer(self, sample: "_Sample", key: str, order: "_Order") -> Receipt | DrawingFailed:
        try:
            async with self._turns:
                await order.leave()
                return await self._generator.submit(sample.request, sample.key(key))
        except DrawingFailed as failure:
            return failure
        except Exception:  # a fault in one call must not lose the images of the others
            log.exception("a generator raised an error that its port does not allow")
            return OutcomeUnknown("the generator had an internal error")

    @asynccontextmanager
    async def _collected(self, sample: "_Sample", reference: bytes) -> AsyncIterator[GeneratedImage]:
        async with aclosing(self._generator.collect(sample.request, Receipt(reference))) as images:
            try:
                image = await anext(images, None)
                if image is None:
                    raise UnusableImage("its image was not received")
            except DrawingFailed as failure:
                raise sample.told_of(failure) from failure
            yield replace(image, index=sample.index)


class _Order:
    """State shared by the samples of one order: whether one has succeeded, and until when others may be sent."""

    def __init__(self, samples: int, patience: float) -> None:
        loop = asyncio.get_running_loop()
        self._clock, self._until, self._meter = loop.time, loop.time() + patience, METER.get()
        self._unheard, self._came = samples, loop.create_future()

    async def leave(self) -> None:
        """Wait until the meter admits one more sample.

        Raises:
            GeneratorUnavailable: it will not in time.
        """
        if self._meter:
            await self._meter(self._until)

    def heard(self, *, came: bool) -> None:
        """Record the outcome of one call; `came`: whether it returned a receipt."""
        self._unheard -= 1
        if not self._came.done() and (came or self._unheard <= 0):
            self._came.set_result(came)

    async def may_ask_again(self, refusal: DrawingFailed) -> bool:
        """Wait until a refused sample may be submitted again; return False if it may not.

        It may if another sample has succeeded, since otherwise the whole order is refused for free, and if the
        provider's `Retry-After` ends in time.
        """
        at = self._clock() + (refusal.retry_after or 1)
        if at > self._until or not await asyncio.shield(self._came):
            return False
        await asyncio.sleep(at - self._clock())
        return True


@dataclass(frozen=True, slots=True)
class _Sample:
    """One sample as a request of its own; `name` prefixes its errors, and is empty if it is the only one."""

    index: int
    request: GenerationRequest
    name: str

    def key(self, order: str) -> str:
        """Return the key of the sample's call, given that of its order."""
        return f"{order}.{self.index}"

    def receipt(self, answers: "_Answers | None") -> Receipt | None:
        """Return the receipt of the sample's call; None if that of its order is not recorded yet."""
        return Receipt(answers.reference(self)) if answers else None

    def told_of(self, failure: DrawingFailed) -> DrawingFailed:
        """Return the same failure with the sample's name before its detail."""
        return failure.again(f"{self.name}{failure.detail}")


def _so_far(answers: Sequence[Receipt | DrawingFailed | None]) -> Receipt:
    """Return the receipt for the outcomes of the samples by index, None for those still pending.

    Raises:
        DrawingFailed: all failed without a charge.
    """
    failures = [answer for answer in answers if isinstance(answer, DrawingFailed)]
    if len(failures) == len(answers) and all(failure.charged is Charged.NO for failure in failures):
        raise together(failures)
    images = (
        replace(image, index=index)
        for index, answer in enumerate(answers)
        if isinstance(answer, Receipt)
        for image in answer.images
    )
    # While samples are pending, evidence is held back: the final receipt carries all of it.
    evidence = () if None in answers else tuple(piece for failure in failures for piece in failure.all_evidence)
    return Receipt(_Answers.of(answers).encode(), tuple(images), _cost_of(answers), evidence)


def _cost_of(answers: Sequence[Receipt | DrawingFailed | None]) -> Money | None:
    """Return the sum of the samples' costs; None if one that may have been charged has none, or currencies differ."""
    costs = [
        answer.cost if isinstance(answer, Receipt) else None
        for answer in answers
        if not isinstance(answer, DrawingFailed) or answer.charged is not Charged.NO
    ]
    told = [cost for cost in costs if cost]
    if not told or len(told) < len(costs) or len({cost.currency for cost in told}) > 1:
        return None
    return Money(sum((cost.amount for cost in told), Decimal()), told[0].currency)


def _samples(request: GenerationRequest) -> Iterator[_Sample]:
    for index in range(request.samples):
        alone = replace(request, samples=1, seeds=request.seeds[index : index + 1])
        yield _Sample(index, alone, f"sample {index}: " if request.samples > 1 else "")


def _altogether(told: Sequence[Progress | None], *, side_by_side: bool) -> Progress | None:
    """Return the progress of all samples combined; None if no sample reports any.

    Unless drawn `side_by_side`, samples are drawn in order: those before the first that reports are done.
    """
    known = [(index, one) for index, one in enumerate(told) if one]
    if not known:
        return None
    first, one = known[0]
    if len(told) == 1 or one.steps is None:
        return one if len(told) == 1 else Progress(position=one.position)
    done = 0 if side_by_side else first * one.steps
    step = done + sum(one.step or 0 for _, one in known)
    return Progress(position=one.position, step=step, steps=one.steps * len(told))


class _Answers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The receipt's reference: what is left to collect, by the index of the sample.

    `unanswered` are the samples still pending. `evidence` occurs only in receipts of earlier releases.
    """

    references: dict[int, bytes] = {}
    failures: dict[int, dict[str, Any]] = {}
    evidence: bytes = b""
    unanswered: tuple[int, ...] = ()

    @classmethod
    def of(cls, answers: Sequence[Receipt | DrawingFailed | None]) -> Self:
        failed = {index: answer for index, answer in enumerate(answers) if isinstance(answer, DrawingFailed)}
        return cls(
            references={
                index: answer.reference
                for index, answer in enumerate(answers)
                if isinstance(answer, Receipt) and answer.reference
            },
            failures={index: asdict(Failure.of(failure, paid_in_part=False)) for index, failure in failed.items()},
            unanswered=tuple(index for index, answer in enumerate(answers) if answer is None),
        )

    def encode(self) -> bytes:
        """Return it as compact JSON; empty if nothing is left to collect."""
        nothing_yet = self.unanswered and not self.references
        return b"" if nothing_yet or self == _Answers() else msgspec.json.encode(self)

    @classmethod
    def decode(cls, reference: bytes) -> Self:
        """Read what `encode` wrote.

        Raises:
            UnusableImage: `reference` is something else.
        """
        if not reference:
            return cls()
        try:
            return msgspec.json.decode(reference, type=cls)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UnusableImage("the receipt of the provider's answers cannot be read") from error

    def reference(self, sample: _Sample) -> bytes:
        """Return the reference of a sample's receipt; empty if there is none."""
        return self.references.get(sample.index, b"")

    def failure(self, sample: _Sample) -> DrawingFailed | None:
        """Return why a sample without an image has nothing to collect; None if it has a reference."""
        if sample.index in self.references:
            return None
        if sample.index in self.unanswered:
            return sample.told_of(OutcomeUnknown("the service was interrupted before it was answered"))
        failure = self.failures.get(sample.index)
        if failure is None:
            return sample.told_of(UnusableImage("its image came with the provider's answer and is lost"))
        error = Failure.read(failure).error()
        error.evidence = self.evidence
        return error
