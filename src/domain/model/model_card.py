"""Model cards: the limits of one model, declared once.

The same declaration checks an order before it costs anything, is what `GET /api/models` shows, and prices a drawing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import StrEnum
from math import ceil
from typing import Final, Self

from darkroom.domain.model.errors import Violation
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.money import Money
from darkroom.domain.model.parameters import NUMBERS, PARAMETERS, TEXTS, Parameters
from darkroom.domain.model.price import Price
from darkroom.domain.model.values import ImageSize, ModelVersion, Prompt, SampleCount, Seed

_SIDE: Final = 1024  # pixels: the side of a square of one megapixel


class MediaSource(StrEnum):
    """How what a model draws comes about, by IPTC's terms for digital source types."""

    TRAINED = "trainedAlgorithmicMedia"
    ALGORITHMIC = "algorithmicMedia"


class Markup(StrEnum):
    """Markup that some engines read in a prompt as an instruction; the value names it in the message to the caller."""

    EXTRA_ARGS = "<sd_cpp_extra_args>"
    """stable-diffusion.cpp applies the JSON in it after size, steps, seed and number of images were set."""

    NETWORKS = "<lora:...>, <lyco:...> or <hypernet:...>"
    """The web UIs, stable-diffusion.cpp and others load a file of that name."""

    BAR = "|"
    """LocalAI takes what follows it for the negative prompt, and drops what follows the next one."""

    def is_in(self, text: str) -> bool:
        """Whether a text holds it, as an engine would find it."""
        return _MARKUP[self].search(text) is not None


_MARKUP: Final = {
    Markup.EXTRA_ARGS: re.compile(r"<\s*/?\s*sd_cpp_extra_args", re.IGNORECASE),
    Markup.NETWORKS: re.compile(r"<\s*(?:lora|lyco|hypernet)\s*:", re.IGNORECASE),
    Markup.BAR: re.compile(r"\|"),
}


@dataclass(frozen=True, slots=True)
class PixelRange:
    """The lengths that one side of an image may have, in pixels: from `min` to `max`, multiples of `step`."""

    min: int
    max: int
    step: int = 1

    def __post_init__(self) -> None:
        if not (ImageSize.MIN <= self.min <= self.max <= ImageSize.MAX and self.step >= 1):
            raise ValueError(f"no order can ask for a side of {self.min} to {self.max}, a multiple of {self.step}")

    def __contains__(self, side: int) -> bool:
        return self.min <= side <= self.max and side % self.step == 0

    def nearest_to(self, side: int) -> int:
        """The length in this range that is nearest to `side`."""
        lowest, highest = ceil(self.min / self.step), self.max // self.step
        return min(max(lowest, round(side / self.step)), highest) * self.step

    def __str__(self) -> str:
        return f"{self.min} to {self.max}" + (f", a multiple of {self.step}," if self.step > 1 else "")


