"""Sizes that stand for shapes: some providers take a ratio of sides, and a tier of resolution, in place of pixels."""

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
"""The names that several providers have for a resolution, with the length of a side beside that of `1K`."""

# What Google's table says of each ratio at 1K, as several clients copy it; below the line, where it says nothing, sides
# that are multiples of 16 and come nearest to the ratio at about a megapixel.
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
    """What is ordered in place of a size: a ratio such as `16:9`, and a tier such as `2K`; None is not ordered."""

    ratio: str | None = None
    tier: str | None = None


@dataclass(frozen=True, slots=True)
class RatioTable:
    """The sizes that a card lists, each with the shape that it stands for.

    How many pixels come is up to the provider: a size here is what the caller names a shape by.
    """

    shapes: Mapping[ImageSize, Shape]

    @classmethod
    def of(cls, ratios: Iterable[str | None], tiers: Iterable[str | None] = (None,)) -> Self:
        """The usual sizes of these ratios at these tiers; no ratio is a square, and no tier is `1K`.

        Ratios that are not known here are left out, and so are sizes that no order can name.
        """
        tiers = tuple(tiers)
        drawn = ((ratio, tier, _usual_size(ratio or "1:1", tier or "1K")) for ratio in ratios for tier in tiers)
        return cls({size: Shape(ratio, tier) for ratio, tier, size in drawn if size})

    @classmethod
    def read(cls, text: str) -> Self:
        """Read `1:1=1024x1024|16:9@2K=2752x1536`: a ratio, a tier if the model has several, and the size.

        Raises:
            InvalidValue: it is something else, or names a size twice.
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
        """What a card says of them."""
        sides = [side for size in self.shapes for side in (size.width, size.height)]
        return Sizes(PixelRange(min(sides), max(sides)), tuple(self.shapes))

    def shape(self, size: ImageSize) -> Shape:
        """What is ordered for a size.

        Raises:
            GeneratorRefused: the model draws it no more; an order from before a restart may name it.
        """
        if size not in self.shapes:
            raise GeneratorRefused(f"the model is not offered in {size.width} x {size.height} any more")
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
