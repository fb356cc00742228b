"""Blossoms: rings of petals as if cut from paper, with the inner rings above the outer ones."""

from typing import Final

import numpy as np

from darkroom.adapters.generators.sketch.arithmetic import (
    ONE,
    ONE_BITS,
    TURN,
    Whole,
    clipped,
    direction,
    root,
    share,
    whole_range,
)
from darkroom.adapters.generators.sketch.canvas import POINT, POINT_BITS, Band, Layer
from darkroom.adapters.generators.sketch.colours import RAMP, mixed, ramp
from darkroom.adapters.generators.sketch.study import Study

_RATE_BITS: Final = 16
_SHADOW: Final = 10  # a blossom's radius divided by the width of its petals' shadows
_AROUND: Final = ((10, 0), (7, 7), (0, 10), (-7, 7), (-10, 0), (-7, -7), (0, -10), (7, -7))  # directions, in tenths


class Blossom(Layer):
    """One flower seen from above, or one whorl of leaves."""

    def __init__(
        self, study: Study, *, x: int, y: int, radius: int, shades: Whole, petals: int, rings: int, sharp: int
    ) -> None:
        """`x`, `y` (the centre) and `radius` are in pixels. `shades` is a ramp from the shadows to the petals' tips.

        `petals` is their number in each of the `rings`; `sharp` is 0 for round petals to ONE for pointed ones.
        """
        chance = study.chance
        self._x, self._y = x, y
        self._shades = shades
        self._petals, self._sharp = petals, sharp
        self._rings = [
            (max(POINT, radius * (rings - ring) * POINT // rings), chance.between(0, TURN - 1)) for ring in range(rings)
        ]
        self._shadow = max(2 * POINT, radius * POINT // _SHADOW)
        reach = radius + (self._shadow >> POINT_BITS) + 2
        self.first, self.end = y - reach, y + reach + 1
        self._left, self._right = max(0, x - reach), max(0, x + reach + 1)

    def paint(self, band: Band) -> None:
        x, y = whole_range(max(0, min(self._right, band.width) - self._left), self._left) - self._x, band.rows - self._y
        angle = direction(x, y)
        wash = band.wash[:, self._left : self._right] >> 6
        distance = root(x * x + y * y << 8) << POINT_BITS - 4  # in points, without leaving 32 bits
        distance += share(distance, wash)
        shade = np.zeros_like(distance)
        covered = np.zeros_like(distance)
        pixels = band.pixels[:, :, self._left : self._right]
        for ring, (reach, phase) in enumerate(self._rings):
            within = _within(x, y[:, 0], (reach + self._shadow) * 17 >> POINT_BITS + 4)
            petal = (angle[within] + phase) * self._petals & TURN - 1
            aside = np.abs(2 * petal - TURN)  # 0 in the middle of a petal, ONE between two
            edge = share(self._outline(aside), reach) - distance[within]
            dark = clipped(edge + self._shadow, 0, self._shadow) * (ONE * ONE // 4 // self._shadow) >> ONE_BITS
            if ring == 0:
                beneath = pixels[:, *within]
                beneath -= share(beneath, dark)
            shade[within] -= share(shade[within], dark)
            # Petals brighten outwards and from ring to ring, and darken towards their sides.
            tone = distance[within] * ((RAMP * 5 << _RATE_BITS) // (reach * 8)) >> _RATE_BITS
            tone += RAMP // 8 * (1 + 2 * ring // len(self._rings))
            tone -= aside * aside >> 2 * ONE_BITS - 8
            veins = (5 * petal + 2 * wash[within] & ONE - 1) >> 7
            tone += wash[within] + veins
            inside = clipped((edge << 4) + ONE // 2)
            shade[within] += share(tone - shade[within], inside)
            np.maximum(covered[within], inside, out=covered[within])
        colour = self._shades.take(clipped(shade, 0, RAMP), axis=1)
        pixels += share(colour - pixels, covered)

    def _outline(self, aside: Whole) -> Whole:
        """Return a petal's length as a share of its ring's radius; `aside` is 0 at its middle, ONE between petals."""
        square = share(aside, aside)
        notch = share(square, square)
        return ONE - ((notch + share(aside - notch, self._sharp)) * 5 >> 3)


def _within(x: Whole, y: Whole, reach: int) -> tuple[slice, slice]:
    """Return the rows in `y` and columns in `x` that a disc of radius `reach` around (0, 0) touches, in pixels."""
    rows = np.flatnonzero(np.abs(y) <= reach)
    if not rows.size:
        return slice(0), slice(0)
    nearest = int(np.abs(y[rows]).min())
    columns = np.flatnonzero(x * x <= reach * reach - nearest * nearest)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1) if columns.size else slice(0)


def bouquet(study: Study) -> list[Layer]:
    """Return a large blossom among smaller ones, each on its leaves."""
    frame, chance = study.frame, study.chance
    x, y = frame.width * chance.between(34, 66) // 100, frame.height * chance.between(36, 64) // 100
    radius = frame.unit * chance.between(27, 37) // 100
    turn = chance.between(0, len(_AROUND) - 1)
    places = [(x, y, radius)]
    for index in range(study.count(2, 8)):
        small = radius * chance.between(36, 70) // 100
        across, down = _AROUND[(turn + 3 * index) % len(_AROUND)]
        away = (radius + small) * chance.between(74, 108) // 1000
        places.append((x + across * away, y + down * away, small))
    foliage = [leaves(study.fork(f"leaves {index}"), *place) for index, place in enumerate(places)]
    flowers = [flower(study.fork(f"flower {index}"), *place) for index, place in enumerate(places)]
    return [*foliage[::-1], *flowers[::-1]]


def leaves(study: Study, x: int, y: int, radius: int) -> Blossom:
    """Return the leaves under a flower of this centre and radius, in pixels."""
    palette, chance = study.palette, study.chance
    leaf = mixed(palette.far, palette.near, chance.between(ONE // 4, ONE * 3 // 4))
    shades = ramp(mixed(leaf, palette.near, ONE * 3 // 4), leaf, mixed(leaf, palette.bloom, ONE // 5))
    radius = radius * chance.between(115, 140) // 100
    return Blossom(study, x=x, y=y, radius=radius, shades=shades, petals=chance.between(5, 8), rings=2, sharp=ONE)


def flower(study: Study, x: int, y: int, radius: int) -> Blossom:
    """Return a flower in the palette's accent colour; centre and radius are in pixels."""
    palette, chance = study.palette, study.chance
    tint = mixed(palette.accent, palette.bloom, chance.between(0, ONE * 5 // 8))
    shades = ramp(
        mixed(tint, palette.near, ONE * 5 // 8),
        mixed(tint, palette.near, ONE // 4),
        tint,
        mixed(tint, palette.bloom, ONE * 3 // 4),
        mixed(palette.bloom, palette.light, ONE // 2),
    )
    petals, sharp = chance.between(5, 12), chance.between(0, ONE * 5 // 8)
    return Blossom(study, x=x, y=y, radius=radius, shades=shades, petals=petals, rings=study.count(3, 9), sharp=sharp)
