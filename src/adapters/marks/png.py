"""XMP in PNG: an `iTXt` chunk (XMP specification part 3, 1.1.5; W3C PNG third edition, 11.3.3.4).

A C2PA manifest is in a `caBX` chunk (C2PA specification, A.3.2).
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from darkroom.adapters.marks.embedded import Embedded, misbuilt

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_KEYWORD: Final = b"XML:com.adobe.xmp"
# Not compressed, no language, no translated keyword.
_HEAD: Final = _KEYWORD + b"\0\0\0\0\0"
# Bytes: a packet that decompresses to more is a decompression bomb.
_LONGEST_PACKET: Final = 2**22


def embedded(data: bytes) -> Embedded:
    """Return a file's metadata.

    Raises:
        InvalidValue: the file is incomplete.
    """
    xmp, manifest = None, False
    for chunk in _chunks(data):
        if chunk.kind == b"caBX":
            manifest = True
        elif xmp is None and chunk.is_xmp(data):
            xmp = _text(chunk.payload(data))
    return Embedded(xmp, manifest)


def with_xmp(data: bytes, packet: bytes) -> bytes:
    """Return the file with `packet` as its only XMP packet.

    Raises:
        InvalidValue: the file is incomplete.
    """
    view = memoryview(data)  # images are large, and copied once
    kept = [view[chunk.start : chunk.end] for chunk in _chunks(data) if not chunk.is_xmp(data)]
    header, rest = kept[0], kept[1:]
    return b"".join([_SIGNATURE, header, _chunk(b"iTXt", _HEAD + packet), *rest])


@dataclass(frozen=True, slots=True)
class _Chunk:
    kind: bytes
    start: int
    end: int

    def payload(self, data: bytes) -> bytes:
        return data[self.start + 8 : self.end - 4]

    def is_xmp(self, data: bytes) -> bool:
        return self.kind == b"iTXt" and data.startswith(_KEYWORD + b"\0", self.start + 8)


def _chunks(data: bytes) -> Iterator[_Chunk]:
    position, kind = len(_SIGNATURE), b""
    while kind != b"IEND":
        kind = data[position + 4 : position + 8]
        end = position + 12 + int.from_bytes(data[position : position + 4], "big")
        if end > len(data):
            raise misbuilt()
        yield _Chunk(kind, position, end)
        position = end


def _text(payload: bytes) -> bytes:
    """Return the text of an `iTXt` chunk, decompressed; empty if it cannot be decompressed."""
    compressed, method = payload[len(_KEYWORD) + 1 : len(_KEYWORD) + 2], payload[len(_KEYWORD) + 2 : len(_KEYWORD) + 3]
    _, _, translated_and_text = payload[len(_KEYWORD) + 3 :].partition(b"\0")
    _, _, text = translated_and_text.partition(b"\0")
    if compressed != b"\1" or method != b"\0":
        return text
    try:
        return zlib.decompressobj().decompress(text, _LONGEST_PACKET)
    except zlib.error:
        return b""


def _chunk(kind: bytes, payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + kind + payload + zlib.crc32(kind + payload).to_bytes(4, "big")
