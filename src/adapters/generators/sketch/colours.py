"""Colours and their mixing, which averages the squares of stored values: these are close to linear light."""

import math
from typing import Final

import numpy as np

from darkroom.adapters.generators.sketch.arithmetic import ONE, ONE_BITS, Whole, root
from darkroom.adapters.generators.sketch.palettes import Colour

FINE_BITS: Final = 8  # on the canvas, channels are in 256ths of an 8-bit step

RAMP_BITS: Final = 10
RAMP: Final = 1 << RAMP_BITS  # the last index of a ramp


def mixed(one: Colour, other: Colour, part: int) -> Colour:
    """Mix two colours; `part` is the share of `other`, 0..ONE."""
    red, green, blue = (
        math.isqrt((x * x * (ONE - part) + y * y * part) >> ONE_BITS) for x, y in zip(one, other, strict=True)
    )
    return red, green, blue


def level(colour: Colour) -> Whole:
    """Return a colour in canvas units: 3 x 1 x 1."""
    return np.array(colour, np.int32)[:, np.newaxis, np.newaxis] << FINE_BITS


def ramp(*stops: Colour) -> Whole:
    """Return a gradient of RAMP + 1 colours through evenly spaced stops, in canvas units: 3 x (RAMP + 1)."""
    squares = np.array(stops, np.int64).T ** 2 << 2 * FINE_BITS
    place = np.arange(RAMP + 1) * (len(stops) - 1)
    stop = np.minimum(place // RAMP, len(stops) - 2)
    part = place - stop * RAMP
    return root((squares[:, stop] * (RAMP - part) + squares[:, stop + 1] * part) // RAMP)
