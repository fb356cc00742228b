"""XMP in WebP: a chunk of the extended file format (RFC 9649, 2.7).

A simple file has a single bitstream chunk. Adding metadata turns it into an extended one, whose `VP8X` chunk gives the
canvas size and flags for the other chunks. A C2PA manifest is in a `C2PA` chunk (C2PA specification, A.3.3).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from darkroom.adapters.marks.embedded import Embedded, misbuilt
from darkroom.domain.model.image_file import ImageFile

_XMP_FLAG, _ALPHA_FLAG = 0x04, 0x10
_BEFORE_XMP: Final = frozenset({b"VP8X", b"ICCP", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L", b"EXIF"})


def embedded(data: bytes) -> Embedded:
    """Return a file's metadata.

    Raises:
        InvalidValue: the file is incomplete.
    """
    chunks = list(_chunks(data))
    xmp = next((bytes(chunk.payload) for chunk in chunks if chunk.kind == b"XMP "), None)
    return Embedded(xmp, any(chunk.kind == b"C2PA" for chunk in chunks))


def with_xmp(data: bytes, packet: bytes) -> bytes:
    """Return the file with `packet` as its only XMP packet.

    Raises:
        InvalidValue: the file is malformed or incomplete.
    """
    first, *others = [chunk for chunk in _chunks(data) if chunk.kind != b"XMP "]
    header = _with_flag(first) if first.kind == b"VP8X" else _header_for(first, ImageFile.inspect(data))
    chunks = [header, *others] if first.kind == b"VP8X" else [header, first, *others]
    place = 1 + max(number for number, chunk in enumerate(chunks) if chunk.kind in _BEFORE_XMP)
    chunks.insert(place, _Chunk(b"XMP ", packet))
    parts = [b"WEBP", *(part for chunk in chunks for part in chunk.parts)]
    length = sum(len(part) for part in parts)
    return b"".join([b"RIFF", length.to_bytes(4, "little"), *parts])


@dataclass(frozen=True, slots=True)
class _Chunk:
    kind: bytes
    payload: bytes | memoryview

    @property
    def parts(self) -> Iterable[bytes | memoryview]:
        """The byte strings that the chunk is written as, not joined yet: images are large, and copied once."""
        return self.kind, len(self.payload).to_bytes(4, "little"), self.payload, b"\0" * (len(self.payload) % 2)


def _chunks(data: bytes) -> Iterator[_Chunk]:
    position, view = 12, memoryview(data)
    while position < len(data):
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        if position + 8 + length > len(data):
            raise misbuilt()
        yield _Chunk(data[position : position + 4], view[position + 8 : position + 8 + length])
        position += 8 + length + length % 2


def _with_flag(header: _Chunk) -> _Chunk:
    if not header.payload:
        raise misbuilt()
    return _Chunk(header.kind, bytes([header.payload[0] | _XMP_FLAG]) + header.payload[1:])


def _header_for(bitstream: _Chunk, file: ImageFile) -> _Chunk:
    """Return the `VP8X` chunk for a simple file; only a lossless one can have transparency."""
    # After the signature byte: 14 bits each for width and height, less one, then the bit for transparency.
    transparent = bitstream.kind == b"VP8L" and int.from_bytes(bitstream.payload[1:5], "little") >> 28 & 1
    flags = _XMP_FLAG | (_ALPHA_FLAG if transparent else 0)
    canvas = (file.width - 1).to_bytes(3, "little") + (file.height - 1).to_bytes(3, "little")
    return _Chunk(b"VP8X", bytes([flags, 0, 0, 0]) + canvas)
