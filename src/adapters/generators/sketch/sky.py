"""The sky: air that darkens upwards, clouds, northern lights, and the disc of a sun or moon."""

import numpy as np

from darkroom.adapters.generators.sketch.arithmetic import ONE, ONE_BITS, Whole, between, clipped, share, whole_range
from darkroom.adapters.generators.sketch.canvas import COARSE, Band, Frame, Layer, blended, enlarged
from darkroom.adapters.generators.sketch.colours import RAMP, level, mixed, ramp
from darkroom.adapters.generators.sketch.noise import Noise
from darkroom.adapters.generators.sketch.study import Study


class Disc(Layer):
    """A sun or moon, with an edge antialiased over one pixel."""

    def __init__(self, study: Study, *, x: int, y: int, radius: int, bite: int = 0) -> None:
        """`x`, `y` and `radius` are in pixels; `bite` is how far a shadow covers the moon, in units of radius / ONE."""
        self.x: int = x
        self.y: int = y
        self.radius: int = radius
        self.first, self.end = y - radius - 1, y + radius + 2
        self._bite = bite
        palette = study.palette
        self._shades = ramp(palette.light, palette.light, mixed(palette.light, palette.bloom, ONE * 3 // 4))

    def paint(self, band: Band) -> None:
        x = whole_range(band.width) - self.x
        y = band.rows - self.y
        cover = self._inside(x, y)
        if self._bite:
            cover = share(cover, ONE - self._inside(x + 2 * self.radius - (self._bite * self.radius >> ONE_BITS), y))
        height = clipped((y + self.radius) * RAMP // (2 * self.radius), 0, RAMP)
        band.cover(self._shades.take(height, axis=1), cover)

    def _inside(self, x: Whole, y: Whole) -> Whole:
        squares = clipped(self.radius * self.radius - x * x - y * y, -(1 << 18), 1 << 18)
        return clipped(squares * (ONE // 2) // self.radius + ONE // 2)


class Sky(Layer):
    """Everything behind the land except the disc and the stars."""

    opaque = 0

    def __init__(self, study: Study, *, horizon: int, disc: Disc | None, cloudiness: int, lights: bool) -> None:
        """`horizon` is its row in pixels, `cloudiness` is 0..ONE; `lights`: whether there are northern lights."""
        frame, palette = study.frame, study.palette
        noise = Noise(study.chance.fork("air"))
        x, y = frame.across(COARSE), frame.down(COARSE)
        run = noise.clouds(x, 4 * y + 7 * ONE, study.count(2, 5)) >> 5
        height = run + (whole_range(y.size) * (COARSE * RAMP) // max(1, horizon))[:, np.newaxis]
        air = ramp(palette.zenith, palette.sky, palette.horizon).take(clipped(height, 0, RAMP), axis=1)
        glow = _glow(frame, disc)
        light = level(palette.light)
        blended(air, light, glow)
        if cloudiness:
            from_left = disc is None or disc.x < frame.width // 2
            cover, lit = _clouds(study.fork("clouds"), noise, cloudiness, from_left=from_left)
            dark = mixed(palette.sky, palette.zenith, ONE // 3)
            shades = ramp(dark, mixed(dark, palette.cloud, ONE * 2 // 3), palette.cloud)
            blended(air, blended(shades.take(lit, axis=1), light, glow), cover)
        if lights:
            _northern_lights(air, study.fork("lights"), noise, horizon)
        self.air = air

    def paint(self, band: Band) -> None:
        band.pixels[:] = enlarged(self.air, band.top, len(band), band.width)


def _glow(frame: Frame, disc: Disc | None) -> Whole:
    if disc is None:
        return np.zeros((1, 1), np.int32)
    x = whole_range(-(-frame.width // COARSE) + 1) * COARSE - disc.x
    y = whole_range(-(-frame.height // COARSE) + 1) * COARSE - disc.y
    distance = (x * x + (y * y)[:, np.newaxis]).astype(np.int64)
    reach = (2 * disc.radius + frame.unit // 10) ** 2
    return (reach * 1536 // (distance + reach) + reach * 16 * 900 // (distance + reach * 16)).astype(np.int32)


def _clouds(study: Study, noise: Noise, cloudiness: int, *, from_left: bool) -> tuple[Whole, Whole]:
    """Return the opacity of the clouds, 0..ONE, and their brightness by the disc's light, 0..RAMP."""
    chance = study.chance
    x, y = study.frame.across(COARSE), study.frame.down(COARSE)
    bend = noise.at(3 * x, 3 * y) >> 3
    size, flatness = chance.between(1200, 2600), chance.between(2, 5)
    body = noise.clouds(
        share(x, size) + bend + chance.between(0, 40) * ONE, share(y, size * flatness) + bend, study.count(3, 6)
    )
    body += noise.clouds(x + 12 * ONE, 6 * y, 2) >> 1
    cover = clipped((body - between(ONE // 2, -ONE // 8, cloudiness)) * 3 >> 1)
    edged = np.pad(body, ((0, 2), (1, 1)), "edge")
    lit = body - (edged[2:, 2:] if from_left else edged[2:, :-2])
    return cover - (share(cover, cover) >> 3), clipped((lit << 2) + ONE * 5 // 8) >> ONE_BITS - 10


def _northern_lights(air: Whole, study: Study, noise: Noise, horizon: int) -> None:
    frame, palette, chance = study.frame, study.palette, study.chance
    x = frame.across(COARSE)
    y = (whole_range(air.shape[1]) * COARSE)[:, np.newaxis]
    for curtain in range(study.count(2, 5)):
        row = 20 + 3 * curtain
        foot = horizon * chance.between(45, 80) // 100 + (noise.line(2 * x, row, 3) * horizon >> ONE_BITS + 2)
        length = np.maximum(horizon * 5 // 8 + (noise.line(3 * x, row + 1, 2) * horizon >> ONE_BITS + 2), COARSE)
        height = clipped((foot - y) * ONE // length, -ONE, ONE)
        rising = clipped(height * 12, 0)
        fading = share(ONE - np.abs(height), ONE - np.abs(height))
        rays = clipped(noise.line(24 * x, row + 2, 3) + noise.line(3 * x, row + 3, 2) + ONE // 2)
        glow = share(share(np.minimum(rising, ONE), fading), rays)
        shades = ramp(mixed(palette.accent, palette.light, ONE // 4), palette.accent, palette.bloom, palette.bloom)
        blended(air, shades.take(clipped(height >> 2, 0, RAMP), axis=1), glow * 7 >> 3)


def disc_of(study: Study, *, horizon: int, low: bool, moon: bool) -> Disc:
    """Return a sun or moon at a random place; `low`: near the horizon, as at dusk and dawn."""
    chance, frame = study.chance, study.frame
    wide = not moon and chance.one_in(3)
    permille = chance.between(110, 165) if wide else chance.between(40, 80)
    radius = max(2, frame.unit * permille // 1000)
    x = frame.width * chance.between(18, 82) // 100
    height = chance.between(-25, 120) * radius // 100 if low else horizon * chance.between(36, 70) // 100
    bite = chance.pick((0, 0, ONE, ONE * 3 // 2)) if moon else 0
    return Disc(study, x=x, y=horizon - height, radius=radius, bite=bite)
