"""Model cards: the limits of a model, declared once.

A card checks orders before they cost anything, gives their price, and is what `GET /api/models` returns.
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

_SIDE: Final = 1024  # pixels; the side of a square megapixel


class MediaSource(StrEnum):
    """How a model makes images, as a term of IPTC's digital source type vocabulary."""

    TRAINED = "trainedAlgorithmicMedia"
    ALGORITHMIC = "algorithmicMedia"


class Markup(StrEnum):
    """Markup in a prompt that some engines execute; the value names it in messages to the caller."""

    EXTRA_ARGS = "<sd_cpp_extra_args>"
    """stable-diffusion.cpp lets the JSON in it override size, steps, seed and number of images."""

    NETWORKS = "<lora:...>, <lyco:...> or <hypernet:...>"
    """The Stable Diffusion web UIs, stable-diffusion.cpp and others load the file that it names."""

    BAR = "|"
    """LocalAI uses the text after it as the negative prompt, and drops the text after a second one."""

    def is_in(self, text: str) -> bool:
        """Return whether an engine would find it in a text."""
        return _MARKUP[self].search(text) is not None


_MARKUP: Final = {
    Markup.EXTRA_ARGS: re.compile(r"<\s*/?\s*sd_cpp_extra_args", re.IGNORECASE),
    Markup.NETWORKS: re.compile(r"<\s*(?:lora|lyco|hypernet)\s*:", re.IGNORECASE),
    Markup.BAR: re.compile(r"\|"),
}


@dataclass(frozen=True, slots=True)
class PixelRange:
    """The allowed lengths of one side of an image, in pixels: multiples of `step` from `min` to `max`."""

    min: int
    max: int
    step: int = 1

    def __post_init__(self) -> None:
        if not (ImageSize.MIN <= self.min <= self.max <= ImageSize.MAX and self.step >= 1):
            raise ValueError(f"no order can ask for a side of {self.min} to {self.max}, a multiple of {self.step}")

    def __contains__(self, side: int) -> bool:
        return self.min <= side <= self.max and side % self.step == 0

    def nearest_to(self, side: int) -> int:
        """Return the allowed length that is nearest to `side`."""
        lowest, highest = ceil(self.min / self.step), self.max // self.step
        return min(max(lowest, round(side / self.step)), highest) * self.step

    def __str__(self) -> str:
        return f"{self.min} to {self.max}" + (f", a multiple of {self.step}," if self.step > 1 else "")


@dataclass(frozen=True, slots=True)
class NumberRange:
    """The range of one parameter of a model, and its value if the order gives none."""

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

    Attributes:
        width, height: The allowed sides; `sizes` replaces them.
        prompt_max: The longest prompt, in Unicode code points.
        sizes: The only sizes that the model draws; None if every size within `width` and `height` is allowed.
        one_by_one_for: Seconds within which the last request of an order must be sent, for a model that is asked for
            each sample in a request of its own; None for other models.
        per_minute: The provider's quota of images a minute, if it is the reason for `samples_max`.
        seed_min, seed_max: The allowed seeds; 0 means a random seed to some providers.
        seed_told: An image's seed is known only if the provider reports it, not because it was sent.
        reads: Markup that the engine executes. Prompts must not contain it: it would change what was checked, or load a
            file.
        num_inference_steps, guidance_scale: None for a model that does not honour them.
        price: Of one image, if it is known.
        idempotent: The provider draws and charges once for each key, however often a request is submitted under it.
        ends: The day after which the provider may remove the model, if it announces one.
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
        """Return the card with `samples_max` reduced to what a quota of `per_minute` images allows.

        An order sent in one request may use one minute's quota; one sent sample by sample, that of the minutes that
        `one_by_one_for` allows.
        """
        minutes = 1 if self.one_by_one_for is None else max(1, ceil(self.one_by_one_for / 60))
        most = per_minute * minutes
        return self if most >= self.samples_max else replace(self, samples_max=most, per_minute=per_minute)

    @property
    def honours(self) -> tuple[str, ...]:
        """The optional fields that this model honours; an order with any other is refused."""
        # `negative_prompt` and `seed` are booleans; the others are a range or None.
        return tuple([field for field in HONOURABLE if getattr(self, field) not in (None, False)])

    @property
    def default_size(self) -> ImageSize:
        """The size if the caller gives none: nearest to one megapixel, and then to a square."""
        if self.sizes is None:
            return ImageSize(self.width.nearest_to(_SIDE), self.height.nearest_to(_SIDE))
        return min(
            self.sizes, key=lambda size: (abs(size.width * size.height - _SIDE**2), abs(size.width - size.height))
        )

    def cost_of(self, size: ImageSize, images: int) -> Money | None:
        """Return the cost of several images of one size; None if the price is not known."""
        return self.price.of_image(size).times(images) if self.price else None

    def draws(self, size: ImageSize) -> bool:
        """Return whether this model draws images of that size."""
        return not any(self._size_violations(size.width, size.height))

    def takes(self, seed: Seed) -> bool:
        """Return whether this model accepts that seed."""
        return self.seed_min <= seed.value <= self.seed_max

    def rule(self, field: str) -> str:
        """Return this model's rule for a field of an order, as a predicate; for `seed`, the rule for each seed."""
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
        """Yield a violation for each rule of this model that an order breaks; a part that is None is not checked."""
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
                detail = f"must not hold {markup}, which {self.version.value} would execute instead of drawing"
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
