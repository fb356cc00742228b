"""From `received` to `drawn`: the part that costs money."""

import hashlib
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

from darkroom.domain.model.attempt import Attempt, of_all
from darkroom.domain.model.errors import Charged, DrawingFailed, Evidence, OutcomeUnknown, StorageFault, UnusableImage
from darkroom.domain.model.generation import GeneratedImage, Generation, State, StoredImage
from darkroom.domain.model.identifiers import uuid7
from darkroom.domain.ports import GenerationLedger, ImageGenerator, ImageSpool, Receipt
from darkroom.domain.use_cases.patience import patiently
from darkroom.domain.use_cases.provider_quota import ProviderQuota

log = logging.getLogger(__name__)

QUOTING: Final = "prompt"
"""A part of the names of evidence in which a prompt may be quoted."""


def spool_name(generation: Generation, index: int) -> str:
    """The name under which a drawn image waits: the same whenever it is collected again."""
    return f"{generation.id}.{index}"


def aside_name(generation: Generation, evidence: bytes | Evidence) -> str:
    """The name under which evidence is set aside: it says whether a prompt may be quoted there."""
    request = generation.request
    prompts = [prompt.value for prompt in (request.prompt, request.negative_prompt) if prompt]
    forms = [form for prompt in prompts for form in (prompt.encode(), json.dumps(prompt)[1:-1].encode())]
    quoted = not isinstance(evidence, bytes) or any(form in evidence for form in forms)
    return f"{generation.id}.{QUOTING}" if quoted else generation.id


def generation_of(name: str) -> str:
    """The id of the generation whose image waits under a name."""
    return name.partition(".")[0]


