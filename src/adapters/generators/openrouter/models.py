"""OpenRouter's models: the operator names them, and declares what each accepts or leaves that to OpenRouter."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from darkroom.adapters.generators.declared_models import read_sizes
from darkroom.adapters.generators.openrouter.descriptors import Capabilities, Description
from darkroom.adapters.generators.ratios import TIERS, RatioTable, Shape
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.money import Money
from darkroom.domain.model.values import ModelVersion, Prompt, Seed

EXAMPLE: Final = "seedream=bytedance-seed/seedream-4.5"

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._-]*(:[a-z0-9-]+)?")
_MAKER: Final = re.compile(r"[a-z0-9][a-z0-9._/-]*")
_SIZES: Final = re.compile(r".*[0-9]x[0-9].*")
_LARGEST_SEED: Final = 2**31 - 1  # if a maker does not give a range of seeds
_MEDIA_TYPES: Final = {"png": MediaType.PNG, "jpeg": MediaType.JPEG, "webp": MediaType.WEBP}
_ALSO: Final = ("quality", "background", "output_format", "output_compression")


@dataclass(frozen=True, slots=True)
class Named:
    """A model as the operator names it, `author/slug`, and what the operator declares of it.

    `ratios` are its sizes, None if they are to be read from OpenRouter; if they are given, nothing is read, and `seed`
    says whether it takes seeds. `tiers` are those to offer, None for all. `maker` is the one to draw, None for the
    first that OpenRouter lists. `also` are constant fields of every call.
    """

    version: str
    name: str
    ratios: RatioTable | None = None
    tiers: Sequence[str] | None = None
    seed: bool = False
    maker: str | None = None
    also: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def by_hand(self) -> bool:
        """Whether the operator's declaration is enough, so that nothing is read from OpenRouter."""
        return self.ratios is not None

    def declared(self) -> "OpenRouterModel":
        """Return the model from the operator's declaration alone.

        Raises:
            InvalidValue: the declaration lacks sizes or a maker.
        """
        if self.ratios is None or self.maker is None:
            raise InvalidValue(f"{self.version!r} must list its sizes and say who makes it, as in only=bytedance")
        seeds = (Seed.MIN, _LARGEST_SEED) if self.seed else None
        return self._model(self.maker, self.ratios, seeds, dict(self.also), price=None, ends=None)

    def described(self, description: Description) -> "OpenRouterModel":
        """Return the model from OpenRouter's description.

        Raises:
            InvalidValue: it cannot be offered as the operator declares.
        """
        try:
            maker = description.made_by(self.maker)
        except InvalidValue as reason:
            raise InvalidValue(f"{self.version!r}: {self.name} {reason}") from reason
        taken = maker.capabilities
        formats = taken.values("output_format")
        chosen = next((name for name in _MEDIA_TYPES if name in formats), None)
        if formats and chosen is None:
            raise InvalidValue(
                f"{self.version!r}: {self.name} draws {', '.join(formats)}, which are not image formats here"
            )
        ratios = self._offered(taken)
        also = {"output_format": chosen, **self.also} if chosen else dict(self.also)
        self._hold_to(taken)
        tiers = [shape.tier for shape in ratios.shapes.values()]
        return self._model(maker.tag, ratios, _seeds(taken), also, price=maker.price(tiers), ends=description.ends)

    def _offered(self, taken: Capabilities) -> RatioTable:
        tiers = taken.values("resolution")
        if unknown := set(self.tiers or ()) - set(tiers):
            raise InvalidValue(f"{self.version!r}: {self.name} is not drawn at {', '.join(sorted(unknown))}")
        drawn = taken.values("aspect_ratio")
        ratios = RatioTable.of(drawn or (None,), self.tiers or tiers or (None,))
        if not ratios.shapes or not (drawn or tiers):
            raise InvalidValue(
                f"{self.version!r}: {self.name} takes no ratio and no resolution that is known here: list its sizes, "
                f"as in {self.version}={self.name} 1024x1024 only=MAKER"
            )
        return ratios

    def _hold_to(self, taken: Capabilities) -> None:
        """Check that the maker supports every constant field, since OpenRouter would silently ignore it.

        Raises:
            InvalidValue: a field or its value is not supported.
        """
        for name, value in self.also.items():
            values = taken.values(name)
            if name not in taken or (values and value not in values):
                allowed = f"must be one of {', '.join(values)}" if values else "is not accepted"
                raise InvalidValue(f"{self.version!r}: {name} {allowed} by {self.name}")

    def _model(
        self,
        maker: str,
        ratios: RatioTable,
        seeds: tuple[int, int] | None,
        also: Mapping[str, str | int],
        *,
        price: Money | None,
        ends: date | None,
    ) -> "OpenRouterModel":
        seed_min, seed_max = seeds or (Seed.MIN, Seed.MAX)
        card = ModelCard(
            version=ModelVersion(self.version),
            generator="openrouter",
            width=ratios.sizes.side,
            height=ratios.sizes.side,
            sizes=ratios.sizes.listed,
            prompt_max=Prompt.MAX_LENGTH,
            media_type=_MEDIA_TYPES.get(str(also.get("output_format")), MediaType.PNG),
            samples_max=1,
            negative_prompt=False,
            seed=seeds is not None,
            seed_min=seed_min,
            seed_max=seed_max,
            price=price,
            ends=ends,
        )
        return OpenRouterModel(card, self.name, maker, ratios, also)


