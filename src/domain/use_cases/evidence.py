"""Evidence: naming it, removing it with its generation, and accepting images from it."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Final

from darkroom.domain.model.errors import Evidence, InvalidValue, NotFound, UnusableImage
from darkroom.domain.model.generation import GeneratedImage, Generation, State, StoredImage
from darkroom.domain.model.identifiers import uuid7
from darkroom.domain.model.policy import Policy
from darkroom.domain.ports import GenerationLedger, ImageSpool, ImageStorage
from darkroom.domain.use_cases.drawing import Drawing
from darkroom.domain.use_cases.lift import Lift
from darkroom.domain.use_cases.store import Store

ACCEPTED: Final = "its operator accepted an image that had been set aside"

_ACCEPTING: Final = (State.UNKNOWN, State.UNUSABLE)

QUOTING: Final = "prompt"
"""Part of the name of evidence that may quote a prompt."""


def aside_name(generation: Generation, evidence: bytes | Evidence) -> str:
    """Return the name for `ImageSpool.set_aside`: the generation's id, with `QUOTING` if it may quote a prompt.

    Evidence that is too long for memory always counts as quoting.
    """
    request = generation.request
    prompts = [prompt.value for prompt in (request.prompt, *request.parameters.texts)]
    forms = [form for prompt in prompts for form in (prompt.encode(), json.dumps(prompt)[1:-1].encode())]
    quoted = not isinstance(evidence, bytes) or any(form in evidence for form in forms)
    return f"{generation.id}.{QUOTING}" if quoted else generation.id


async def sweep_evidence(spool: ImageSpool, ledger: GenerationLedger) -> int:
    """Remove the evidence that may no longer be kept; return how many pieces.

    It is removed when its generation is erased, when it may quote prompts that were forgotten, and when its owner
    deletes any image of the generation, since a piece may show that image.

    Raises:
        StorageFault, LedgerUnavailable: not now; nothing is lost.
    """
    removed = 0
    for name in await spool.aside_names():
        generation = await ledger.find(name.partition(".")[0])
        if generation is None:
            continue
        if generation.erased_at or generation.removed or (QUOTING in name.split(".") and not generation.prompts_kept):
            await spool.remove_aside(name)
            removed += 1
    return removed


class AcceptEvidence:
    """Adds an image that the operator found in the evidence to its generation."""

    def __init__(
        self,
        storage: ImageStorage,
        spool: ImageSpool,
        ledger: GenerationLedger,
        *,
        policy: Policy,
        clock: Callable[[], datetime],
    ) -> None:
        self._ledger, self._policy, self._clock = ledger, policy, clock
        store = Store(storage, spool, ledger, policy=policy, clock=clock)
        self._lift = Lift(storage, ledger, store, policy=policy, clock=clock)

    async def __call__(self, generation_id: str, index: int, data: bytes) -> Generation:
        """Store `data` as the image of that index, from 0, and return the generation in its new state.

        Raises:
            NotFound: there is no such generation, or it was deleted.
            InvalidValue: it is not `unknown` or `unusable`, has that image already, or `data` is not a whole image.
        """
        found = await self._ledger.find(generation_id)
        if found is None or found.erased_at:
            raise NotFound("there is no such generation")
        missing = set(range(found.request.samples)) - found.once_stored
        if found.state not in _ACCEPTING or index not in missing:
            raise InvalidValue(f"must be the index of an image that is missing: it is {found.state}, without {missing}")
        try:
            image = GeneratedImage(index=index, seed=found.request.seed_of(index), data=data)
        except UnusableImage as flaw:
            raise InvalidValue(str(flaw)) from flaw
        placed = StoredImage.place(
            image,
            sha256=hashlib.sha256(image.data).hexdigest(),
            prefix=self._policy.key_prefix,
            new_id=uuid7(),
            at=self._clock(),
        )
        drawing = Drawing(found, images={index: placed}, in_memory={index: image.data}, superseded=True)
        return await self._lift(drawing, ACCEPTED, liftable=_ACCEPTING)
