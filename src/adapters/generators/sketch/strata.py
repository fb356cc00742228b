"""Marbled paper: layers of colour like folded strata, each with a shadow and a bright edge."""

from typing import Final

import numpy as np

from darkroom.adapters.generators.sketch.arithmetic import (
    ONE,
    ONE_BITS,
    Whole,
    clipped,
    piece,
    share,
    stirred,
    whole_range,
    word,
)
from darkroom.adapters.generators.sketch.canvas import COARSE, COARSE_BITS, Band, Layer, blended, enlarged
from darkroom.adapters.generators.sketch.colours import RAMP, level, ramp
from darkroom.adapters.generators.sketch.noise import Noise
from darkroom.adapters.generators.sketch.study import Study

_WIDEST: Final = 1 << 18  # the greatest breadth of a layer that is distinguished, ONE to a pixel

_DARKENING: Final = RAMP >> 3  # how much a layer darkens from its lower to its upper edge
_WHITE: Final = level((255, 255, 255))


class Strata(Layer):
    """Strata over the whole picture."""

    opaque = 0

    def __init__(self, study: Study) -> None:
        palette, chance, frame = study.palette, study.chance, study.frame
        self._frame = frame
        self._noise = Noise(chance.fork("strata"))
        self._origin = chance.between(0, 40) * ONE
        self._slant = chance.between(-ONE // 2, ONE // 2)
        self._layers = study.count(11, 27)
        self._octaves = study.count(1, 4)
        self._key = word(chance)
        p = palette
        self._shades = ramp(p.near, p.zenith, p.water, p.far, p.sky, p.accent, p.horizon, p.bloom, p.light)

    def paint(self, band: Band) -> None:
        top, rows, width = band.top & COARSE - 1, len(band), band.width
        height, breadth, hue = (enlarged(samples, top, rows, width) for samples in self._samples(band))
        number, place = height >> ONE_BITS, height & ONE - 1
        from_below, from_above = share(place, breadth), share(ONE - place, breadth)  # ONE to a pixel
        # The lowest pixel of a layer is blended with the uppermost of the one beneath, for smooth edges.
        own = np.minimum(from_below, ONE)
        hue += band.wash >> 7
        colour = self._colours(self._tint(number - 1) - _DARKENING + hue)
        blended(colour, self._colours(self._tint(number) - share(place, _DARKENING) + hue), own)
        reach = max(2, self._frame.unit // 64)
        thick = clipped(breadth // reach)  # thin layers have no shadow and edge, which would cover them
        edge = clipped(ONE - from_above // max(1, reach >> 2)) >> 2
        light = edge - (clipped(ONE - from_below // reach) * 3 >> 3)
        light = share((ONE >> 2) + share(light - (ONE >> 2), own), thick) + (band.relief >> 4)
        blended(colour, _WHITE, np.maximum(light, 0))
        colour += share(colour, np.minimum(light, 0))
        band.pixels[:] = colour

    def _colours(self, shade: Whole) -> Whole:
        return self._shades.take(clipped(shade, 0, RAMP), axis=1)

    def _tint(self, number: Whole) -> Whole:
        return piece(stirred(number.astype(np.uint32) + self._key), 0, 10) * 5 >> 3

    def _samples(self, band: Band) -> tuple[Whole, Whole, Whole]:
        """Return coarse samples of height (ONE to a layer), a layer's breadth (ONE to a pixel) and shift of hue."""
        first = band.top >> COARSE_BITS
        count = (band.top + len(band) - 1 >> COARSE_BITS) + 3 - first
        x = self._frame.coordinates(whole_range((band.width - 1 >> COARSE_BITS) + 3) << COARSE_BITS)
        y = self._frame.coordinates(whole_range(count, first) << COARSE_BITS)[:, np.newaxis]
        noise, away = self._noise, self._origin
        fold = noise.clouds(x + away, y + away, 2)
        finer = noise.clouds(2 * x + fold + 9 * ONE, 2 * y + fold, self._octaves)
        height = (y + share(x, self._slant) + fold * 3 // 4 + finer // 6) * self._layers
        steep_x, steep_y = np.abs(np.diff(height)[:-1]), np.abs(np.diff(height, axis=0)[:, :-1])
        steep = np.maximum(steep_x, steep_y) + (np.minimum(steep_x, steep_y) >> 1)
        breadth = (COARSE << 2 * ONE_BITS) // np.maximum(steep, (COARSE << 2 * ONE_BITS) // _WIDEST)
        hue = (noise.clouds(x * 3 // 2 + away, y * 3 // 2 + 4 * ONE, 2) >> 3) + RAMP // 4
        return height[:-1, :-1], breadth.astype(np.int32), hue[:-1, :-1]
