"""Maps sizes in pixels to the aspect ratios and resolution tiers that some providers take instead."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Self

from darkroom.adapters.generators.declared_models import Sizes
from darkroom.domain.model.errors import GeneratorRefused, InvalidValue
from darkroom.domain.model.model_card import PixelRange
from darkroom.domain.model.values import ImageSize

TIERS: Final[Mapping[str, Fraction]] = {"512": Fraction(1, 2), "1K": Fraction(1), "2K": Fraction(2), "4K": Fraction(4)}
"""The names that several providers use for resolutions, with the factor by which a side is longer than at `1K`."""

# The sizes of each ratio at 1K in Google's table, as copied by several clients. Below the line are ratios without an
# entry: sides are multiples of 16, closest to the ratio at about a megapixel.
_AT_1K: Final[Mapping[str, tuple[int, int]]] = {
    "1:1": (1024, 1024),
    "2:3": (848, 1264),
    "3:4": (896, 1200),
    "4:5": (928, 1152),
    "9:16": (768, 1376),
    "9:21": (672, 1584),
    # ---
    "1:2": (720, 1440),
    "1:4": (512, 2048),
    "1:8": (368, 2944),
    "9:19.5": (704, 1520),
    "9:20": (688, 1520),
}
_NUMBER: Final = r"[0-9]{1,2}(?:\.[0-9])?"
_ENTRY: Final = re.compile(
    rf"(?P<ratio>{_NUMBER}:{_NUMBER})(?:@(?P<tier>\w+))?=(?P<width>[0-9]{{1,5}})x(?P<height>[0-9]{{1,5}})"
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What is ordered instead of a size: a ratio such as `16:9` and a tier such as `2K`; None is left out."""

    ratio: str | None = None
    tier: str | None = None


@dataclass(frozen=True, slots=True)
class RatioTable:
    """The sizes that a card lists, each with the shape that is ordered for it.

    A size is how the caller selects a shape; the provider decides how many pixels the image really has.
    """

    shapes: Mapping[ImageSize, Shape]

    @classmethod
    def of(cls, ratios: Iterable[str | None], tiers: Iterable[str | None] = (None,)) -> Self:
        """Return a table of the usual sizes of `ratios` at `tiers`; None stands for a square and for `1K`.

        Unknown ratios and tiers are skipped, and so are sizes outside the bounds of an order.
        """
        tiers = tuple(tiers)
        drawn = ((ratio, tier, _usual_size(ratio or "1:1", tier or "1K")) for ratio in ratios for tier in tiers)
        return cls({size: Shape(ratio, tier) for ratio, tier, size in drawn if size})

    @classmethod
    def read(cls, text: str) -> Self:
        """Read `1:1=1024x1024|16:9@2K=2752x1536`: a ratio, a tier if the model has several, and the size.

        Raises:
            InvalidValue: it is something else, or names a size twice or out of bounds.
        """
        shapes: dict[ImageSize, Shape] = {}
        for entry in text.split("|"):
            found = _ENTRY.fullmatch(entry)
            if not found or (found["tier"] and found["tier"] not in TIERS):
                raise InvalidValue(
                    f"{text!r} must name a ratio for each size, as in 1:1=1024x1024|16:9=1344x768, and may name a tier "
                    f"after it, one of {', '.join(TIERS)}, as in 16:9@2K=2752x1536"
                )
            try:
                size = ImageSize(int(found["width"]), int(found["height"]))
            except InvalidValue as rule:
                raise InvalidValue(f"{text!r} cannot be drawn: a side {rule}") from rule
            if size in shapes:
                raise InvalidValue(f"{text!r} must name each size once")
            shapes[size] = Shape(found["ratio"], found["tier"])
        return cls(shapes)

    @property
    def sizes(self) -> Sizes:
        """The listed sizes, for a card."""
        sides = [side for size in self.shapes for side in (size.width, size.height)]
        return Sizes(PixelRange(min(sides), max(sides)), tuple(self.shapes))

    def shape(self, size: ImageSize) -> Shape:
        """Return what is ordered for `size`.

        Raises:
            GeneratorRefused: the size is no longer listed; an order from before a restart may name it.
        """
        if size not in self.shapes:
            raise GeneratorRefused(f"the model is not offered in {size.width} x {size.height} now")
        return self.shapes[size]


def _usual_size(ratio: str, tier: str) -> ImageSize | None:
    left, _, right = ratio.partition(":")
    turned = _AT_1K.get(f"{right}:{left}")
    sides = _AT_1K.get(ratio) or (turned and turned[::-1])
    if sides is None or tier not in TIERS:
        return None
    width, height = (int(side * TIERS[tier]) for side in sides)
    fits = all(ImageSize.MIN <= side <= ImageSize.MAX for side in (width, height))
    return ImageSize(width, height) if fits else None
