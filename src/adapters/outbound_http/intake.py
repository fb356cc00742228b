"""Limits on images from providers."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from darkroom.adapters.byte_room import ByteRoom

_BESIDES_IMAGES: Final = 8 * 2**20  # bytes: an answer may repeat the prompts, doubly escaped


@dataclass(frozen=True, slots=True)
class Intake:
    """The limits on images from providers: `memory` for all that are held at once, and `image` bytes for each.

    What does not fit into memory is written to files in `folder`; None means the system's temporary folder. Several
    generators may share `memory`.
    """

    memory: ByteRoom = field(default_factory=lambda: ByteRoom(256 * 2**20))
    image: int = 64 * 2**20
    folder: Path | None = None

    def longest_answer(self, images: int) -> int:
        """Return the most bytes of an answer with `images` images in base64, with room for escapes and line ends."""
        return _BESIDES_IMAGES + images * self.image * 3 // 2
