"""The canvas: the picture's size and units, its paper texture, and the bands of rows in which it is painted."""

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol, Self

import numpy as np

from darkroom.adapters.generators.sketch.arithmetic import ONE_BITS, Whole, whole_range
from darkroom.adapters.generators.sketch.chance import Chance
from darkroom.adapters.generators.sketch.noise import Noise

COARSE_BITS: Final = 2
COARSE: Final = 1 << COARSE_BITS  # smooth things are computed for every fourth pixel of every fourth row

POINT_BITS: Final = 8
POINT: Final = 1 << POINT_BITS  # points per pixel: lengths and positions are counted in 256ths of a pixel

NEVER: Final = 1 << 30  # a row beyond any picture

_LEAST_UNIT: Final = 16
_SLIMMEST: Final = 16


@dataclass(frozen=True, slots=True)
class Frame:
    """The picture's size in pixels. Coordinates are in units of `unit` / ONE, so that shapes scale with the picture."""

    width: int
    height: int

    @property
    def unit(self) -> int:
        """The unit of length in pixels: the shorter side, or more for very small or narrow pictures."""
        return max(_LEAST_UNIT, min(self.width, self.height), max(self.width, self.height) // _SLIMMEST)

    def length(self, permille: int) -> int:
        """Convert a length in thousandths of `unit` to points (`POINT` to a pixel)."""
        return self.unit * permille * POINT // 1000

    def columns(self) -> Whole:
        """Return the x coordinate of every column."""
        return self.coordinates(whole_range(self.width))

    def across(self, step: int = 1) -> Whole:
        """Return the x coordinates of every `step`-th column, up to one at or beyond the edge."""
        return self.coordinates(whole_range(-(-self.width // step) + 1) * step)

    def down(self, step: int = 1) -> Whole:
        """Return the y coordinates of every `step`-th row, up to one at or beyond the edge: rows x 1."""
        return self.coordinates(whole_range(-(-self.height // step) + 1) * step)[:, np.newaxis]

    def coordinates(self, pixels: Whole) -> Whole:
        """Convert columns or rows in pixels to coordinates."""
        return (pixels << ONE_BITS) // self.unit


def enlarged(coarse: Whole, top: int, rows: int, width: int, bits: int = COARSE_BITS) -> Whole:
    """Interpolate samples at every 2**bits-th pixel bilinearly; return `rows` rows from `top` on, `width` columns."""
    first = top >> bits
    samples = coarse[..., first : (top + rows - 1 >> bits) + 2, :]
    ramp = whole_range(1 << bits)
    columns = np.diff(samples)[..., np.newaxis] * ramp
    columns += samples[..., :-1, np.newaxis] << bits
    columns = columns.reshape(*samples.shape[:-1], -1)[..., :width]
    lines = np.diff(columns, axis=-2)[..., np.newaxis, :] * ramp[:, np.newaxis]
    lines += columns[..., :-1, np.newaxis, :] << bits
    lines >>= 2 * bits
    skipped = top - (first << bits)
    return lines.reshape(*samples.shape[:-2], -1, width)[..., skipped : skipped + rows, :]


class Paper:
    """The texture of the paper: noise under the whole picture, which all layers share."""

    _FINE_BITS: Final = 1

    def __init__(self, frame: Frame, chance: Chance, octaves: int) -> None:
        self._frame = frame
        self._noise = Noise(chance)
        self._octaves = octaves

    def wash(self, top: int, rows: int) -> Whole:
        """Return how far colour has run, -2 ONE..2 ONE, in `rows` rows from `top` on, a multiple of COARSE."""
        x, y = self._samples(top, rows, COARSE_BITS)
        return enlarged(self._noise.clouds(5 * x, 9 * y, min(4, self._octaves)), 0, rows, self._frame.width)

    def relief(self, top: int, rows: int) -> Whole:
        """Return the light from above on creases, about -ONE..ONE, in rows from `top` on, a multiple of COARSE."""
        x, y = self._samples(top, rows, self._FINE_BITS, margin=2)
        bend = self._noise.clouds(4 * x, 4 * y, 2) >> 1
        rough = self._noise.ridges(5 * x + bend, 7 * y + bend, self._octaves)
        slope = rough[:-2, 1:-1] - rough[2:, 2:] << 1
        return enlarged(slope, 0, rows, self._frame.width, self._FINE_BITS)

    def _samples(self, top: int, rows: int, bits: int, margin: int = 0) -> tuple[Whole, Whole]:
        columns = whole_range((self._frame.width - 1 >> bits) + 2 + margin, -margin)
        lines = whole_range((rows - 1 >> bits) + 2 + margin, (top >> bits) - margin)
        return self._frame.coordinates(columns << bits), self._frame.coordinates(lines << bits)[:, np.newaxis]


class Strip:
    """Some rows of the paper, computed when a layer first reads them."""

    def __init__(self, paper: Paper, top: int, rows: int) -> None:
        self._paper = paper
        self.top = top
        self._rows = rows

    @cached_property
    def wash(self) -> Whole:
        return self._paper.wash(self.top, self._rows)

    @cached_property
    def relief(self) -> Whole:
        return self._paper.relief(self.top, self._rows)


@dataclass(frozen=True, slots=True)
class Band:
    """Some rows of the picture, over its whole width."""

    pixels: Whole  # 3 x rows x columns, as colours.level; painted on in place
    top: int
    strip: Strip

    def __len__(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[2])

    @property
    def rows(self) -> Whole:
        """The numbers of the rows: rows x 1."""
        return whole_range(len(self), self.top)[:, np.newaxis]

    @property
    def wash(self) -> Whole:
        return self.strip.wash[self._within]

    @property
    def relief(self) -> Whole:
        return self.strip.relief[self._within]

    @property
    def _within(self) -> slice:
        return slice(self.top - self.strip.top, self.top - self.strip.top + len(self))

    def part(self, first: int, end: int) -> Self:
        """Return the band's rows that are among first..end - 1; they share its pixels."""
        start, stop = (min(max(0, row - self.top), len(self)) for row in (first, end))
        return type(self)(self.pixels[:, start:stop], self.top + start, self.strip)

    def cover(self, colour: Whole, cover: Whole) -> None:
        """Blend `colour` over the pixels in place, with opacity `cover`, 0..ONE."""
        blended(self.pixels, colour, cover)


def blended(under: Whole, over: Whole, cover: Whole) -> Whole:
    """Blend `over` into `under` in place, with opacity `cover`, 0..ONE, and return `under`."""
    change = over - under
    change *= cover
    change >>= ONE_BITS
    under += change
    return under


class Layer(Protocol):
    """One element of the picture, in front of the layers before it."""

    first: int = 0
    """The first row that it touches, possibly outside the picture."""
    end: int = NEVER
    """The row after the last one that it touches, possibly outside the picture."""
    opaque: int = NEVER
    """The row from which on the layer sets every pixel, so that nothing behind it shows."""

    @abstractmethod
    def paint(self, band: Band) -> None:
        """Paint onto a band of at least one row, all of them within first..end - 1."""
