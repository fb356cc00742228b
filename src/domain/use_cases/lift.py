"""From `unknown` to what is true, when the provider's answer turns out to be there after all."""

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
"""Why an outcome is unknown of which no other worker has asked the provider again."""

LATE: Final = "the provider's answer was received after its outcome had been called unknown"
_LOOK_EVERY: Final = 1.0  # seconds between two looks at what another worker makes of it


class Lift:
    """Gives a generation what was received for it, although another worker has taken it and called it unknown.

    If that worker finished it, the row stays as it is: an answer that was given is changed only if it was unknown. An
    image that the row lacks is then left to be set aside. If its owner deleted it, it stays deleted and the bytes go.
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
        """Return the generation as it stands in the end; it is lifted from a `liftable` state alone."""
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
                log.warning("what was received late is not needed: it is %s", found.state, extra={"generation": id_})
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
        """Remove what was uploaded or spooled for nothing: what the row does not speak of, unless it lacks that."""
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
        """What it becomes; None if nothing changes."""
        if found.erased_at:
            return None
        missing = [image for index, image in sorted(drawing.images.items()) if index not in found.once_stored]
        if new := [image for image in missing if await self._uploaded(drawing, image)]:
            return found.lifted_by(new, reason, self._clock())
        failure = drawing.failure
        # Of one that another worker has asked for again, a refusal of the first request does not say what was charged.
        interrupted = found.state is State.UNKNOWN and found.failure and found.failure.detail == INTERRUPTED
        if interrupted and not found.once_stored and failure and failure.charged is Charged.NO:
            return found.refused_late(failure, reason, self._clock())
        return None
