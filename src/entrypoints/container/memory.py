"""Divides `DARKROOM_MEMORY_BYTES` among the parts that hold images."""

from dataclasses import dataclass
from typing import Self

from darkroom.adapters.byte_room import ByteRoom


@dataclass(frozen=True, slots=True)
class ImageMemory:
    """The memory for images in this process.

    arriving: Room for images on their way from providers, shared by all generators.
    recent: Bytes for images that wait for their upload.
    answers: Room for images that are read back for an answer.
    """

    arriving: ByteRoom
    recent: int
    answers: ByteRoom

    @classmethod
    def of(cls, size: int) -> Self:
        """Divide `size` bytes; of fewer than 4, each part gets one."""
        # The last quarter is for the marked copies of arriving images, which are held beside the unmarked ones.
        quarter = max(size // 4, 1)  # a room for nothing would be none: what is too large for a room counts as its size
        return cls(ByteRoom(quarter), quarter, ByteRoom(quarter))
