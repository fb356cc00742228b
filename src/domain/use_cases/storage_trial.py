"""Before money is spent on images, the storage must not be known to refuse them."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from darkroom.domain.model.errors import Overloaded, StorageRefused
from darkroom.domain.ports import ImageStorage

log = logging.getLogger(__name__)

_PAUSE: Final = 5.0  # seconds from the end of one try to the next
_PATIENCE: Final = 2.0  # seconds that an order waits for a try
_RETRY_AFTER: Final = 30  # seconds


class StorageTrial:
    """Tries a storage before the next order if it refused an image, or was away at the start.

    A storage that refuses does so until the operator changes something: no order is taken until a try succeeds. One
    that is away comes back by itself: what is drawn meanwhile waits in the spool.
    """

    def __init__(self, storage: ImageStorage) -> None:
        self._storage = storage
        self._doubted = False
        self._refusal: StorageRefused | None = None
        self._trying: asyncio.Task[None] | None = None
        self._not_before = 0.0

    def doubt(self) -> None:
        """Try it before the next order is taken."""
        self._doubted = True

    @contextmanager
    def noticing(self) -> Iterator[None]:
        """Doubt the storage if what is done in the block is refused."""
        try:
            yield
        except StorageRefused:
            self.doubt()
            raise

    async def require(self) -> None:
        """Return if an order may be taken, at once unless the storage is doubted.

        Raises:
            Overloaded: the storage refuses images. Nothing was begun.
        """
        if not self._doubted:
            return
        if self._trying is None and asyncio.get_running_loop().time() >= self._not_before:
            self._trying = asyncio.create_task(self._try())
        if self._trying:
            # It goes on if this caller leaves, or waits no longer.
            await asyncio.wait({self._trying}, timeout=_PATIENCE)
        if self._refusal:
            raise Overloaded("the storage refuses images, so none are drawn now", retry_after=_RETRY_AFTER)

    async def _try(self) -> None:
        try:
            await self._storage.check()
        except StorageRefused as refusal:
            if str(refusal) != str(self._refusal):
                log.error("no order is taken until the storage takes images: %s", refusal)  # noqa: TRY400  # the cause is known
            self._refusal = refusal
        except Exception as fault:  # noqa: BLE001  # whatever it is, it may pass by itself
            log.debug("the storage cannot be tried: %r", fault)
        else:
            if self._refusal:
                log.warning("the storage takes images again, so orders are taken")
            self._doubted, self._refusal = False, None
        finally:
            self._trying = None
            self._not_before = asyncio.get_running_loop().time() + _PAUSE
