"""A skyline: rows of buildings, with some of their windows lit."""

from typing import Final

import numpy as np

from darkroom.adapters.generators.sketch.arithmetic import (
    ONE,
    Whole,
    between,
    clipped,
    piece,
    share,
    stirred,
    whole_range,
    word,
)
from darkroom.adapters.generators.sketch.canvas import POINT, POINT_BITS, Band, Frame, Layer
from darkroom.adapters.generators.sketch.chance import Chance
from darkroom.adapters.generators.sketch.colours import RAMP, level, mixed, ramp
from darkroom.adapters.generators.sketch.land import Ridge, Span, Surface
from darkroom.adapters.generators.sketch.palettes import Colour
from darkroom.adapters.generators.sketch.study import Study

_LEAST_PANE: Final = 3 * POINT  # windows closer together than this would alias


class Buildings:
    """The plan of one row of buildings, column by column."""

    def __init__(self, frame: Frame, chance: Chance, *, ground: int, height: int, width: int) -> None:
        """`ground` is the row of the ground, `height` the usual height and `width` the greatest width, in points."""
        self.roof = np.full(frame.width, ground - height // 4, np.int32)
        centre = chance.between(frame.width // 4, frame.width * 3 // 4) << POINT_BITS
        self.number = np.zeros(frame.width, np.int32)
        self.inside = np.zeros(frame.width, np.int32)  # points from the left wall
        left = -chance.between(0, width)
        number = 0
        while left < frame.width << POINT_BITS:
            right = left + max(3 * POINT, chance.between(width // 2, width))
            aside = min(ONE, abs(left - centre) * ONE // (frame.width << POINT_BITS - 1))
            tall = between(chance.between(height // 2, height * 3 // 2), chance.between(height // 4, height), aside)
            columns = slice(max(0, left >> POINT_BITS), max(0, right >> POINT_BITS))
            self.roof[columns] = ground - tall
            self.number[columns] = number
            self.inside[columns] = (whole_range(len(self.roof[columns]), columns.start) << POINT_BITS) - left
            self._crowned(chance, columns, tall)
            left = right + (chance.between(0, width // 3) if chance.one_in(3) else 0)
            number += 1

    def _crowned(self, chance: Chance, columns: slice, tall: int) -> None:
        wide = columns.stop - columns.start
        match chance.between(0, 6):
            case 0:  # a mast
                middle = (columns.start + columns.stop) // 2
                self.roof[middle : middle + max(1, wide // 14)] -= tall // 4
            case 1 | 2:  # an upper floor set back
                self.roof[columns.start + wide // 5 : columns.stop - wide // 5] -= tall // 14
            case 3:  # a slanting roof
                self.roof[columns] -= whole_range(len(self.roof[columns])) * (tall // 8) // max(1, wide)
            case _:  # a flat roof
                pass


class Windows(Layer):
    """The lit windows of a row of buildings."""

    def __init__(self, study: Study, buildings: Buildings, *, pane: int, colour: Colour, lit: int) -> None:
        """`pane` is the distance between windows in points, `lit` the share of lit windows in 256ths."""
        self.first = int(buildings.roof.min()) >> POINT_BITS
        self._buildings = buildings
        self._storey = pane * 3 // 2
        self._colour = level(colour)
        self._lit = lit
        self._key = word(study.chance)
        self._across = _opening(buildings.inside, pane)
        self._column = buildings.inside // pane + (buildings.number << 8)

    def paint(self, band: Band) -> None:
        row = band.rows << POINT_BITS
        storey = row // self._storey
        window = stirred((self._column + storey * 8191).astype(np.uint32) + self._key)
        shining = np.where(piece(window, 0, 8) < self._lit, piece(window, 8, 11) + ONE // 2, 0)
        shining *= storey * self._storey > self._buildings.roof
        band.cover(self._colour, share(share(self._across, _opening(row, self._storey)), shining))


def _opening(place: Whole, distance: int) -> Whole:
    """Return how much of each pixel is within a window along one axis, 0..ONE; arguments are in points."""
    from_middle = np.abs(place % distance - distance // 2)
    return clipped((distance * 5 // 16 - from_middle << 4) + ONE // 2)


def skyline(study: Study, span: Span, *, height: int) -> list[Layer]:
    """Return rows of buildings; `height` is their usual height in thousandths of the unit."""
    frame, palette, chance = study.frame, study.palette, study.chance
    light = mixed(palette.accent, palette.light, ONE * 3 // 8)
    layers: list[Layer] = []
    for index, row, distance in span.places(study.count(2, 5)):
        width = frame.length(34 + 60 * distance // ONE)
        ground = row + frame.length(20)
        buildings = Buildings(
            frame, chance.fork(f"row {index}"), ground=ground, height=frame.length(height), width=width
        )
        land = study.distant(distance)
        haze = mixed(land, palette.horizon, ONE * 5 // 8 - (distance >> 1))
        shades = ramp(mixed(land, palette.near, ONE // 4), land, haze)
        foot = np.full(frame.width, row - frame.length(height // 2), np.int32)
        surface = Surface(shades, RAMP // 3, frame.length(height * 3 // 2), run=ONE // 4, creases=0)
        layers.append(Ridge(study, buildings.roof, foot, surface))
        pane = width >> 3
        if pane >= _LEAST_PANE:
            colour = mixed(land, light, (ONE >> 2) + distance * 2 // 3)
            lit = 40 + 50 * distance // ONE
            layers.append(Windows(study.fork(f"windows {index}"), buildings, pane=pane, colour=colour, lit=lit))
    return layers
