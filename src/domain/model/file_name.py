"""The file names under which browsers save images."""

import re
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from darkroom.domain.model.image_file import MediaType

_WITHOUT_WORDS: Final = "image"
"""The stem if no character can be used."""


@dataclass(frozen=True, slots=True)
class FileName:
    """A file name of letters and digits of any script, `-`, `_` and one dot."""

    WORDS: ClassVar = 40
    """The name takes at most this many characters from the prompt."""

    stem: str
    media_type: MediaType

    @classmethod
    def of(cls, prompt: str | None, seed: int | None, media_type: MediaType) -> Self:
        """Return a name from the prompt and the seed of an image, each None if it is not known."""
        words = re.sub(r"\W+", "-", (prompt or "").lower())[: cls.WORDS].strip("-_") or _WITHOUT_WORDS
        return cls(words if seed is None else f"{words}-{seed}", media_type)

    def __str__(self) -> str:
        return f"{self.stem}.{self.media_type.ending}"

    @property
    def disposition(self) -> str:
        """The value of `Content-Disposition` (RFC 6266) that makes a browser save the response under this name.

        Clients that read ASCII only save it under what is left of the stem, or as an image if nothing is left.
        """
        name = str(self)
        if name.isascii():
            return f'attachment; filename="{name}"'
        left = self.stem.encode("ascii", "ignore").decode().strip("-_") or _WITHOUT_WORDS
        plain = f"{left}.{self.media_type.ending}"
        encoded = "".join(chr(byte) if chr(byte).isascii() else f"%{byte:02X}" for byte in name.encode())  # RFC 8187
        return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"
