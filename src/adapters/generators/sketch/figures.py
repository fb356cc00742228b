"""Small figures made of flat polygons: birds, a boat, a house, a lighthouse."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from darkroom.adapters.generators.sketch.arithmetic import ONE, clipped, share, whole_range
from darkroom.adapters.generators.sketch.canvas import POINT, POINT_BITS, Band, Layer
from darkroom.adapters.generators.sketch.colours import level, mixed
from darkroom.adapters.generators.sketch.palettes import Colour
from darkroom.adapters.generators.sketch.study import Study

Corner = tuple[int, int]


class Polygon(Layer):
    """A convex polygon of one colour, with an edge that is antialiased over one pixel."""

    def __init__(self, study: Study, corners: Sequence[Corner], colour: Colour, thickness: int = ONE) -> None:
        """`corners` are in points, in either direction around; `thickness` is the opacity, 0..ONE."""
        frame = study.frame
        columns, rows = zip(*corners, strict=True)
        self._left = min(max(0, (min(columns) >> POINT_BITS) - 1), frame.width)
        self._right = min(max(0, (max(columns) >> POINT_BITS) + 2), frame.width)
        self.first, self.end = (min(rows) >> POINT_BITS) - 1, (max(rows) >> POINT_BITS) + 2
        edges = list(pairwise((*corners, corners[0])))
        clockwise = sum(x * v - u * y for (x, y), (u, v) in edges) > 0
        self._edges = [_edge(start, end) if clockwise else _edge(end, start) for start, end in edges]
        self._colour = level(colour)
        self._thickness = thickness

    def paint(self, band: Band) -> None:
        x = (whole_range(self._right - self._left, self._left) << POINT_BITS) + POINT // 2
        y = (band.rows << POINT_BITS) + POINT // 2
        cover = np.full((len(band), x.size), self._thickness, np.int32)
        for across, down, outside in self._edges:
            inside = (x * across >> POINT_BITS) + (y * down >> POINT_BITS) - outside
            np.minimum(cover, clipped((inside << 4) + ONE // 2), out=cover)
        pixels = band.pixels[:, :, self._left : self._right]
        pixels += share(self._colour - pixels, cover)


def _edge(start: Corner, end: Corner) -> tuple[int, int, int]:
    """Return the inward normal of an edge, of length POINT, as x and y, and the edge's distance along it in points."""
    x, y = start[1] - end[1], end[0] - start[0]
    length = max(1, math.isqrt(x * x + y * y))
    across, down = x * POINT // length, y * POINT // length
    return across, down, start[0] * across + start[1] * down >> POINT_BITS


@dataclass(frozen=True, slots=True)
class _Stand:
    """The position and size of a figure, in points; its corners are given in thousandths of its size."""

    study: Study
    x: int
    y: int
    size: int
    way: int = 1  # -1 for the mirror image

    def part(self, corners: Sequence[Corner], colour: Colour, thickness: int = ONE) -> Polygon:
        places = [
            (self.x + self.way * across * self.size // 1000, self.y + down * self.size // 1000)
            for across, down in corners
        ]
        return Polygon(self.study, places, colour, thickness)


def lighthouse(study: Study, x: int, y: int, height: int, *, towards: int) -> list[Polygon]:
    """Return a lighthouse with its foot at (x, y), in points; its beam points left (`towards` -1) or right (1)."""
    palette = study.palette
    wall = mixed(palette.near, palette.cloud, ONE * 5 // 8)
    stripe = mixed(palette.near, palette.accent, ONE * 3 // 4)
    dark = mixed(palette.near, palette.zenith, ONE // 4)
    at = _Stand(study, x, y, height, towards)
    beam = [
        at.part([(0, -890), (20000, -1600 - spread), (20000, -1600 + spread)], palette.light, ONE // 14)
        for spread in (400, 800, 1200, 1700)
    ]
    return [
        *beam,
        at.part([(-78, -800), (78, -800), (120, 0), (-120, 0)], wall),
        at.part([(-88, -620), (88, -620), (97, -450), (-97, -450)], stripe),
        at.part([(-108, -240), (108, -240), (117, -60), (-117, -60)], stripe),
        at.part([(-20, -800), (-78, -800), (-120, 0), (-40, 0)], dark, ONE // 4),
        at.part([(-110, -830), (110, -830), (110, -795), (-110, -795)], dark),
        at.part([(-60, -950), (60, -950), (60, -830), (-60, -830)], palette.light),
        at.part([(0, -1050), (85, -945), (-85, -945)], dark),
    ]


def boat(study: Study, x: int, y: int, size: int) -> list[Polygon]:
    """Return a sailing boat at (x, y), with its reflection, in points."""
    palette = study.palette
    hull = mixed(palette.near, palette.zenith, ONE // 6)
    sail, jib = mixed(palette.cloud, palette.light, ONE // 2), mixed(palette.cloud, palette.accent, ONE * 3 // 8)
    at = _Stand(study, x, y, size, study.chance.pick((-1, 1)))
    return [
        at.part([(20, -1000), (20, -150), (420, -150)], sail),
        at.part([(-20, -860), (-20, -150), (-330, -150)], jib),
        at.part([(-400, -110), (480, -110), (330, 30), (-290, 30)], hull),
        at.part([(-290, 40), (330, 40), (200, 130), (-180, 130)], hull, ONE // 3),
        at.part([(20, 150), (260, 150), (30, 560)], sail, ONE // 6),
    ]


def house(study: Study, x: int, y: int, size: int) -> list[Polygon]:
    """Return a house at (x, y) with a lit window, in points."""
    palette = study.palette
    wall = mixed(palette.near, palette.far, ONE * 3 // 8)
    roof = mixed(palette.near, palette.accent, ONE // 4)
    at = _Stand(study, x, y, size)
    return [
        at.part([(180, -900), (270, -900), (270, -500), (180, -500)], wall),
        at.part([(-400, -520), (400, -520), (400, 100), (-400, 100)], wall),
        at.part([(-180, -960), (190, -960), (500, -470), (-500, -470)], roof),
        at.part([(-250, -330), (-70, -330), (-70, -110), (-250, -110)], mixed(palette.light, palette.accent, ONE // 3)),
        at.part([(90, -330), (250, -330), (250, 100), (90, 100)], mixed(palette.near, palette.accent, ONE // 3)),
    ]


def birds(study: Study, *, horizon: int) -> list[Polygon]:
    """Return a loose flock of birds in the sky; `horizon` is its row in pixels."""
    frame, chance = study.frame, study.chance
    colour = mixed(study.palette.near, study.palette.sky, ONE // 4)
    x, y = frame.width * chance.between(20, 75) // 100 * POINT, horizon * chance.between(18, 60) // 100 * POINT
    flock = []
    for _ in range(study.count(3, 9)):
        size = frame.length(chance.between(9, 22))
        middle = x + frame.length(chance.between(-150, 150)), y + frame.length(chance.between(-70, 70))
        lift = chance.between(280, 560)
        shoulder, elbow, tip = (450, -lift), (450, -lift * 5 // 9), (1000, -lift // 3)
        for way in (-1, 1):
            at = _Stand(study, *middle, size, way)
            flock += [at.part([(0, 0), shoulder, elbow], colour), at.part([shoulder, tip, elbow], colour)]
    return flock
