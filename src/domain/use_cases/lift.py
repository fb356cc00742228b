"""Lifts a generation: corrects an outcome that was recorded as unknown, when the provider's answer is found."""

import asyncio
import logging
from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from typing import Final

from darkroom.domain.model.errors import Charged, Superseded
from darkroom.domain.model.generation import Generation, State, StoredImage
from darkroom.domain.model.policy import Policy
from darkroom.domain.ports import GenerationLedger, ImageStorage
from darkroom.domain.use_cases.drawing import Drawing
from darkroom.domain.use_cases.patience import found_patiently, once, patiently
from darkroom.domain.use_cases.store import Store

log = logging.getLogger(__name__)

INTERRUPTED: Final = "the service was interrupted after the order had left for the provider"
"""The detail of an unknown outcome after an interruption, if no worker has submitted the order again since.

Ledgers contain it, so it must not change.
"""

LATE: Final = "the provider's answer was received after the outcome had been reported as unknown"
_LOOK_EVERY: Final = 1.0  # seconds between two reads while another worker works on it


class Lift:
    """Adds what was received for a generation after another worker took it and recorded its outcome as unknown.

    If that worker finished it, nothing is changed: only an unknown outcome may be corrected. An image that the ledger
    lacks then stays in the spool, and recovery sets it aside. If its owner deleted it, the bytes are removed.
    """

    def __init__(
        self,
        storage: ImageStorage,
        ledger: GenerationLedger,
        store: Store,
        *,
        policy: Policy,
        clock: Callable[[], datetime],
    ) -> None:
        self._storage, self._ledger, self._store = storage, ledger, store
        self._policy, self._clock = policy, clock

    async def __call__(
        self, drawing: Drawing, reason: str = LATE, *, liftable: Collection[State] = (State.UNKNOWN,)
    ) -> Generation:
        """Wait for the generation's end, lift it if its state is `liftable`, and return it.

        `reason` is recorded in `Generation.lifted`.
        """
        id_ = drawing.generation.id
        while True:
            found = await found_patiently(self._ledger, id_, self._policy)
            if found is None:
                return drawing.generation
            if not found.state.final:
                await asyncio.sleep(_LOOK_EVERY)
                continue
            lifted = await self._lifted(found, drawing, reason) if found.state in liftable else None
            if lifted is None:
                log.warning("a late answer is not needed: the generation is %s", found.state, extra={"generation": id_})
                await self._discard(drawing, found)
                return found
            try:
                lift = partial(self._ledger.lift, lifted)
                await patiently(lift, "the ledger", timeout=self._policy.call_timeout)
            except Superseded:
                continue
            log.warning("lifted from %s to %s: %s", found.state, lifted.state, reason, extra={"generation": id_})
            await self._store.forget(drawing)
            return lifted

    async def _uploaded(self, drawing: Drawing, image: StoredImage) -> bool:
        if image.index in drawing.in_storage:
            return True
        upload = partial(self._store.try_to_upload, drawing, image)
        if await patiently(upload, "the storage", timeout=self._policy.patience):
            drawing.in_storage.add(image.index)
        return image.index in drawing.in_storage

    async def _discard(self, drawing: Drawing, found: Generation) -> None:
        """Remove uploaded and spooled images that the ledger does not name; keep them if it lacks paid images."""
        if found.state is State.UNUSABLE and not found.erased_at:
            return
        named = {image.key for image in (*found.images, *found.waiting)}
        for index, image in drawing.images.items():
            if index in drawing.in_storage and image.key not in named:
                try:
                    await once(partial(self._storage.delete, image.key), timeout=self._policy.patience)
                except Exception as fault:  # noqa: BLE001  # `darkroom orphans` lists what is left
                    log.warning("left in storage: %s: %r", image.key, fault, extra={"generation": found.id})
        await self._store.forget(drawing)

    async def _lifted(self, found: Generation, drawing: Drawing, reason: str) -> Generation | None:
        """Return the corrected revision, after uploading its missing images; None if nothing changes."""
        if found.erased_at:
            return None
        missing = [image for index, image in sorted(drawing.images.items()) if index not in found.once_stored]
        if new := [image for image in missing if await self._uploaded(drawing, image)]:
            return found.lifted_by(new, reason, self._clock())
        failure = drawing.failure
        # If another worker submitted it again, a refusal of the first request does not show what the second one cost.
        interrupted = found.state is State.UNKNOWN and found.failure and found.failure.detail == INTERRUPTED
        if interrupted and not found.once_stored and failure and failure.charged is Charged.NO:
            return found.refused_late(failure, reason, self._clock())
        return None
