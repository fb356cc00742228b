"""The names of files that people keep images in."""

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from darkroom.domain.model.image_file import MediaType


@dataclass(frozen=True, slots=True)
class FileName:
    """A name made of letters, digits, `-`, `_` and one dot, of any script."""

    WORDS: ClassVar = 40
    """Characters of the prompt in it at most."""

    stem: str
    media_type: MediaType

    @classmethod
    def of(cls, prompt: str | None, seed: int | None, media_type: MediaType) -> Self:
        """The name of an image by the prompt and the seed that made it; None is not known."""
        words = re.sub(r"\W+", "-", (prompt or "").lower())[: cls.WORDS].strip("-_") or "image"
        return cls(words if seed is None else f"{words}-{seed}", media_type)

    def __str__(self) -> str:
        return f"{self.stem}.{self.media_type.ending}"

    @property
    def disposition(self) -> str:
        """The value of `Content-Disposition` (RFC 6266) that has a browser save what it gets under this name."""
        name = str(self)
        if name.isascii():
            return f'attachment; filename="{name}"'
        plain = name.encode("ascii", "ignore").decode().lstrip("-_.")
        encoded = "".join(chr(byte) if chr(byte).isascii() else f"%{byte:02X}" for byte in name.encode())  # RFC 8187
        return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"
