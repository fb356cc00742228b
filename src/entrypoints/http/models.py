"""`GET /api/models`: the models on offer, from the model cards that orders are checked against."""

import hashlib
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Self

import msgspec
from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from darkroom.domain.model.image_file import MediaType as ImageMediaType
from darkroom.domain.model.model_card import HONOURABLE, ModelCard, NumberRange, PixelRange
from darkroom.domain.model.money import Money
from darkroom.domain.model.parameters import NUMBERS
from darkroom.domain.model.price import MegapixelPrice, Price, SizePrice
from darkroom.entrypoints.http.answers import Amount, Currency
from darkroom.entrypoints.http.auth.authentication import CallerRequest
from darkroom.entrypoints.http.headers import values_of
from darkroom.entrypoints.http.services import Services


class Sides(Struct, frozen=True):
    """The lengths that one side of an image may have, in pixels: `min` to `max`, multiples of `step`."""

    min: int
    max: int
    step: int

    @classmethod
    def of(cls, sides: PixelRange) -> Self:
        """Make one from a range of pixels."""
        return cls(sides.min, sides.max, sides.step)


class Numbers(Struct, frozen=True):
    """The numbers that a model accepts for a parameter, and the one that it uses if none is given."""

    min: float
    max: float
    default: float

    @classmethod
    def of(cls, numbers: NumberRange | None) -> Self | None:
        """Make one from a range of numbers; None for a model that does not honour the parameter."""
        return cls(numbers.min, numbers.max, numbers.default) if numbers else None


Size = Annotated[list[int], Meta(min_length=2, max_length=2, description="Width and height in pixels.")]


class SeedRange(Struct, frozen=True):
    """The seeds that a model accepts."""

    min: int
    max: int


class PricedSize(Struct, frozen=True):
    """A size in pixels, and the price of an image of that size."""

    width: int
    height: int
    amount: Amount


class ModelPrice(Struct, frozen=True, kw_only=True):
    """The price of an image.

    By `image`, it costs `amount`. By `megapixel` (1,048,576 pixels), it costs `amount` for the first and `further` for
    each further one that is begun. By `size`, `sizes` gives the price of each listed size. Other sizes then cost
    `amount` and `further`; if these are missing, as much as the most expensive size.
    """

    unit: Annotated[str, Meta(extra_json_schema={"enum": ["image", "megapixel", "size"]})]
    amount: Amount | UnsetType = UNSET
    further: Amount | UnsetType = UNSET
    sizes: list[PricedSize] | UnsetType = UNSET
    currency: Currency

    @classmethod
    def of(cls, price: Price | None) -> Self | None:
        """Make one from a price; None if no price is known."""
        match price:
            case Money():
                return cls(unit="image", amount=f"{price.amount:f}", currency=price.currency)
            case MegapixelPrice():
                first, further = f"{price.first.amount:f}", f"{price.further.amount:f}"
                return cls(unit="megapixel", amount=first, further=further, currency=price.currency)
            case SizePrice():
                sizes = [PricedSize(size.width, size.height, f"{money.amount:f}") for size, money in price.sizes]
                others = cls.of(price.others) or cls(unit="size", currency=price.currency)
                return structs.replace(others, unit="size", sizes=sizes)
            case _:
                return None


class Model(Struct, frozen=True, kw_only=True):
    """What one model accepts. If `sizes` is not null, only those sizes; `honours` lists the optional fields it honours.

    `seed` is null for a model that does not honour it. `ends` is the day after which the provider may remove the model,
    null if none is known.
    """

    version: str
    generator: str
    width: Sides
    height: Sides
    sizes: list[Size] | None
    prompt_max: int
    samples_max: int
    honours: list[Annotated[str, Meta(extra_json_schema={"enum": list(HONOURABLE)})]]
    seed: SeedRange | None
    num_inference_steps: Numbers | None
    guidance_scale: Numbers | None
    media_type: ImageMediaType
    price: ModelPrice | None
    ends: date | None

    @classmethod
    def of(cls, card: ModelCard) -> Self:
        """Make one from a model card."""
        return cls(
            version=card.version.value,
            generator=card.generator,
            width=Sides.of(card.width),
            height=Sides.of(card.height),
            sizes=[[size.width, size.height] for size in card.sizes] if card.sizes is not None else None,
            prompt_max=card.prompt_max,
            samples_max=card.samples_max,
            honours=list(card.honours),
            seed=SeedRange(card.seed_min, card.seed_max) if card.seed else None,
            **{name: Numbers.of(getattr(card, name)) for name in NUMBERS},
            media_type=card.media_type,
            price=ModelPrice.of(card.price),
            ends=card.ends,
        )


class Models(Struct, frozen=True):
    """The models on offer."""

    models: list[Model]


@get("/api/models")
async def models(request: CallerRequest, services: NamedDependency[Services]) -> Response[bytes | None]:
    """List the models on offer."""
    document = msgspec.json.encode(Models([Model.of(card) for card in services.cards.values()]))
    tag = f'"{hashlib.sha256(document).hexdigest()[:32]}"'
    if is_known(tag, values_of(request.scope["headers"], b"if-none-match")):
        return Response(None, status_code=304, headers={"ETag": tag})
    return Response(document, media_type=MediaType.JSON, headers={"ETag": tag})


def is_known(tag: str, if_none_match: Iterable[str]) -> bool:
    """Return whether the values of `If-None-Match` name the entity tag, or are `*` (RFC 9110, 13.1.2)."""
    known = {item.strip().removeprefix("W/") for line in if_none_match for item in line.split(",")}
    return bool(known & {tag, "*"})
