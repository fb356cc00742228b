"""Faults of the bytes of an image: not an image, half an image, a false header."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from simulators.faults.fault import AnyFault, OfBytes
from simulators.pictures import Picture

HTML = b"<!doctype html><title>Not here</title><script>alert(document.domain)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(document.domain)"/>'
TEXT = b"This is not an image.\n"
GIF = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"

ENORMOUS_SIDE = 65_500
ENORMOUS_WEBP_SIDE = 16_383
"""The largest side that the 14 bits of a lossy WebP can hold."""


def instead(data: bytes) -> Callable[[Picture], bytes]:
    return lambda picture: data


def half(picture: Picture) -> bytes:
    data = picture.encoded()
    return data[: len(data) // 2]


def without_its_end(picture: Picture) -> bytes:
    return picture.encoded()[:-2]


def with_a_tail(picture: Picture) -> bytes:
    return picture.encoded() + HTML


def of_other_size(picture: Picture) -> bytes:
    return replace(picture, width=picture.width // 2).encoded()


def of_other_format(picture: Picture) -> bytes:
    return replace(picture, image_format="webp" if picture.image_format == "png" else "png").encoded()


def enormous(picture: Picture) -> bytes:
    """Return the image with a header that declares a size that does not fit into memory."""
    data = bytearray(picture.encoded())
    match picture.image_format:
        case "png":
            # Signature (8 bytes), then the chunk IHDR: length, name, width and height, five more bytes, checksum.
            data[16:24] = struct.pack(">II", ENORMOUS_SIDE, ENORMOUS_SIDE)
            data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
        case "jpeg":
            # The frame header SOF0 or SOF2: marker, length, precision, then height and width.
            frame = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
            data[frame + 5 : frame + 9] = struct.pack(">HH", ENORMOUS_SIDE, ENORMOUS_SIDE)
        case "webp":
            # RIFF and chunk headers (20 bytes), frame tag and start code (6), then width and height.
            data[26:30] = struct.pack("<HH", ENORMOUS_WEBP_SIDE, ENORMOUS_WEBP_SIDE)
        case _:
            assert_never(picture.image_format)
    return bytes(data)


def _bytes(name: str, sentence: str, act: Callable[[Picture], bytes]) -> OfBytes:
    return OfBytes(f"image-{name}", sentence, act, reads=("index",))


MENU: tuple[AnyFault, ...] = (
    _bytes("html", "HTML with a script in place of the image.", instead(HTML)),
    _bytes("svg", "SVG with a script in place of the image.", instead(SVG)),
    _bytes("text", "Plain text in place of the image.", instead(TEXT)),
    _bytes("gif", "A GIF, a format that cannot be ordered.", instead(GIF)),
    _bytes("zero-bytes", "No bytes.", instead(b"")),
    _bytes("cut-short", "The first half of the image, as a complete answer.", half),
    _bytes("without-its-end", "The image without its last two bytes.", without_its_end),
    _bytes("with-a-tail", "The image, followed by HTML.", with_a_tail),
    _bytes("enormous", "The image, with a header that declares billions of pixels.", enormous),
    _bytes("of-other-size", "An image half as wide as ordered.", of_other_size),
    _bytes("of-other-format", "A PNG, or a WebP if a PNG was ordered.", of_other_format),
)
