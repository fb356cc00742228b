"""Colours and how they mix. Light adds up: what is mixed are the squares of the stored values, close to its amounts."""

import math
from typing import Final

import numpy as np

from darkroom.adapters.generators.sketch.arithmetic import ONE, ONE_BITS, Whole, root
from darkroom.adapters.generators.sketch.palettes import Colour

FINE_BITS: Final = 8  # on the canvas a channel is counted in 256ths of a step

RAMP_BITS: Final = 10
RAMP: Final = 1 << RAMP_BITS  # the last index of a ramp


def mixed(one: Colour, other: Colour, part: int) -> Colour:
    """The colour that lies `part` of the way (0..ONE) from one to the other."""
    red, green, blue = (
        math.isqrt((x * x * (ONE - part) + y * y * part) >> ONE_BITS) for x, y in zip(one, other, strict=True)
    )
    return red, green, blue


def level(colour: Colour) -> Whole:
    """A colour as it lies on the canvas: 3 x 1 x 1."""
    return np.array(colour, np.int32)[:, np.newaxis, np.newaxis] << FINE_BITS


def ramp(*stops: Colour) -> Whole:
    """RAMP + 1 colours through the stops at even distances, as they lie on the canvas: 3 x (RAMP + 1)."""
    squares = np.array(stops, np.int64).T ** 2 << 2 * FINE_BITS
    place = np.arange(RAMP + 1) * (len(stops) - 1)
    stop = np.minimum(place // RAMP, len(stops) - 2)
    part = place - stop * RAMP
    return root((squares[:, stop] * (RAMP - part) + squares[:, stop + 1] * part) // RAMP)
