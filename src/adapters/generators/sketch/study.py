"""What every layer is made from: the frame, the palette, chance, and how far to go."""

from dataclasses import dataclass, replace
from typing import Self

from darkroom.adapters.generators.sketch.arithmetic import ONE, between
from darkroom.adapters.generators.sketch.canvas import Frame
from darkroom.adapters.generators.sketch.chance import Chance
from darkroom.adapters.generators.sketch.colours import mixed
from darkroom.adapters.generators.sketch.palettes import Colour, Palette


@dataclass(frozen=True, slots=True)
class Study:
    """One picture about to be made. All shares are 0..ONE."""

    frame: Frame
    palette: Palette
    chance: Chance
    detail: int  # grows with the number of steps
    strictness: int  # grows with the guidance scale
    mist: int

    def fork(self, name: str) -> Self:
        """The same study with a stream of chance of its own."""
        return replace(self, chance=self.chance.fork(name))

    def plainer(self) -> Self:
        """The same study with less detail: for what is small in the picture."""
        return replace(self, detail=self.detail // 3)

    def count(self, few: int, many: int) -> int:
        """How many layers, octaves or strokes: from few to many as the detail grows."""
        return between(few, many, self.detail)

    def stray(self, odds: int) -> bool:
        """Whether chance adds what the prompt did not ask for: about once in `odds` times, and never if strict."""
        return self.chance.between(1, odds * ONE) <= 2 * (ONE - self.strictness)

    def distant(self, distance: int) -> Colour:
        """The colour of land, from far (0) to near (ONE), through the air between."""
        palette = self.palette
        clear = between(ONE * 2 // 5 - self.mist // 8, ONE - self.mist // 10, distance)
        return mixed(palette.horizon, mixed(palette.far, palette.near, distance), clear)
