"""Ink in water, flames and nebulae: folded noise with repeated domain warping."""

from typing import Final

import numpy as np

from darkroom.adapters.generators.sketch.arithmetic import ONE, ONE_BITS, Whole, clipped, share, whole_range
from darkroom.adapters.generators.sketch.canvas import Band, Layer, enlarged
from darkroom.adapters.generators.sketch.colours import RAMP, mixed, ramp
from darkroom.adapters.generators.sketch.noise import Noise
from darkroom.adapters.generators.sketch.study import Study

_FINE_BITS: Final = 1


class Smoke(Layer):
    """Smoke over the whole picture: dark where it is thin, and through the palette to its light where it is thick."""

    opaque = 0

    def __init__(self, study: Study, *, rising: int, thickness: int) -> None:
        """`rising` is 0 for even drift to ONE for flames from below; `thickness` is added everywhere, -ONE..ONE."""
        palette, chance, frame = study.palette, study.chance, study.frame
        self._frame = frame
        self._noise = Noise(chance.fork("smoke"))
        self._origin = chance.between(0, 40) * ONE
        self._octaves = study.count(3, 6)
        self._rising = rising
        self._thickness = thickness
        self._focus = frame.width * chance.between(30, 70) * ONE // (100 * frame.unit)
        self._hearth = frame.height * chance.between(40, 66) * ONE // (100 * frame.unit)
        p = palette
        self._shades = ramp(mixed(p.near, (0, 0, 0), ONE // 2), p.near, p.zenith, p.sky, p.accent, p.horizon, p.light)

    def paint(self, band: Band) -> None:
        first = band.top >> _FINE_BITS
        count = (band.top + len(band) - 1 >> _FINE_BITS) + 2 - first
        y = self._frame.coordinates(whole_range(count, first) << _FINE_BITS)[:, np.newaxis]
        x = self._frame.across(1 << _FINE_BITS)
        shade = enlarged(self._shade(x, y), band.top - (first << _FINE_BITS), len(band), band.width, _FINE_BITS)
        band.pixels[:] = self._shades.take(clipped(shade, 0, RAMP), axis=1)

    def _shade(self, x: Whole, y: Whole) -> Whole:
        noise, away = self._noise, self._origin
        bend = noise.clouds(x + away, 2 * y + away, 3)
        curl = noise.clouds(3 * x + away + bend, 3 * y + away + bend, 3)
        tall = x * (2 * ONE + self._rising // 2) >> ONE_BITS
        folds = noise.ridges(tall + away + bend + curl // 3, y + away + (bend >> 1) + (curl >> 2), self._octaves)
        up = share(y - self._hearth, 2 * self._rising)
        aside = share(np.abs(x + (bend >> 2) - self._focus), self._rising * 3 >> 2)
        thickness = folds * 5 // 8 + up - aside + self._thickness
        return RAMP // 2 + (thickness >> ONE_BITS - 9)
