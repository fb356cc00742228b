"""Refuses orders while the storage is known to refuse images, before money is spent."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from darkroom.domain.model.errors import Overloaded, StorageRefused
from darkroom.domain.ports import ImageStorage

log = logging.getLogger(__name__)

_PAUSE: Final = 5.0  # seconds between tries
_PATIENCE: Final = 2.0  # seconds that an order waits for a try
_RETRY_AFTER: Final = 30  # seconds


class StorageTrial:
    """Tries a storage before the next order if it refused an image, or did not answer at the start.

    While the storage refuses, which lasts until the operator changes something, no order is accepted. If it merely does
    not answer, orders are accepted, and their images wait in the spool.
    """

    def __init__(self, storage: ImageStorage) -> None:
        self._storage = storage
        self._doubted = False
        self._refusal: StorageRefused | None = None
        self._trying: asyncio.Task[None] | None = None
        self._not_before = 0.0

    def doubt(self) -> None:
        """Try the storage before the next order is accepted."""
        self._doubted = True

    @contextmanager
    def noticing(self) -> Iterator[None]:
        """Call `doubt` if the block raises `StorageRefused`."""
        try:
            yield
        except StorageRefused:
            self.doubt()
            raise

    async def require(self) -> None:
        """Return if an order may be accepted; waits up to `_PATIENCE` for a try if the storage is doubted.

        Raises:
            Overloaded: the storage refuses images. Nothing was begun.
        """
        if not self._doubted:
            return
        if self._trying is None and asyncio.get_running_loop().time() >= self._not_before:
            self._trying = asyncio.create_task(self._try())
        if self._trying:
            # `wait` does not cancel the try, which other callers wait for too.
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
        except Exception as fault:  # noqa: BLE001  # any other fault may be temporary
            log.debug("the storage cannot be tried: %r", fault)
        else:
            if self._refusal:
                log.warning("the storage takes images again, so orders are taken")
            self._doubted, self._refusal = False, None
        finally:
            self._trying = None
            self._not_before = asyncio.get_running_loop().time() + _PAUSE
