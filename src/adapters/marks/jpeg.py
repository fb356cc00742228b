"""XMP in JPEG: an APP1 segment (XMP specification part 3, 1.1.3).

A C2PA manifest is in APP11 segments, as JPEG XT boxes of type `jumb` (C2PA specification, A.3.1).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from darkroom.adapters.marks.embedded import Embedded, misbuilt
from darkroom.domain.model.errors import InvalidValue

_NAMESPACE: Final = b"http://ns.adobe.com/xap/1.0/\0"
_EXIF: Final = b"Exif\0"
_LONGEST: Final = 65_533  # bytes of a segment's payload: its 16-bit length counts its own 2 bytes
_APP0, _APP1, _APP11, _SCAN = 0xE0, 0xE1, 0xEB, 0xDA
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length


def embedded(data: bytes) -> Embedded:
    """Return a file's metadata.

    Raises:
        InvalidValue: the file is malformed or incomplete.
    """
    xmp, manifest = None, False
    for segment in _segments(data):
        if segment.marker == _APP11 and b"jumb" in segment.payload and b"c2pa" in segment.payload:
            manifest = True
        elif xmp is None and segment.is_xmp:
            xmp = segment.payload[len(_NAMESPACE) :]
    return Embedded(xmp, manifest)


def with_xmp(data: bytes, packet: bytes) -> bytes:
    """Return the file with `packet` as its only XMP packet.

    Leading JFIF and Exif segments stay in front, as both specifications demand (JFIF 1.02; Exif 3.0, 4.5.4).

    Raises:
        InvalidValue: the file is malformed or incomplete, or the packet is too long for a segment.
    """
    payload = _NAMESPACE + packet
    if len(payload) > _LONGEST:
        raise InvalidValue("its XMP packet is too long for a JPEG")
    view = memoryview(data)  # images are large, and copied once
    head, rest, first = [view[:2]], list[memoryview](), True
    end = 2
    for segment in _segments(data):
        first = first and (segment.marker == _APP0 or segment.payload.startswith(_EXIF))
        if not segment.is_xmp:
            (head if first else rest).append(view[segment.start : segment.end])
        end = segment.end
    ours = b"\xff\xe1" + (len(payload) + 2).to_bytes(2, "big") + payload
    return b"".join([*head, ours, *rest, view[end:]])


@dataclass(frozen=True, slots=True)
class _Segment:
    """A marker segment before the first scan, from `start`, including fill bytes, to `end`, exclusive."""

    marker: int
    start: int
    end: int
    payload: bytes

    @property
    def is_xmp(self) -> bool:
        return self.marker == _APP1 and self.payload.startswith(_NAMESPACE)


def _segments(data: bytes) -> Iterator[_Segment]:
    position = 2
    while True:
        start = position
        while data[position : position + 2] == b"\xff\xff":
            position += 1
        if position + 4 > len(data) or data[position] != 0xFF:  # noqa: PLR2004  # every marker begins with FF
            raise misbuilt()
        marker = data[position + 1]
        if marker == _SCAN:
            return
        length = 0 if marker in _BARE else max(int.from_bytes(data[position + 2 : position + 4], "big"), 2)
        position += 2 + length
        if position > len(data):
            raise misbuilt()
        yield _Segment(marker, start, position, data[position - length + 2 : position] if length else b"")
