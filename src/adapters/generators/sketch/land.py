"""Land: silhouettes one behind another, with mist between them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from darkroom.adapters.generators.sketch.arithmetic import (
    ONE,
    ONE_BITS,
    Whole,
    between,
    clipped,
    scaled,
    share,
    whole_range,
)
from darkroom.adapters.generators.sketch.canvas import NEVER, POINT, POINT_BITS, Band, Layer
from darkroom.adapters.generators.sketch.colours import RAMP, RAMP_BITS, mixed, ramp
from darkroom.adapters.generators.sketch.noise import Noise
from darkroom.adapters.generators.sketch.study import Study

_DEEP: Final = 1 << 17  # points below a crest, beyond the soft edge of any slope
_FURROWS: Final = 8  # furrows in as many columns as a row is below their vanishing point


@dataclass(frozen=True, slots=True)
class Span:
    """An area of land: its first and last row in pixels, and their distances from 0 (far) to ONE (near)."""

    top: int
    bottom: int
    far: int = 0
    near: int = ONE

    def places(self, count: int) -> Iterator[tuple[int, int, int]]:
        """Yield the number, the row in points and the distance of each of `count` layers, the farthest first."""
        for index in range(count):
            part = index * ONE // max(1, count - 1)
            yield index, between(self.top, self.bottom, part) * POINT, between(self.far, self.near, part)


@dataclass(frozen=True, slots=True)
class Surface:
    """The look of land below its crest. `run` and `creases` are 0 for none and ONE for the usual amount."""

    shades: Whole  # a ramp from the shadows to the mist at the foot
    body: int  # the index of the land's own colour in the ramp
    mist: int  # the depth below the foot, in points, from which on only mist shows
    run: int = ONE  # how much of the paper's wash shows
    creases: int = ONE  # how much of the paper's relief shows
    lit: int = 0  # on smooth land, the side from which the light comes: -1, 1, or 0 for no lighting
    furrows: tuple[int, int] | None = None  # the column and row of the furrows' vanishing point, in pixels


class Ridge(Layer):
    """A silhouette, filled down to its floor or the bottom of the picture."""

    def __init__(
        self, study: Study, crest: Whole, foot: Whole, surface: Surface, *, floor: Whole | None = None
    ) -> None:
        """For each column, in points: `crest` is the upper edge, `foot` where mist begins, `floor` the lower edge.

        `floor` is None for land that reaches the bottom of the picture.
        """
        self.crest = crest.astype(np.int32)
        self._foot = foot.astype(np.int32)
        self._floor = floor
        self._surface = surface
        self._unit = study.frame.unit
        slope = np.diff(self.crest, append=self.crest[-1:])
        # The steeper the crest, the more rows its edge crosses within one column.
        self._edge = np.maximum((POINT << 8) // (POINT + np.abs(slope)), 4)
        self._light = clipped(-2 * surface.lit * slope, -RAMP // 3, RAMP // 3)
        covered = int((self.crest + (ONE << 3) // self._edge).max())
        self.first = (int(self.crest.min()) >> POINT_BITS) - 1
        self.opaque = (covered >> POINT_BITS) + 2 if floor is None else NEVER

    def paint(self, band: Band) -> None:
        depth = (band.rows << POINT_BITS) - self.crest
        colour = self._surface.shades.take(self._shade(band, depth), axis=1)
        edge = max(0, self.opaque - band.top)
        band.pixels[:, edge:] = colour[:, edge:]
        cover = clipped((clipped(depth[:edge], -_DEEP, _DEEP) * self._edge >> 4) + ONE // 2)
        if self._floor is not None:
            np.minimum(cover, clipped((self._floor - (band.rows << POINT_BITS) << 4) + ONE // 2), out=cover)
        band.part(0, self.opaque).cover(colour[:, :edge], cover)

    def _shade(self, band: Band, depth: Whole) -> Whole:
        surface = self._surface
        # Divide before subtracting: one division per row and column instead of one per pixel.
        step = max(1, surface.mist >> RAMP_BITS)
        shade = clipped((band.rows << POINT_BITS) // step - self._foot // step, 0, RAMP)
        shade += surface.body
        shade += band.wash * surface.run >> ONE_BITS + 4
        if surface.creases:
            shade += band.relief * surface.creases >> ONE_BITS + 4
        if surface.lit:
            column = whole_range(band.width) + surface.lit * (depth >> POINT_BITS)
            shade += self._light.take(clipped(column, 0, band.width - 1))
        if surface.furrows:
            shade += self._furrowed(band, *surface.furrows)
        return clipped(shade, 0, RAMP)

    def _furrowed(self, band: Band, column: int, row: int) -> Whole:
        away = np.maximum(band.rows - row, 1)
        place = (whole_range(band.width) - column) * (ONE * _FURROWS // away)
        height = np.abs((place & ONE - 1) - ONE // 2) - ONE // 4
        return share(height, clipped(away * (3 * ONE) // self._unit)) >> 4


def mountains(study: Study, span: Span, *, height: int, snow: bool) -> list[Ridge]:
    """Return sharp ridges that slope towards a valley, the farthest first.

    `height` is that of the peaks, in thousandths of the unit; `snow`: whether they are covered with it.
    """
    frame, palette, chance = study.frame, study.palette, study.chance
    noise = Noise(chance.fork("crests"))
    valley = frame.width * chance.between(25, 75) // 100
    aside = np.abs(whole_range(frame.width) - valley) * POINT
    ridges = []
    for index, row, distance in span.places(study.count(3, 8)):
        x = frame.columns() * 1000 // chance.between(380, 640)
        rise = frame.length(height - height * 3 * distance // (8 * ONE)) + aside * height // 1600
        base = row - aside * chance.between(height // 3, height * 3 // 2) // 1000
        peaks = scaled(noise.crests(x, index, study.count(4, 7)), rise)
        slopes = scaled(noise.line(x, index + 20, 1), rise >> 1)
        land = study.distant(distance)
        shadow = mixed(land, palette.near, ONE * 3 // 8)
        mist = mixed(land, palette.horizon, ONE * 4 // 5 - (distance * 5 >> 3))
        if snow:
            white = mixed(mixed(palette.cloud, palette.light, ONE // 2), land, (ONE >> 2) + (distance >> 1))
            edge, veil = mixed(land, white, ONE // 3), mixed(white, mist, ONE // 2)
            shades = ramp(mixed(shadow, land, ONE // 3), edge, white, veil, mist)
            surface = Surface(shades, RAMP * 3 // 8, frame.length(440), run=ONE // 2, creases=ONE * 5 // 4)
        else:
            surface = Surface(ramp(shadow, land, mixed(land, mist, ONE * 3 // 8), mist), RAMP // 4, frame.length(420))
        lift = frame.length(height // 3)
        ridges.append(Ridge(study, base + lift - peaks, base - lift - slopes, surface))
    return ridges


def dunes(study: Study, span: Span, *, lit: int) -> list[Ridge]:
    """Return sand dunes, the farthest first; `lit` is the side from which the light comes, -1 or 1."""
    frame, palette, chance = study.frame, study.palette, study.chance
    noise = Noise(chance.fork("crests"))
    ridges = []
    for index, row, distance in span.places(study.count(3, 7)):
        x = frame.columns() * 1000 // (chance.between(600, 900) + 500 * distance // ONE)
        waves = (noise.crests(x, index, 1) >> 1) + noise.line(2 * x, index + 20, 2)
        crest = row - scaled(waves, frame.length(56 + 50 * distance // ONE))
        land = study.distant(distance * 5 >> 3)
        shadow = mixed(land, palette.near, ONE // 2)
        bright = mixed(land, mixed(palette.light, palette.horizon, ONE // 2), ONE // 3)
        shades = ramp(shadow, mixed(shadow, land, ONE * 5 // 8), land, bright, bright)
        surface = Surface(shades, RAMP // 2, frame.length(1200), run=ONE // 6, creases=ONE // 4, lit=lit)
        ridges.append(Ridge(study, crest, crest, surface))
    return ridges
