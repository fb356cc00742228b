"""The state of a generation that a process is drawing or storing."""

import asyncio
from dataclasses import dataclass, field

from darkroom.domain.model.errors import DarkroomError, DrawingFailed
from darkroom.domain.model.generation import Generation, StoredImage


@dataclass(slots=True)
class Drawing:
    """A generation that is being drawn or stored. The bytes of its images are in the spool, except as noted below.

    Attributes:
        generation: The revision that was last recorded, or is about to be.
        images: The images that came, by index, with their keys in the storage.
        failure: Why images are missing; None if none is.
        in_memory: The bytes, by index, of images that neither spool nor storage has accepted so far.
        in_storage: The indexes of uploaded images.
        taken_up: A dead process worked on it before, and may have left images in the spool.
        out_of_reach: The indexes of images that are neither in the spool here nor in the storage.
        superseded: Another worker has taken the generation; or it has ended, and nothing of this is recorded.
        recording: The task that records the receipt.
        receipt_spooled: The spool may hold the receipt.
        unwritten: Why the provider was not asked: the ledger could not record `submitted` or reserve the quota.
    """

    generation: Generation
    images: dict[int, StoredImage] = field(default_factory=dict)
    failure: DrawingFailed | None = None
    in_memory: dict[int, bytes] = field(default_factory=dict)
    in_storage: set[int] = field(default_factory=set)
    taken_up: bool = False
    out_of_reach: set[int] = field(default_factory=set)
    superseded: bool = False
    recording: asyncio.Task[None] | None = None
    receipt_spooled: bool = False
    unwritten: DarkroomError | None = None

    async def recorded(self) -> None:
        """Wait until the receipt is recorded, or another worker has taken the generation."""
        if self.recording:
            await self.recording
