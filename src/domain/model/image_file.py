"""What a file says of itself: media type, pixel size and whether it is whole.

Read from its first bytes and its structure, never from what anybody claims; no pixel is decoded.
PNG: W3C PNG third edition, 5. JPEG: ITU-T T.81, annex B. WebP: RFC 9649, 2.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Self

from darkroom.domain.model.errors import InvalidValue

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_JPEG_START = b"\xff\xd8\xff"
# Start-of-frame markers carry the size; C4, C8 and CC in the same range are tables and extensions.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SCAN, _JPEG_END = 0xDA, 0xD9
# What ends the coded pixels of a scan: FF is a marker there unless 00, a restart or a fill byte follows it (B.1.1.5).
_JPEG_NEXT = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length


class MediaType(StrEnum):
    """The raster formats that Darkroom keeps, by their IANA names."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    WEBP = "image/webp"

    @property
    def ending(self) -> str:
        """The file ending, without its dot."""
        return {MediaType.PNG: "png", MediaType.JPEG: "jpg", MediaType.WEBP: "webp"}[self]


@dataclass(frozen=True, slots=True)
class ImageFile:
    """The media type and the size in pixels that an image file's header states."""

    MAX_SIDE: ClassVar = 8192  # pixels, as for an order: beyond it a header is a decompression bomb, not a picture

    media_type: MediaType
    width: int
    height: int

    def __post_init__(self) -> None:
        if not (0 < self.width <= self.MAX_SIDE and 0 < self.height <= self.MAX_SIDE):
            raise InvalidValue(f"its header claims {self.width} x {self.height} pixels")

    @classmethod
    def inspect(cls, data: bytes) -> Self:
        """Read a whole image file; `InvalidValue` says why it is none, or is not whole."""
        if data.startswith(_PNG_SIGNATURE):
            return cls(MediaType.PNG, *_png_size(data))
        if data.startswith(_JPEG_START):
            return cls(MediaType.JPEG, *_jpeg_size(data))
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return cls(MediaType.WEBP, *_webp_size(data))
        raise InvalidValue("it is neither PNG, JPEG nor WebP")


def _cut_short() -> InvalidValue:
    return InvalidValue("it is cut short, or not built as its format demands")


def _big(data: bytes, start: int, length: int) -> int:
    return int.from_bytes(data[start : start + length], "big")


def _little(data: bytes, start: int, length: int) -> int:
    return int.from_bytes(data[start : start + length], "little")


def _png_size(data: bytes) -> tuple[int, int]:
    position, kind, data_seen = len(_PNG_SIGNATURE), b"", False
    if data[12:16] != b"IHDR" or _big(data, 8, 4) != 13:  # noqa: PLR2004  # the header chunk is 13 bytes long
        raise _cut_short()
    while kind != b"IEND":
        if position + 12 > len(data):
            raise _cut_short()
        kind = data[position + 4 : position + 8]
        data_seen = data_seen or kind == b"IDAT"
        position += 12 + _big(data, position, 4)
    # Nothing may follow the end: what does is another file riding along.
    if position != len(data) or not data_seen:
        raise _cut_short()
    return _big(data, 16, 4), _big(data, 20, 4)


def _jpeg_size(data: bytes) -> tuple[int, int]:
    position, size, pixels_seen = 2, None, False
    while position + 2 <= len(data):
        if data[position] != 0xFF:  # noqa: PLR2004  # every marker begins with FF
            raise _cut_short()
        marker = data[position + 1]
        if marker == _JPEG_END:
            break
        if marker == 0xFF:  # noqa: PLR2004  # fill bytes may stand before a marker
            position += 1
            continue
        if marker in _JPEG_BARE:
            position += 2
            continue
        if marker in _JPEG_FRAMES:
            size = _big(data, position + 7, 2), _big(data, position + 5, 2)
        position += 2 + max(_big(data, position + 2, 2), 2)
        if marker == _JPEG_SCAN:
            following = _JPEG_NEXT.search(data, position)
            position, pixels_seen = following.start() if following else len(data), True
    # Nothing may follow the end, as with PNG.
    if position + 2 != len(data) or size is None or not pixels_seen:
        raise _cut_short()
    return size


def _webp_size(data: bytes) -> tuple[int, int]:
    if _little(data, 4, 4) + 8 != len(data):
        raise _cut_short()
    match data[12:16]:
        case b"VP8 " if data[23:26] == b"\x9d\x01\x2a":
            return _little(data, 26, 2) & 0x3FFF, _little(data, 28, 2) & 0x3FFF
        case b"VP8L" if data[20:21] == b"\x2f":
            bits = _little(data, 21, 4)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X" if len(data) >= 30:  # noqa: PLR2004  # RIFF header, chunk header, flags, size
            return _little(data, 24, 3) + 1, _little(data, 27, 3) + 1
        case _:
            raise _cut_short()
