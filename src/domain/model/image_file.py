"""Detects an image file's media type and size, and whether it is whole.

All of it is read from the bytes, not from a declared type; no pixel is decoded.
PNG: W3C PNG third edition, 5. JPEG: ITU-T T.81, annex B. WebP: RFC 9649, 2.
"""

import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Self

from darkroom.domain.model.errors import InvalidValue

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNK = struct.Struct(">I4s")  # length of the data, chunk type
_JPEG_START = b"\xff\xd8\xff"
# Start-of-frame markers hold the size; C4, C8 and CC in the same range are tables and extensions.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SCAN, _JPEG_END = 0xDA, 0xD9
# FF begins a marker unless 00 follows; FF fill bytes may precede it (B.1.1.2, B.1.1.5).
_JPEG_MARKER = re.compile(rb"\xff+[^\x00\xff]")
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length

_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # samples per pixel by colour type (PNG, 11.2.1)
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_UNPACKED_AT_ONCE = 2**20


class MediaType(StrEnum):
    """The image formats that Darkroom stores, by their IANA media types."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    WEBP = "image/webp"

    @property
    def ending(self) -> str:
        """The file name extension, without its dot."""
        return {MediaType.PNG: "png", MediaType.JPEG: "jpg", MediaType.WEBP: "webp"}[self]


@dataclass(frozen=True, slots=True)
class ImageFile:
    """The media type of an image file, and the size in pixels that its header declares."""

    MAX_SIDE: ClassVar = 8192  # pixels, as for an order; larger ones are treated as decompression bombs

    media_type: MediaType
    width: int
    height: int

    def __post_init__(self) -> None:
        if not (0 < self.width <= self.MAX_SIDE and 0 < self.height <= self.MAX_SIDE):
            raise InvalidValue(f"its header claims {self.width} x {self.height} pixels")

    @classmethod
    def inspect(cls, data: bytes) -> Self:
        """Return the type and size of bytes that are exactly one whole image file.

        Raises:
            InvalidValue: they are not an image file, the file is not whole, or more bytes follow its end.
        """
        file, end = cls._measure(data)
        if end != len(data):
            raise InvalidValue("other bytes follow its end")
        return file

    @classmethod
    def recover(cls, data: bytes) -> tuple[Self, bytes]:
        """Return the type and size of the image file at the start of `data`, and its bytes without what follows it.

        A PNG that has all pixels but whose end is missing gets a new IEND chunk.

        Raises:
            InvalidValue: `data` does not begin with a whole image file.
        """
        try:
            file, end = cls._measure(data)
        except CutShort:
            ended = _png_with_an_end(data) if data.startswith(_PNG_SIGNATURE) else None
            if ended is None:
                raise
            return cls.inspect(ended), ended
        return file, data[:end]

    @classmethod
    def _measure(cls, data: bytes) -> tuple[Self, int]:
        """Return the type and size of the file at the start of `data`, and its length in bytes."""
        if data.startswith(_PNG_SIGNATURE):
            width, height, end = _png_size(data)
            return cls(MediaType.PNG, width, height), end
        if data.startswith(_JPEG_START):
            width, height, end = _jpeg_size(data)
            return cls(MediaType.JPEG, width, height), end
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            width, height, end = _webp_size(data)
            return cls(MediaType.WEBP, width, height), end
        raise InvalidValue("it is neither PNG, JPEG nor WebP")


class CutShort(InvalidValue):
    """The bytes begin like an image file, but it is incomplete or malformed."""

    def __init__(self) -> None:
        super().__init__("it is cut short, or does not conform to its format")


def _png_with_an_end(data: bytes) -> bytes | None:
    """Return a truncated PNG with a new end; None if pixels are missing too."""
    start, (width, height, depth, colour, interlaced) = _png_pixels_begin(data)
    if not start:
        return None
    coded, position = [], start
    while data[position + 4 : position + 8] == b"IDAT":
        coded.append(data[position + 8 : position + 8 + _big(data, position, 4)])
        position += 12 + _big(data, position, 4)
    needed = sum(
        lines * (1 + (columns * depth * _PNG_CHANNELS.get(colour, 0) + 7) // 8)
        for columns, lines in _png_passes(width, height, interlaced)
        if columns
    )
    if not needed or not _unpacks_to(needed, coded):
        return None
    return data[:start] + _png_chunk(b"IDAT", b"".join(coded)) + _png_chunk(b"IEND", b"")


def _png_pixels_begin(data: bytes) -> tuple[int, tuple[int, int, int, int, int]]:
    """Return the offset of the first IDAT chunk, 0 if there is none, and five fields of IHDR.

    These are width, height, bit depth, colour type and interlace method; all 0 if there is no IHDR.
    """
    position, header = len(_PNG_SIGNATURE), (0, 0, 0, 0, 0)
    while position + 12 <= len(data):
        kind = data[position + 4 : position + 8]
        if kind == b"IHDR":
            width, height = _big(data, position + 8, 4), _big(data, position + 12, 4)
            depth, colour, interlaced = (_big(data, position + place, 1) for place in (16, 17, 20))
            header = (width, height, depth, colour, interlaced)
        if kind == b"IDAT":
            return position, header
        position += 12 + _big(data, position, 4)
    return 0, header


def _png_passes(width: int, height: int, interlaced: int) -> Iterator[tuple[int, int]]:
    """Yield the columns and lines of each pass: seven if interlaced by Adam7 (PNG, 8), otherwise one."""
    for left, top, across, down in _ADAM7 if interlaced else ((0, 0, 1, 1),):
        yield (width - left + across - 1) // across, (height - top + down - 1) // down


def _unpacks_to(needed: int, coded: Iterable[bytes]) -> bool:
    """Return whether the zlib stream `coded` decompresses to at least `needed` bytes, without keeping them."""
    unpacker = zlib.decompressobj()
    try:
        for piece in coded:
            rest = piece
            while rest and needed > 0:
                # Stop at what is needed: a wrong checksum behind it does not matter.
                needed -= len(unpacker.decompress(rest, min(needed, _UNPACKED_AT_ONCE)))
                rest = unpacker.unconsumed_tail
    except zlib.error:
        return False
    return needed <= 0


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")


def _big(data: bytes, start: int, length: int) -> int:
    return int.from_bytes(data[start : start + length], "big")


def _little(data: bytes, start: int, length: int) -> int:
    return int.from_bytes(data[start : start + length], "little")


def _png_size(data: bytes) -> tuple[int, int, int]:
    """Return width and height in pixels, and the offset of the end."""
    position, kind, data_seen, size = len(_PNG_SIGNATURE), b"", False, (0, 0)
    while kind != b"IEND":
        if position + 12 > len(data):
            raise CutShort
        length, kind = _PNG_CHUNK.unpack_from(data, position)
        if kind == b"IHDR" and not data_seen:
            size = _big(data, position + 8, 4), _big(data, position + 12, 4)
        data_seen = data_seen or kind == b"IDAT"
        position += 12 + length
    if position > len(data) or not data_seen or size == (0, 0):
        raise CutShort
    return *size, position


def _jpeg_size(data: bytes) -> tuple[int, int, int]:
    """Return width and height in pixels, and the offset of the end.

    Bytes between segments that are not a marker are skipped, as decoders do.
    """
    position, size, pixels = 2, None, 0
    while found := _JPEG_MARKER.search(data, position):
        marker, position = found[0][-1], found.end()
        if marker == _JPEG_END:
            if size is None or not pixels:
                break
            return *size, position
        if marker in _JPEG_BARE:
            continue
        if marker in _JPEG_FRAMES:
            size = _big(data, position + 5, 2), _big(data, position + 3, 2)
        position += max(_big(data, position, 2), 2)
        if marker == _JPEG_SCAN and not pixels:
            pixels = position
    # Damaged pixel data may look like a marker with a length that leads past the end: search for the end again.
    end = data.find(bytes((0xFF, _JPEG_END)), pixels) + 2 if size and pixels else 0
    if size is None or end < pixels + 2:
        raise CutShort
    return *size, end


def _webp_size(data: bytes) -> tuple[int, int, int]:
    """Return width and height in pixels, and the offset of the end."""
    end = _little(data, 4, 4) + 8
    if end > len(data):
        raise CutShort
    match data[12:16]:
        case b"VP8 " if data[23:26] == b"\x9d\x01\x2a":
            return _little(data, 26, 2) & 0x3FFF, _little(data, 28, 2) & 0x3FFF, end
        case b"VP8L" if data[20:21] == b"\x2f":
            bits = _little(data, 21, 4)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, end
        case b"VP8X" if len(data) >= 30:  # noqa: PLR2004  # RIFF header, chunk header, flags, size
            return _little(data, 24, 3) + 1, _little(data, 27, 3) + 1, end
        case _:
            raise CutShort