@dataclass(frozen=True, slots=True)
class NumberRange:
    """The numbers that a model takes for one parameter, and the one it takes where none is given."""

    min: float
    max: float
    default: float

    def __post_init__(self) -> None:
        if not self.min <= self.default <= self.max:
            raise ValueError(f"the default {self.default} lies outside {self.min} to {self.max}")

    def __contains__(self, number: float) -> bool:
        return self.min <= number <= self.max

    def __str__(self) -> str:
        return f"{self.min} to {self.max}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What one model accepts and honours.

    `sizes`, where given, lists the only sizes the model draws. Seeds from `seed_min` to `seed_max` are taken: to some
    providers a 0 means one drawn by chance. `seed_told`: only a seed that the provider reports is known to have drawn
    an image; one that was merely sent is not. `reads` is markup of the engine's own that the prompts must not hold: it
    would change what was checked, or load a file. `num_inference_steps` and `guidance_scale` are None for a model that
    does not honour them. `price` is for one image, if it is known. `idempotent` says that the provider draws and
    charges once for one key, however often a request is submitted under it. `media_source` says that it has learnt from
    examples, or follows rules alone. `ends` is the day after which the provider may remove the model, if it says one.
    `one_by_one_for` is set for a model that is asked for each sample by itself: seconds within which the last one
    must leave. `per_minute` is the provider's quota of images, if `samples_max` is what it is because of that.
    """

    version: ModelVersion
    generator: str
    width: PixelRange
    height: PixelRange
    prompt_max: int
    media_type: MediaType
    sizes: tuple[ImageSize, ...] | None = None
    samples_max: int = SampleCount.MAX
    one_by_one_for: float | None = None
    per_minute: int | None = None
    negative_prompt: bool = True
    seed: bool = True
    seed_min: int = Seed.MIN
    seed_max: int = Seed.MAX
    seed_told: bool = False
    reads: frozenset[Markup] = frozenset()
    num_inference_steps: NumberRange | None = None
    guidance_scale: NumberRange | None = None
    price: Price | None = None
    idempotent: bool = False
    media_source: MediaSource = MediaSource.TRAINED
    ends: date | None = None

    def __post_init__(self) -> None:
        if not (
            1 <= self.prompt_max <= Prompt.MAX_LENGTH
            and 1 <= self.samples_max <= SampleCount.MAX
            and Seed.MIN <= self.seed_min <= self.seed_max + 1 - self.samples_max
            and self.seed_max <= Seed.MAX
        ):
            raise ValueError(f"the card of {self.version.value} allows what no order may hold")

    def metered(self, per_minute: int) -> Self:
        """The card with no more samples than a quota lets leave: in one call, or one by one in the time there is."""
        minutes = 1 if self.one_by_one_for is None else max(1, ceil(self.one_by_one_for / 60))
        most = per_minute * minutes
        return self if most >= self.samples_max else replace(self, samples_max=most, per_minute=per_minute)

    @property
    def honours(self) -> tuple[str, ...]:
        """The optional fields that this model honours; any other is refused by name."""
        # A range is never falsy: it has no length, and `or` would hide a None.
        return tuple([field for field in HONOURABLE if getattr(self, field) not in (None, False)])

    @property
    def default_size(self) -> ImageSize:
        """The size that is drawn if the caller leaves it open: the nearest to one megapixel, and to a square."""
        if self.sizes is None:
            return ImageSize(self.width.nearest_to(_SIDE), self.height.nearest_to(_SIDE))
        return min(
            self.sizes, key=lambda size: (abs(size.width * size.height - _SIDE**2), abs(size.width - size.height))
        )

    def cost_of(self, size: ImageSize, images: int) -> Money | None:
        """What images of one size cost together, if the price is known."""
        return self.price.of_image(size).times(images) if self.price else None

    def draws(self, size: ImageSize) -> bool:
        """Whether this model draws images of that size."""
        return not any(self._size_violations(size.width, size.height))

    def takes(self, seed: Seed) -> bool:
        """Whether this model can be given that seed."""
        return self.seed_min <= seed.value <= self.seed_max

    def rule(self, field: str) -> str:
        """What this model asks of a field of an order, in a sentence; for `seed` what it asks of each."""
        if field in HONOURABLE and field not in self.honours:
            return f"is not honoured by {self.version.value}: leave it out"
        match field:
            case text if text == "prompt" or text in TEXTS:
                rule = f"must be at most {self.prompt_max} characters long"
            case "width" | "height" if self.sizes is not None:
                listed = ", ".join(f"{size.width} x {size.height}" for size in self.sizes)
                rule = f"must be an integer, and width x height one of {listed}"
            case "seed":
                rule = f"must be an integer from {self.seed_min} to {self.seed_max}"
            case "samples":
                rule = f"must be an integer from {SampleCount.MIN} to {self.samples_max}"
            case number if number in NUMBERS:
                what = "an integer" if isinstance(NUMBERS[number].MIN, int) else "a number"
                rule = f"must be {what} from {getattr(self, number)}"
            case _:
                rule = f"must be an integer from {getattr(self, field)}"
        if field == "samples" and self.per_minute is not None:
            return f"{rule} for {self.version.value}, whose provider draws at most {self.per_minute} images a minute"
        return f"{rule} for {self.version.value}"

    def violations(
        self,
        *,
        prompt: Prompt | None,
        width: int | None,
        height: int | None,
        seeds: Sequence[Seed | None] | None,
        samples: SampleCount | None,
        parameters: Parameters,
    ) -> Iterator[Violation]:
        """Every rule of this model that the parts of an order break; a part that is None is not looked at."""
        given, honours = parameters.given, self.honours
        for field in given if seeds is None else (*given, "seed"):
            if field not in honours:
                yield self._violation(field)
        texts = {field: given[field] for field in TEXTS if field in given}
        for field, text in texts.items() if prompt is None else (("prompt", prompt.value), *texts.items()):
            if len(text) > self.prompt_max:
                yield self._violation(field)
            yield from self._markup_violations(field, text)
        yield from self._size_violations(width, height)
        yield from self._seed_violations(seeds or ())
        if samples is not None and samples.value > self.samples_max:
            yield self._violation("samples")
        for field, value in given.items():
            if field in NUMBERS and field in honours and value not in getattr(self, field):
                yield self._violation(field)

    def _violation(self, field: str) -> Violation:
        return Violation(f"/{field}", self.rule(field))

    def _markup_violations(self, field: str, text: str) -> Iterator[Violation]:
        for markup in sorted(self.reads):
            if markup.is_in(text):
                detail = f"must not hold {markup}, which {self.version.value} would obey and not draw"
                yield Violation(f"/{field}", detail)

    def _size_violations(self, width: int | None, height: int | None) -> Iterator[Violation]:
        if self.sizes is None:
            if width is not None and width not in self.width:
                yield self._violation("width")
            if height is not None and height not in self.height:
                yield self._violation("height")
        elif not any(width in (None, size.width) and height in (None, size.height) for size in self.sizes):
            if width is not None:
                yield self._violation("width")
            if height is not None:
                yield self._violation("height")

    def _seed_violations(self, seeds: Sequence[Seed | None]) -> Iterator[Violation]:
        if not self.seed:
            return
        if len(seeds) > self.samples_max:
            yield Violation("/seed", f"{self.version.value} draws at most {self.samples_max} images at once")
        for index, seed in enumerate(seeds):
            if seed is not None and not self.takes(seed):
                yield Violation(f"/seed/{index}", self.rule("seed"))


HONOURABLE: Final = tuple(field.name for field in fields(ModelCard) if field.name in ("seed", *PARAMETERS))
"""The optional fields of an order that a model may or may not honour."""
