"""Reads and removes the text chunks that engines write into PNGs: prompts, the seed, a whole workflow."""

import re
from collections.abc import Callable, Iterator
from typing import Final

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_BESIDES_DATA: Final = 12  # bytes of a chunk: length, type and checksum
_TEXT: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_EXIF: Final = b"eXIf"
# The keyword under which AUTOMATIC1111's web UI and stable-diffusion.cpp write an image's parameters: first the
# prompts, in the last line `Steps: 20, Sampler: Euler, CFG scale: 7, Seed: 42, Size: 512x512, ...`.
_PARAMETERS: Final = b"parameters"
_SEED: Final = re.compile(rb"(?:\0|\n)Steps: [0-9]+, (?:[^\n]*?, )?Seed: ([0-9]{1,20}),")


def without_text(data: bytes) -> bytes:
    """Return a PNG without its text and Exif chunks (PNG third edition, 11.3.3, 11.3.4.5); another file unchanged."""
    return _without(data, lambda kind, _: kind in _TEXT or kind == _EXIF)


def without_parameters(data: bytes) -> bytes:
    """Return a PNG without the text chunk `parameters`, which contains the prompts; another file unchanged."""
    return _without(data, _is_parameters)


def seeds_in_text(data: bytes) -> Iterator[str]:
    """Yield the seed in a PNG's text chunk `parameters`, in decimal digits as written there."""
    for kind, chunk in _chunks(data):
        if _is_parameters(kind, chunk) and (found := _SEED.findall(chunk)):
            yield found[-1].decode()


def _is_parameters(kind: bytes, chunk: bytes) -> bool:
    return kind in _TEXT and chunk.startswith(_PARAMETERS + b"\0", 8)


def _without(data: bytes, unwanted: Callable[[bytes, bytes], bool]) -> bytes:
    if not data.startswith(_SIGNATURE):
        return data
    return b"".join((_SIGNATURE, *(chunk for kind, chunk in _chunks(data) if not unwanted(kind, chunk))))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the type and bytes of each chunk of a PNG; the last one may be truncated."""
    position = len(_SIGNATURE)
    while data.startswith(_SIGNATURE) and position < len(data):
        end = position + _BESIDES_DATA + int.from_bytes(data[position : position + 4], "big")
        yield data[position + 4 : position + 8], data[position:end]
        position = end
