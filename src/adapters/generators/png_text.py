"""What engines write into a PNG besides pixels: prompts, the seed, a whole workflow, in text chunks."""

import re
from collections.abc import Callable, Iterator
from typing import Final

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_BESIDES_DATA: Final = 12  # bytes of a chunk: length, type and checksum
_TEXT: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_EXIF: Final = b"eXIf"
# The keyword of AUTOMATIC1111's web UI and of stable-diffusion.cpp for what they drew an image with. The prompts come
# first; the last line is `Steps: 20, Sampler: Euler, CFG scale: 7, Seed: 42, Size: 512x512, ...`.
_PARAMETERS: Final = b"parameters"
_SEED: Final = re.compile(rb"(?:\0|\n)Steps: [0-9]+, (?:[^\n]*?, )?Seed: ([0-9]{1,20}),")


def without_text(data: bytes) -> bytes:
    """A PNG without its text and Exif chunks (PNG third edition, 11.3.3 and 11.3.4.5); anything else as it is."""
    return _without(data, lambda kind, _: kind in _TEXT or kind == _EXIF)


def without_parameters(data: bytes) -> bytes:
    """A PNG without the text `parameters`, which holds the prompts; anything else as it is, other texts too."""
    return _without(data, _is_parameters)


def seeds_in_text(data: bytes) -> Iterator[str]:
    """The seed in a PNG's text `parameters`, as it is written there."""
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
    """Each chunk of a PNG with its type; what is left where one is cut short comes as it is."""
    position = len(_SIGNATURE)
    while data.startswith(_SIGNATURE) and position < len(data):
        end = position + _BESIDES_DATA + int.from_bytes(data[position : position + 4], "big")
        yield data[position + 4 : position + 8], data[position:end]
        position = end
