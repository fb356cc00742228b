"""XMP in WebP: a chunk of the extended file format (RFC 9649, 2.7).

A simple file is a single bitstream chunk; to carry metadata it becomes an extended one, whose `VP8X` chunk says how
large the canvas is and what else the file has. A C2PA manifest lies in a `C2PA` chunk (C2PA specification, A.3.3).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from darkroom.adapters.marks.embedded import Embedded, misbuilt
from darkroom.domain.model.image_file import ImageFile

_XMP_FLAG, _ALPHA_FLAG = 0x04, 0x10
_BEFORE_XMP: Final = frozenset({b"VP8X", b"ICCP", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L", b"EXIF"})


def embedded(data: bytes) -> Embedded:
    """What a file carries; `InvalidValue` where it is not whole."""
    chunks = list(_chunks(data))
    xmp = next((bytes(chunk.payload) for chunk in chunks if chunk.kind == b"XMP "), None)
    return Embedded(xmp, any(chunk.kind == b"C2PA" for chunk in chunks))


def with_xmp(data: bytes, packet: bytes) -> bytes:
    """The same file with this packet, in place of one that it had; `InvalidValue` where it is not whole."""
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
        """What it is written as; images are large, and copied once."""
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
    """The `VP8X` chunk of a file that was simple; of those only a lossless one may be transparent."""
    # After the signature byte: 14 bits each for width and height, less one, then the bit for transparency.
    transparent = bitstream.kind == b"VP8L" and int.from_bytes(bitstream.payload[1:5], "little") >> 28 & 1
    flags = _XMP_FLAG | (_ALPHA_FLAG if transparent else 0)
    canvas = (file.width - 1).to_bytes(3, "little") + (file.height - 1).to_bytes(3, "little")
    return _Chunk(b"VP8X", bytes([flags, 0, 0, 0]) + canvas)
