"""The settings that every layer is drawn from."""

from dataclasses import dataclass, replace
from typing import Self

from darkroom.adapters.generators.sketch.arithmetic import ONE, between
from darkroom.adapters.generators.sketch.canvas import Frame
from darkroom.adapters.generators.sketch.chance import Chance
from darkroom.adapters.generators.sketch.colours import mixed
from darkroom.adapters.generators.sketch.palettes import Colour, Palette


@dataclass(frozen=True, slots=True)
class Study:
    """The settings of one picture; `detail`, `strictness` and `mist` are 0..ONE."""

    frame: Frame
    palette: Palette
    chance: Chance
    detail: int  # grows with the number of steps
    strictness: int  # grows with the guidance scale
    mist: int

    def fork(self, name: str) -> Self:
        """Return the same study with an independent stream of chance."""
        return replace(self, chance=self.chance.fork(name))

    def plainer(self) -> Self:
        """Return the same study with less detail, for small parts of the picture."""
        return replace(self, detail=self.detail // 3)

    def count(self, few: int, many: int) -> int:
        """Return a number of layers, octaves or strokes from `few` to `many`, growing with the detail."""
        return between(few, many, self.detail)

    def stray(self, odds: int) -> bool:
        """Return whether to add something unasked: about twice in `odds` times at strictness 0, never at ONE."""
        return self.chance.between(1, odds * ONE) <= 2 * (ONE - self.strictness)

    def distant(self, distance: int) -> Colour:
        """Return the colour of land at a distance from 0 (far) to ONE (near), including haze."""
        palette = self.palette
        clear = between(ONE * 2 // 5 - self.mist // 8, ONE - self.mist // 10, distance)
        return mixed(palette.horizon, mixed(palette.far, palette.near, distance), clear)
