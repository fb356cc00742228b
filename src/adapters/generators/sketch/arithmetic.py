"""Fixed-point arithmetic in integers: the same results on every machine, unlike floating point.

Arrays are of 32 bits and overflow silently, so every product must stay below 2**31 for pictures of up to 2048 pixels a
side.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkroom.adapters.generators.sketch.chance import Chance

Whole = NDArray[np.int32]
Words = NDArray[np.uint32]

ONE_BITS: Final = 12
ONE: Final = 1 << ONE_BITS  # represents 1.0 in shares, noise and coordinates

TURN_BITS: Final = 12
TURN: Final = 1 << TURN_BITS  # a full turn, in units of angle


def whole_range(count: int, start: int = 0) -> Whole:
    """Return the `count` integers from `start` on."""
    return np.arange(start, start + count, dtype=np.int32)


def clipped(values: Whole, low: int = 0, high: int = ONE) -> Whole:
    """Clip `values` in place to low..high, and return them."""
    return np.clip(values, low, high, out=values)


def share(values: Whole, part: Whole | int) -> Whole:
    """Return `values` times `part`, which is in units of ONE; products must fit into 32 bits."""
    product = values * part
    product >>= ONE_BITS
    return product


def scaled(values: Whole, part: Whole | int) -> Whole:
    """Return the same as `share`, for products of more than 32 bits."""
    return (values.astype(np.int64) * part >> ONE_BITS).astype(np.int32)


def between(start: int, end: int, part: int) -> int:
    """Interpolate linearly from `start` to `end` by `part`, 0..ONE."""
    return start + ((end - start) * part >> ONE_BITS)


def smooth(part: Whole) -> Whole:
    """Apply the ease curve of Perlin (2002), 6p^5 - 15p^4 + 10p^3, from 0..ONE to 0..ONE."""
    cube = share(share(part, part), part)
    return share(cube, share(part, 6 * part - 15 * ONE) + 10 * ONE)


def stirred(words: Words) -> Words:
    """Hash each word with "lowbias32" (Wellons, 2018)."""
    words = words ^ (words >> np.uint32(16))
    words *= np.uint32(0x7FEB352D)
    words ^= words >> np.uint32(15)
    words *= np.uint32(0x846CA68B)
    words ^= words >> np.uint32(16)
    return words


def word(chance: Chance) -> np.uint32:
    """Return 32 random bits."""
    return np.uint32(chance.bits() >> 32)


def words(chance: Chance, count: int) -> Words:
    """Return `count` words of 32 random bits each."""
    return stirred(np.arange(count, dtype=np.uint32) + word(chance))


def piece(of: Words, low: int, size: int) -> Whole:
    """Return `size` bits of each word, from bit `low` up, as integers 0..2**size - 1."""
    return (of >> np.uint32(low) & np.uint32((1 << size) - 1)).astype(np.int32)


def direction(x: Whole, y: Whole) -> Whole:
    """Return the angle of each vector, 0..TURN - 1, to a thousandth of a turn; x and y are broadcast together."""
    width, height = np.abs(x), np.abs(y)
    slope = (np.minimum(width, height) << ONE_BITS) // np.maximum(np.maximum(width, height), 1)
    # atan(s) = s pi / 4 + 0.273 s (1 - s) (Rajan et al. 2006); 178 / ONE is 0.273 / (2 pi).
    angle = (slope >> 3) + share(share(slope, ONE - slope), 178)
    angle = np.where(height > width, TURN // 4 - angle, angle)
    angle = np.where(x < 0, TURN // 2 - angle, angle)
    angle = np.where(y < 0, -angle, angle)
    return angle & TURN - 1


def root(squares: NDArray[np.int32] | NDArray[np.int64]) -> Whole:
    """Return the square root of each number up to 2**50, rounded down.

    Floating point is safe here: IEEE 754 requires a correctly rounded square root, which is the same everywhere.
    """
    return np.sqrt(squares, dtype=np.float64).astype(np.int32)
