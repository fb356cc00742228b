"""Value noise in integers, the source of clouds, ridges, ripples and marbling."""

from typing import Final

import numpy as np

from darkroom.adapters.generators.sketch.arithmetic import ONE, ONE_BITS, Whole, piece, smooth, words
from darkroom.adapters.generators.sketch.chance import Chance

_SIDE_BITS: Final = 6
_SIDE: Final = (1 << _SIDE_BITS) - 1
_SHIFT: Final = 7919  # offset between octaves: aligned cells would be visible


class Noise:
    """A plane of smooth noise, with cells of side ONE; it repeats after 64 cells.

    Coordinates x and y are broadcast together.
    """

    def __init__(self, chance: Chance) -> None:
        self._lattice = piece(words(chance, 1 << 2 * _SIDE_BITS), 0, ONE_BITS + 1) - ONE

    def at(self, x: Whole, y: Whole) -> Whole:
        """Return the noise at (x, y), -ONE..ONE."""
        column, row = x >> ONE_BITS, y >> ONE_BITS
        left, right = column & _SIDE, column + 1 & _SIDE
        upper, lower = (row & _SIDE) << _SIDE_BITS, (row + 1 & _SIDE) << _SIDE_BITS
        across = smooth(x & ONE - 1)
        top = self._row(upper + left, upper + right, across)
        bottom = self._row(lower + left, lower + right, across)
        bottom -= top
        bottom *= smooth(y & ONE - 1)
        bottom >>= ONE_BITS
        bottom += top
        return bottom

    def _row(self, left: Whole, right: Whole, across: Whole) -> Whole:
        start, end = self._lattice.take(left), self._lattice.take(right)
        end -= start
        end *= across
        end >>= ONE_BITS
        end += start
        return end

    def clouds(self, x: Whole, y: Whole, octaves: int) -> Whole:
        """Return fractal noise, -2 ONE..2 ONE: each octave is twice as fine and half as strong as the one before."""
        total = self.at(x, y)
        for octave in range(1, octaves):
            total += self.at((x << octave) + octave * _SHIFT, (y << octave) + 2 * octave * _SHIFT) >> octave
        return total

    def ridges(self, x: Whole, y: Whole, octaves: int) -> Whole:
        """Return fractal noise folded into sharp crests, -2 ONE..2 ONE."""
        total = ONE - 2 * np.abs(self.at(x, y))
        for octave in range(1, octaves):
            finer = self.at((x << octave) + octave * _SHIFT, (y << octave) + 2 * octave * _SHIFT)
            total += ONE - 2 * np.abs(finer) >> octave
        return total

    def line(self, x: Whole, row: int, octaves: int) -> Whole:
        """Return fractal noise along x; rows are independent of each other."""
        return self.clouds(x, _apart(row), octaves)

    def crests(self, x: Whole, row: int, octaves: int) -> Whole:
        """Return the same as `line`, folded into sharp crests."""
        return self.ridges(x, _apart(row), octaves)


def _apart(row: int) -> Whole:
    return np.full(1, 3 * ONE * row + ONE // 2, np.int32)
