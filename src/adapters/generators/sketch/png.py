"""A writer for PNG files (ISO/IEC 15948) of 8-bit RGB, from the top row down."""

import struct
import zlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_WINDOW_BITS: Final = 15
_MEMORY_LEVEL: Final = 9
_CHANNELS: Final = 3
_FILTERS: Final = np.array([1, 2, 3], np.uint8)  # sub, up, average


class PngWriter:
    """Compresses rows as they are written; it keeps only the compressed data and the last row."""

    def __init__(self, width: int, height: int) -> None:
        self._header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        self._above = np.zeros((1, _CHANNELS * width), np.uint8)
        # Filtered grain hardly ever repeats: searching for matches would take time and make files larger.
        self._deflate = zlib.compressobj(1, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL, zlib.Z_HUFFMAN_ONLY)
        self._deflated: list[bytes] = []

    def write(self, rows: NDArray[np.uint8]) -> None:
        """Append rows: an array of rows x columns x 3."""
        count = len(rows)
        pixels = rows.reshape(count, -1)
        above = np.concatenate((self._above, pixels[:-1]))
        left = np.zeros_like(pixels)
        left[:, _CHANNELS:] = pixels[:, :-_CHANNELS]
        # The average of two bytes, rounded down, without overflow: the common bits plus half of the differing ones.
        average = (above & left) + ((above ^ left) >> 1)
        choices = np.stack((pixels - left, pixels - above, pixels - average))
        # For each row, use the filter with the least sum of absolute differences, as the standard suggests.
        best = np.abs(choices.view(np.int8)).sum(axis=2, dtype=np.uint32).argmin(axis=0)
        filtered = np.column_stack((_FILTERS[best], choices[best, np.arange(count)]))
        self._above = pixels[-1:].copy()
        self._deflated.append(self._deflate.compress(filtered.data))

    def finish(self) -> bytes:
        """Return the complete file."""
        pixels = b"".join((*self._deflated, self._deflate.flush()))
        return _SIGNATURE + _chunk(b"IHDR", self._header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return b"".join((struct.pack(">I", len(body)), kind, body, struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))))
