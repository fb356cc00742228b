"""Renders layers to a PNG, a strip of rows at a time, so that a large picture needs little memory."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from darkroom.adapters.generators.sketch.arithmetic import Whole, clipped, piece, words
from darkroom.adapters.generators.sketch.canvas import COARSE, Band, Frame, Layer, Paper, Strip
from darkroom.adapters.generators.sketch.chance import Chance
from darkroom.adapters.generators.sketch.colours import FINE_BITS
from darkroom.adapters.generators.sketch.png import PngWriter

_STRIP: Final = 1 << 16  # pixels of a strip, so that its arrays fit into the processor's L2 cache


def painted(frame: Frame, layers: Sequence[Layer], paper: Paper, chance: Chance) -> bytes:
    """Return the picture as a PNG file; the first layer MUST be opaque everywhere."""
    height = max(COARSE, _STRIP // frame.width // COARSE * COARSE)
    ends = _ends(frame, layers)
    grain = _grain(chance, height, frame.width)
    png = PngWriter(frame.width, frame.height)
    for top in range(0, frame.height, height):
        rows = min(height, frame.height - top)
        band = Band(np.empty((3, rows, frame.width), np.int32), top, Strip(paper, top, rows))
        for layer, end in zip(layers, ends, strict=True):
            part = band.part(layer.first, min(layer.end, end))
            if len(part):
                layer.paint(part)
        pixels = band.pixels
        pixels += grain[:rows]
        pixels >>= FINE_BITS
        png.write(np.stack(list(clipped(pixels, 0, 255).astype(np.uint8)), axis=2))
    return png.finish()


def _ends(frame: Frame, layers: Sequence[Layer]) -> list[int]:
    """Return, for each layer, the row from which on a later one hides it."""
    ends = [frame.height]
    for layer in reversed(layers[1:]):
        ends.append(min(ends[-1], layer.opaque))
    return ends[::-1]


def _grain(chance: Chance, rows: int, width: int) -> Whole:
    """Return fine grain, equal for all channels; it also dithers gradients, which would otherwise show bands."""
    noise = words(chance, rows * width)
    return (piece(noise, 0, FINE_BITS) + piece(noise, FINE_BITS, FINE_BITS)).reshape(rows, width)
