"""What ComfyUI writes into a PNG besides pixels: the prompts and the whole workflow, in text chunks."""

from collections.abc import Iterator
from typing import Final

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_BESIDES_DATA: Final = 12  # bytes of a chunk: length, type and checksum
_TEXT: Final = frozenset({b"tEXt", b"zTXt", b"iTXt", b"eXIf"})


def without_text(data: bytes) -> bytes:
    """A PNG without its text and Exif chunks (PNG third edition, 11.3.3 and 11.3.4.5); anything else as it is."""
    if not data.startswith(_SIGNATURE):
        return data
    return b"".join((_SIGNATURE, *(chunk for kind, chunk in _chunks(data) if kind not in _TEXT)))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each chunk with its type; what is left where one is cut short comes as it is."""
    position = len(_SIGNATURE)
    while position < len(data):
        end = position + _BESIDES_DATA + int.from_bytes(data[position : position + 4], "big")
        yield data[position + 4 : position + 8], data[position:end]
        position = end