@dataclass(frozen=True, slots=True)
class OpenRouterModel:
    """A model as it is ordered: by its `name`, from one `maker`; `ratios` maps sizes to what is ordered."""

    card: ModelCard
    name: str
    maker: str
    ratios: RatioTable
    also: Mapping[str, str | int]


def parse_models(entries: Iterable[str]) -> dict[str, Named]:
    """Read the operator's list of `version=author/slug WORDS`; return the models by version.

    All WORDS are optional. `1K|2K` are the resolutions to offer. `only=bytedance` selects the maker. `quality=high`,
    `background=opaque`, `output_format=png` and `output_compression=80` are sent with every call. A list of sizes
    declares the card by hand: `1:1=1024x1024|16:9@2K=2752x1536`, or `1024x1024|1536x1024` for a model that takes
    pixels. It needs `only=` and, if the model takes seeds, `seed`.

    Raises:
        InvalidValue: an entry is invalid, or a version is named twice.
    """
    models: dict[str, Named] = {}
    for entry in entries:
        version, _, rest = entry.partition("=")
        named = _named(version.strip(), rest.split())
        if models.setdefault(named.version, named) is not named:
            raise InvalidValue(f"{named.version!r} is named twice")
    return models


def _named(version: str, words: Sequence[str]) -> Named:
    ModelVersion(version)
    if not words or not _NAME.fullmatch(words[0]):
        raise InvalidValue(f"{version!r} must say which model that is, as in {EXAMPLE}")
    ratios, tiers, maker, seed, also = None, None, None, False, dict[str, str | int]()
    for word in words[1:]:
        name, _, value = word.partition("=")
        if _SIZES.fullmatch(word) and ratios is None:
            ratios = _listed(word)
        elif set(word.split("|")) <= TIERS.keys() and tiers is None:
            tiers = tuple(dict.fromkeys(word.split("|")))
        elif word == "seed":
            seed = True
        elif name == "only" and _MAKER.fullmatch(value):
            maker = value
        elif name in _ALSO and value:
            also[name] = _value(name, value)
        else:
            raise InvalidValue(f"{word!r} must be resolutions, sizes, seed, only=MAKER, or one of {', '.join(_ALSO)}")
    named = Named(version, words[0], ratios, tiers, seed, maker, also)
    if ratios and (tiers or not maker):
        raise InvalidValue(f"{version!r} lists its sizes, so it must say who makes it, only=MAKER, and no resolutions")
    if seed and not ratios:
        raise InvalidValue(
            f"{version!r}: seed goes with a list of sizes; otherwise OpenRouter says whether it is taken"
        )
    return named


def _listed(text: str) -> RatioTable:
    if "=" in text:
        return RatioTable.read(text)
    sizes = read_sizes(text).listed
    if sizes is None:
        raise InvalidValue(f"{text!r} must be a list of sizes, as in 1024x1024|1536x1024")
    return RatioTable({size: Shape() for size in sizes})


def _value(name: str, value: str) -> str | int:
    if name == "output_format" and value not in _MEDIA_TYPES:
        raise InvalidValue(f"output_format must be {', '.join(_MEDIA_TYPES)}: nothing else is an image here")
    if name == "output_compression":
        if not value.isascii() or not value.isdigit() or int(value) > 100:  # noqa: PLR2004  # per cent
            raise InvalidValue("output_compression must be a whole number from 0 to 100")
        return int(value)
    return value


def _seeds(taken: Capabilities) -> tuple[int, int] | None:
    if "seed" not in taken:
        return None
    low, high = taken.bounds("seed") or (Seed.MIN, _LARGEST_SEED)
    low, high = max(low, Seed.MIN), min(high, Seed.MAX)
    return (low, high) if low < high else None