class DrawGeneration:
    """Submit, collect into the spool: each step begins where the ledger says that the last one ended."""

    def __init__(
        self,
        *,
        generator: ImageGenerator,
        spool: ImageSpool,
        ledger: GenerationLedger,
        quota: ProviderQuota,
        clock: Callable[[], datetime],
        key_prefix: str,
    ) -> None:
        """`key_prefix` is what the keys of stored images begin with."""
        self._generator, self._spool, self._ledger = generator, spool, ledger
        self._quota, self._clock, self._key_prefix = quota, clock, key_prefix

    async def __call__(self, generation: Generation) -> Generation:
        """Give the generation `drawn`, or at its end without an image.

        A received one is handed on to its fallbacks for as long as nothing was spent. A submitted one never is: its
        caller may have gone, and ordered again. Without a receipt it is submitted again under the same key: right
        only for a provider that charges once for one key, and it is for the caller of this to know that.

        Raises:
            Superseded: its owner cancelled it, or another worker has taken it.
        """
        if generation.state is not State.RECEIVED:
            return await self._with_what_came(await self._take_up(generation))
        refusals = []
        attempt = await self._ask(generation)
        while refusal := attempt.turned_away:
            refusals.append(refusal)
            if not attempt.generation.fallbacks:
                attempt = replace(attempt, failure=of_all(refusals))
                break
            handed_on = attempt.generation.handed_on()
            log.warning(
                "not drawn by %s, which said: %s; %s is asked",
                *(attempt.generation.model.value, refusal, handed_on.model.value),
                extra={"generation": generation.id},
            )
            attempt = await self._ask(handed_on)
        return await self._with_what_came(attempt)

    async def give_up(self, generation: Generation, failure: DrawingFailed) -> Generation:
        """Give it at its end, or `drawn` with the images that were spooled before an interruption.

        Raises:
            Superseded: another worker has taken it.
        """
        return await self._with_what_came(Attempt(generation, {}, failure))

    async def _ask(self, generation: Generation) -> Attempt:
        try:
            await self._quota.reserve(generation)
        except DrawingFailed as failure:
            return Attempt(generation, {}, failure)
        return await self._submit(await self._recorded(generation.submitted()))

    async def _take_up(self, generation: Generation) -> Attempt:
        if generation.receipt:
            return await self._collect(generation, Receipt(generation.receipt), {})
        return await self._submit(generation, again=True)

    async def _submit(self, generation: Generation, *, again: bool = False) -> Attempt:
        came: dict[int, StoredImage] = {}
        receipt = Receipt()
        try:
            async with aclosing(self._generator.answers(generation.asked, generation.id)) as answers:
                while (answer := await _next_of(answers)) is not None:
                    receipt = answer
                    if receipt.reference and receipt.reference != generation.receipt:
                        generation = await self._recorded(generation.receipted(receipt.reference))
                    for image in receipt.images:
                        await self._keep(generation, image, came)
        except DrawingFailed as failure:
            if failure.charged is Charged.NO and (again or receipt.reference):
                # That nothing was spent now says nothing of what was before.
                before = "asked again under the same key" if again else "after it had given a receipt"
                return Attempt(generation, came, OutcomeUnknown(f"{before}: {failure.detail}"))
            return Attempt(generation, came, failure)
        await self._set_aside(generation, receipt.evidence)
        return await self._collect(generation, receipt, came)

    async def _collect(self, generation: Generation, receipt: Receipt, came: dict[int, StoredImage]) -> Attempt:
        """Collect what a receipt stands for, but for what `came` already."""
        failure: DrawingFailed | None = None
        try:
            collecting = self._generator.collect(generation.asked, receipt)
            with _failures_only(UnusableImage):
                async with aclosing(collecting) as images:
                    async for image in images:
                        await self._keep(generation, image, came)
        except DrawingFailed as error:
            failure = error
        if failure is None and len(came) < generation.request.samples:
            failure = UnusableImage(f"{len(came)} of {generation.request.samples} images came")
        return Attempt(generation, came, failure)

    async def _with_what_came(self, attempt: Attempt) -> Generation:
        generation, came, failure = attempt.generation, attempt.came, attempt.failure
        if failure:
            before = {image.index: image async for image in self._spooled_before(generation)}
            if len(before) > len(came) and len(before) == generation.request.samples:
                failure = None
            came = {**before, **came}
        if failure:
            log.warning("%s: %s", type(failure).__name__, failure, extra={"generation": generation.id})
            await self._set_aside(generation, failure.all_evidence)
            if not came:
                return await self._recorded(generation.failed(failure, self._clock()))
        return await self._recorded(generation.drawn(came.values(), failure))

    async def _keep(self, generation: Generation, image: GeneratedImage, came: dict[int, StoredImage]) -> None:
        """Put it into the spool, unless it came before."""
        if image.index not in came:
            sha256 = await patiently(lambda: self._spool.put(spool_name(generation, image.index), image.data))
            came[image.index] = self._placed(image, sha256)

    async def _spooled_before(self, generation: Generation) -> AsyncIterator[StoredImage]:
        """What lies in the spool already. Of these only the bytes are known, and which samples they are."""
        request = generation.request
        for index in range(request.samples):
            name = spool_name(generation, index)
            data = await patiently(partial(self._spool.get, name))
            if data is not None:
                seed = request.seeds[index] if request.seeds else None
                image = GeneratedImage(index=index, seed=seed, data=data)
                yield self._placed(image, hashlib.sha256(data).hexdigest())

    def _placed(self, image: GeneratedImage, sha256: str) -> StoredImage:
        return StoredImage.place(image, sha256=sha256, prefix=self._key_prefix, new_id=uuid7(), at=self._clock())

    async def _set_aside(self, generation: Generation, evidence: Sequence[bytes | Evidence]) -> None:
        for piece in evidence:
            try:
                await self._spool.set_aside(aside_name(generation, piece), piece)
            except StorageFault as fault:  # what is paid for is not held up by what is not
                log.warning("evidence is not kept: %s", fault, extra={"generation": generation.id})

    async def _recorded(self, generation: Generation) -> Generation:
        await patiently(lambda: self._ledger.record(generation))
        return generation


async def _next_of(answers: AsyncGenerator[Receipt, None]) -> Receipt | None:
    with _failures_only(OutcomeUnknown):
        return await anext(answers, None)


@contextmanager
def _failures_only(otherwise: type[DrawingFailed]) -> Iterator[None]:
    """A fault inside a generator is a failure too: what is known of the money is all that matters then."""
    try:
        yield
    except DrawingFailed:
        raise
    except Exception as fault:
        log.exception("a generator broke its port")
        raise otherwise("the generator failed inside") from fault
