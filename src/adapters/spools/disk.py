"""A spool on the disk of this machine."""

import hashlib
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from darkroom.adapters.batches import Batches
from darkroom.adapters.disk_threads import DiskThreads
from darkroom.adapters.durable_folder import DurableFolder
from darkroom.adapters.evidence_folder import EvidenceFolder
from darkroom.adapters.spooled_names import spooled_image, spooled_name
from darkroom.domain.model.errors import Evidence, StorageFault
from darkroom.domain.ports import ImageSpool

log = logging.getLogger(__name__)

_FULL: Final = 4 / 5  # of the room: the images of orders accepted by then must still fit


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many images wait in a spool, and how many bytes they have."""

    images: int
    bytes: int


class DiskImageSpool(ImageSpool):
    """Survives a crash and a loss of power, but not the loss of the disk. Several processes may share it."""

    def __init__(
        self, folder: Path, *, aside: Path, room: int, aside_room: int = 2**30, count_every: float = 1.0
    ) -> None:
        """`room` and `aside_room` are in bytes: for waiting images, and for the evidence in the folder `aside`.

        `count_every`: seconds for which a count of the bytes is used; drawing an image takes longer than the default.
        """
        self._folder = DurableFolder(folder)
        self._aside = EvidenceFolder(aside, room=aside_room, spared=lambda: max(room - self._counted.bytes, 0))
        self._disk = DiskThreads()
        self._putting, self._removing = Batches(self._put), Batches(self._remove)
        self._mark, self._count_every = room * _FULL, count_every
        self._counted, self._counted_at = Waiting(0, 0), 0.0
        self._takes = True
        with suppress(OSError):  # `check` reports it
            self._counted = self._count_now()

    def __str__(self) -> str:
        return str(self._folder)

    async def put(self, generation_id: str, index: int, data: bytes) -> str:
        try:
            digest = await self._putting((spooled_name(generation_id, index), data))
        except StorageFault:
            self._takes = False
            raise
        self._takes = True
        return digest

    async def get(self, generation_id: str, index: int) -> bytes | None:
        return await self._disk(self._folder.read, spooled_name(generation_id, index))

    async def secure(self, generation_id: str, index: int) -> None:
        """Do nothing: `put` has made it as safe as this spool can."""

    async def remove(self, generation_id: str, index: int) -> None:
        await self._removing(spooled_name(generation_id, index))

    async def waiting(self) -> Sequence[tuple[str, int]]:
        names = await self._disk(lambda: list(self._folder.names()))
        return [image for name in names if (image := spooled_image(name))]

    async def set_aside(self, name: str, evidence: bytes | Evidence) -> None:
        await self._disk(self._aside.keep, name, evidence)

    async def aside_names(self) -> Sequence[str]:
        return await self._disk(lambda: [piece.name for piece in self._aside.kept()])

    async def remove_aside(self, name: str) -> None:
        await self._disk(self._aside.remove, name)

    async def check(self) -> None:
        """Write and remove a file in both folders, to check that they can be used.

        Raises:
            StorageFault: a folder cannot be used; the message says why.
        """
        for folder in (self._folder, self._aside):
            await self._disk(folder.prove)

    @property
    def mark(self) -> float:
        """The number of bytes from which on the spool is full."""
        return self._mark

    @property
    def counted(self) -> Waiting:
        """What waits here, at the last count, including the files of other processes."""
        if time.monotonic() - self._counted_at > self._count_every:
            self._counted_at = time.monotonic()
            self._disk.begin(self._count)
        return self._counted

    @property
    def full(self) -> bool:
        # A paid image that could not be written is retried; until that succeeds, no new order may spend money.
        return not self._takes or self.counted.bytes >= self._mark

    async def _put(self, files: Sequence[tuple[str, bytes]]) -> Sequence[str]:
        return await self._disk(self._write, files)

    def _write(self, files: Sequence[tuple[str, bytes]]) -> Sequence[str]:
        self._folder.replace(*files)
        # Hashed in this thread, so that it does not block the event loop.
        return [hashlib.sha256(data).hexdigest() for _, data in files]

    async def _remove(self, names: Sequence[str]) -> Sequence[None]:
        # A file that reappears after a loss of power belongs to a stored image, and recovery removes it.
        await self._disk(self._folder.discard, *names)
        return [None] * len(names)

    def _count(self) -> None:
        try:
            self._counted = self._count_now()
        except OSError:
            log.exception("the images in the spool cannot be counted")
        self._counted_at = time.monotonic()

    def _count_now(self) -> Waiting:
        lengths = list(self._folder.lengths())
        return Waiting(len(lengths), sum(lengths))
