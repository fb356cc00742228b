"""The images of simulators: real PNG, WebP and JPEG files of exactly the ordered size."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, assert_never

from PIL import Image
from PIL.PngImagePlugin import PngInfo

GRAINS = 12
PNG_BLOCK = 4
"""The side, in pixels, of the squares of one colour in a PNG: smooth ones take five times as long to encode."""

ImageFormat = Literal["webp", "jpeg", "png"]


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that is encoded when it is fetched.

    The pixels depend only on `recipe`: equal pictures have equal bytes, and another recipe gives a clearly different
    image. `width` and `height` are in pixels, `quality` (1 to 100) is for WebP and JPEG. `parameters` is the text under
    that keyword in a PNG, as web UIs write it.
    """

    recipe: str
    width: int
    height: int
    image_format: ImageFormat = "webp"
    quality: int = 70
    parameters: str = ""

    @property
    def media_type(self) -> str:
        return f"image/{self.image_format}"

    def encoded(self) -> bytes:
        return _encoded(self)


@lru_cache(maxsize=64)
def _encoded(picture: Picture) -> bytes:
    # A few coloured pixels, enlarged: smooth enough to be encoded fast, even at 2048 x 2048.
    grains = hashlib.shake_256(picture.recipe.encode()).digest(3 * GRAINS * GRAINS)
    block = PNG_BLOCK if picture.image_format == "png" else 1
    image = Image.frombytes("RGB", (GRAINS, GRAINS), grains).resize(
        (-(-picture.width // block), -(-picture.height // block)), Image.Resampling.BICUBIC
    )
    file = io.BytesIO()
    match picture.image_format:
        case "webp":
            image.save(file, "WEBP", quality=picture.quality, method=0)
        case "jpeg":
            image.save(file, "JPEG", quality=picture.quality)
        case "png":
            written = PngInfo()
            if picture.parameters:
                written.add_text("parameters", picture.parameters)
            image = image.resize((picture.width, picture.height), Image.Resampling.NEAREST)
            image.save(file, "PNG", compress_level=1, pnginfo=written)
        case _:
            assert_never(picture.image_format)
    return file.getvalue()
