"""Open water: it mirrors the sky and the far shore, darkens towards the viewer, and glitters under the disc."""

from dataclasses import dataclass

import numpy as np

from darkroom.adapters.generators.sketch.arithmetic import ONE, ONE_BITS, Whole, clipped, share, whole_range
from darkroom.adapters.generators.sketch.canvas import COARSE, POINT_BITS, Band, Layer, blended, enlarged
from darkroom.adapters.generators.sketch.colours import level, mixed
from darkroom.adapters.generators.sketch.noise import Noise
from darkroom.adapters.generators.sketch.sky import Disc, Sky
from darkroom.adapters.generators.sketch.study import Study


@dataclass(frozen=True, slots=True)
class Shore:
    """What the water mirrors besides the sky; for each column, in points above the horizon."""

    height: Whole
    base: Whole  # 0, or less for land whose foot is on this side of the horizon
    colour: Whole  # 3 x 1 x columns


class Water(Layer):
    """Water from the horizon to the bottom of the picture."""

    def __init__(self, study: Study, *, sky: Sky, horizon: int, disc: Disc | None, shore: Shore, calm: bool) -> None:
        """`horizon` is its row in pixels; `disc` is None for water without glitter."""
        frame, palette = study.frame, study.palette
        self.first = self.opaque = horizon
        self._frame = frame
        self._disc = disc
        self._shore = shore
        self._noise = Noise(study.chance.fork("waves"))
        self._octaves = study.count(1, 4)
        self._swell = ONE * 5 // 8 if calm else ONE
        self._water, self._deep = level(palette.water), level(mixed(palette.water, palette.near, ONE * 5 // 8))
        self._light = level(palette.light)
        below = whole_range((frame.height - horizon) // COARSE + 3) * (COARSE * 5 // 4)
        self._mirror = sky.air[:, clipped((horizon - below) // COARSE, 0, sky.air.shape[1] - 1)]

    def paint(self, band: Band) -> None:
        below = band.rows - self.first
        near = self._frame.coordinates(2 * below + 1) >> 1
        wave = self._waves(band, near)
        pixels = enlarged(self._mirror, band.top - self.first, len(band), band.width)
        body = share(self._deep - self._water, np.minimum(2 * near, ONE)) + self._water
        choppy = share(wave, 3 * (ONE + 2 * near) >> 2)
        blended(pixels, body, clipped(choppy + near * 3 // 2 + ONE // 4, 0, ONE * 7 // 8))
        self._mirrored(pixels, below, share(wave, np.minimum(6 * near, ONE)))
        if self._disc:
            blended(pixels, self._light, self._glitter(self._disc, below, wave))
        band.pixels[:] = pixels

    def _mirrored(self, pixels: Whole, below: Whole, wave: Whole) -> None:
        shore, depth = self._shore, below << POINT_BITS
        # Seen from above the water, a reflection is a little shorter than the land.
        inside = (shore.height * 3 >> 2) - depth + (wave * self._frame.unit >> 10)
        cover = clipped((inside << 3) + ONE // 2, 0, ONE * 3 // 4)
        blended(pixels, shore.colour, cover * (depth >= -shore.base))

    def _waves(self, band: Band, near: Whole) -> Whole:
        """Return the height of waves in perspective, -2 ONE..2 ONE; `near` is 0 at the horizon."""
        distance = (ONE * ONE) // (near + ONE // 14)
        side = self._frame.coordinates(whole_range(band.width) - self._frame.width // 2)
        x, y = share(side, distance >> 2) * 7, distance * 9
        wave = self._noise.at(x, y)
        for octave in range(1, self._octaves):
            finer = self._noise.at(x * (1 + 2 * octave) + octave * 7 * ONE, y * (1 + octave) + octave * 3 * ONE)
            wave += finer * 3 >> octave + 1
        wave = share(wave, self._swell)
        return share(wave, np.minimum(ONE, 10 * near + ONE // 3))

    def _glitter(self, disc: Disc, below: Whole, wave: Whole) -> Whole:
        aside = np.abs(whole_range(wave.shape[1]) - disc.x)
        path = clipped(ONE - (aside << ONE_BITS) // (disc.radius * 3 // 2 + (below * 3 >> 2) + 1), -ONE)
        return share(clipped((path - ONE * 6 // 8 - wave) * 3, 0, ONE * 15 // 16), clipped(3 * path))
