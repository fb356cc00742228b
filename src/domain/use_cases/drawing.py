"""What a process holds of a generation between the provider's answer and the storage."""

import asyncio
from dataclasses import dataclass, field

from darkroom.domain.model.errors import DarkroomError, DrawingFailed
from darkroom.domain.model.generation import Generation, StoredImage


@dataclass(slots=True)
class Drawing:
    """A generation at work, and where the bytes of its images are: in the spool, unless this says otherwise.

    Attributes:
        generation: As it was last written down, or as it is about to be.
        images: What came, by index, each with its place in storage.
        failure: Why it is not all, if it is not.
        in_memory: Bytes, by index, that neither the spool nor the storage has taken so far.
        in_storage: Indexes of images that were uploaded already, since the spool did not take them.
        taken_up: A process that is gone was at it before, and may have kept images of it in the spool.
        out_of_reach: Indexes of images that lie neither in a spool that answers here nor in the storage.
        superseded: Another worker has taken the generation meanwhile.
        recording: Writes the receipt down, beside what goes on.
        receipt_spooled: The spool may hold the receipt.
        unwritten: Why nothing was asked of a provider: it could not be written down that it is about to be.
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
        """Wait until the receipt is written down, or another worker has taken the generation."""
        if self.recording:
            await self.recording
