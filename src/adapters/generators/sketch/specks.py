"""Small round things in the air and on the ground: stars, snow, petals, lanterns, distant flowers."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkroom.adapters.generators.sketch.arithmetic import ONE, ONE_BITS, Whole, piece, share, whole_range, words
from darkroom.adapters.generators.sketch.canvas import NEVER, POINT_BITS, Band, Layer
from darkroom.adapters.generators.sketch.chance import Chance
from darkroom.adapters.generators.sketch.colours import FINE_BITS
from darkroom.adapters.generators.sketch.noise import Noise
from darkroom.adapters.generators.sketch.palettes import Colour
from darkroom.adapters.generators.sketch.study import Study

PART_BITS: Final = 4
PART: Final = 1 << PART_BITS  # specks are placed and measured in 16ths of a pixel
_PLACE_BITS: Final = 16


@dataclass(frozen=True, slots=True)
class Kind:
    """The look of specks."""

    colours: Sequence[Colour]  # each speck has one of them
    least: int  # the smallest radius, in 16ths of a pixel
    most: int  # the largest radius, in 16ths of a pixel
    glow: int = ONE  # the greatest opacity at the middle of a speck
    hard: int = 1  # 1 for a soft glow; more for a harder edge


class Specks(Layer):
    """Round specks; small ones are more frequent than large ones."""

    def __init__(self, study: Study, kind: Kind, places: tuple[Whole, Whole]) -> None:
        """`places` are the specks' columns and rows, in 16ths of a pixel."""
        self._x, self._y = places
        chance, count = study.chance.fork("looks"), self._x.size
        size = piece(words(chance, count), 0, ONE_BITS)
        self._radius = kind.least + share(share(size, share(size, size)), kind.most - kind.least)
        look = words(chance, count)
        self._colour = piece(look, 0, 8) % len(kind.colours)
        self._glow = (kind.glow >> 1) + share(piece(look, 8, ONE_BITS), kind.glow >> 1)
        self._colours = np.array(kind.colours, np.int32).T << FINE_BITS
        self._hard = kind.hard
        self._row = self._y >> PART_BITS
        # Painted by classes of size, so that small specks need not test as many pixels as the largest.
        reach = (self._radius >> PART_BITS) + 2
        steps = [1 << bits for bits in range(int(reach.max(initial=1)).bit_length() + 1)]
        self._classes = [(most, np.flatnonzero((reach > least) & (reach <= most))) for least, most in pairwise(steps)]
        self.first = int((self._row - reach).min(initial=NEVER))
        self.end = int((self._row + reach).max(initial=0)) + 1

    def paint(self, band: Band) -> None:
        for reach, members in reversed(self._classes):
            row = self._row[members]
            near = members[(row >= band.top - reach) & (row < band.top + len(band) + reach)]
            if near.size:
                self._stamp(band, near, reach)

    def _stamp(self, band: Band, specks: NDArray[np.intp], reach: int) -> None:
        offset = whole_range(2 * reach + 1, -reach)
        x, y, radius = self._x[specks, np.newaxis], self._y[specks, np.newaxis], self._radius[specks]
        column, row = (x >> PART_BITS) + offset, (y >> PART_BITS) + offset
        across, down = (column << PART_BITS) + PART // 2 - x, (row << PART_BITS) + PART // 2 - y
        room = (radius * radius)[:, np.newaxis] - across * across
        inside = room[:, np.newaxis, :] - (down * down)[:, :, np.newaxis]
        seen = (column >= 0) & (column < band.width)
        within = (row >= band.top) & (row < band.top + len(band))
        speck, line, place = np.nonzero((inside > 0) & seen[:, np.newaxis, :] & within[:, :, np.newaxis])
        thickness = inside[speck, line, place].astype(np.int64) * (self._hard * ONE) // (radius * radius)[speck]
        cover = np.minimum(thickness, ONE).astype(np.int32)
        cover = share(cover, self._glow[specks[speck]])
        # Where specks overlap, the most opaque one counts: it is written last.
        order = np.argsort(cover.astype(np.uint16), kind="stable")
        speck, cover = speck[order], cover[order]
        at = slice(None), row[speck, line[order]] - band.top, column[speck, place[order]]
        under = band.pixels[at]
        band.pixels[at] = under + share(self._colours[:, self._colour[specks[speck]]] - under, cover)


def strewn(study: Study, *, count: int, top: int, bottom: int) -> tuple[Whole, Whole]:
    """Return the columns and rows of evenly spread places, in 16ths of a pixel.

    They are over the whole width, in rows from `top` to `bottom`, in pixels.
    """
    x = _spread(study.chance, count, study.frame.width)
    return x, (top << PART_BITS) + _spread(study.chance, count, max(1, bottom - top))


def drifting(study: Study, noise: Noise, ground: Whole, *, count: int, top: int, bottom: int) -> tuple[Whole, Whole]:
    """Return the columns and rows of places in drifts, in 16ths of a pixel: about half of 3 * `count`.

    `ground` is its row in points for each column; `top` and `bottom` are in pixels below it.
    """
    frame = study.frame
    x, y = strewn(study, count=3 * count, top=top, bottom=bottom)
    y += ground.take(np.minimum(x >> PART_BITS, ground.size - 1)) >> POINT_BITS - PART_BITS
    drift = noise.clouds(frame.coordinates(x) >> 2, frame.coordinates(y), 2) > 0
    return x[drift], y[drift]


def _spread(chance: Chance, count: int, pixels: int) -> Whole:
    return piece(words(chance, count), 0, _PLACE_BITS) * (pixels << 3) >> _PLACE_BITS + 3 - PART_BITS
