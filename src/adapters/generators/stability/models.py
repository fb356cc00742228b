"""Stability AI's models and what each accepts."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from darkroom.adapters.generators.ratios import RatioTable, Shape
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import ModelCard, NumberRange
from darkroom.domain.model.money import Money
from darkroom.domain.model.values import ImageSize, ModelVersion

RATIOS: Final = RatioTable(
    {
        ImageSize(1024, 1024): Shape("1:1"),
        ImageSize(1280, 720): Shape("16:9"),
        ImageSize(720, 1280): Shape("9:16"),
        ImageSize(1248, 832): Shape("3:2"),
        ImageSize(832, 1248): Shape("2:3"),
        ImageSize(1120, 896): Shape("5:4"),
        ImageSize(896, 1120): Shape("4:5"),
        ImageSize(1568, 672): Shape("21:9"),
        ImageSize(672, 1568): Shape("9:21"),
    }
)
"""Sizes with exactly the ratios that Stability AI offers."""


@dataclass(frozen=True, slots=True)
class StabilityModel:
    """A model's service and price in credits per image.

    `model` is the value of that field, None if the service has one model. `guidance` is the default, None if the model
    takes no guidance.
    """

    service: str
    credits: str
    model: str | None = None
    guidance: float | None = None
    heeds_negative_prompt: bool = True


MODELS: Final = {
    "stable-image-core": StabilityModel("core", "3"),
    "stable-image-ultra": StabilityModel("ultra", "8"),
    "sd3.5-large": StabilityModel("sd3", "6.5", "sd3.5-large", 4.0),
    "sd3.5-large-turbo": StabilityModel("sd3", "4", "sd3.5-large-turbo", 1.0, heeds_negative_prompt=False),
    "sd3.5-medium": StabilityModel("sd3", "3.5", "sd3.5-medium", 4.0),
    "sd3.5-flash": StabilityModel("sd3", "2.5", "sd3.5-flash", 1.0, heeds_negative_prompt=False),
}
"""The models by version."""

_CREDIT: Final = Decimal("0.01")  # USD


def stability_cards(versions: Iterable[str], media_type: MediaType) -> tuple[ModelCard, ...]:
    """Return the cards of the models that the operator chose.

    Raises:
        InvalidValue: there is no such model.
    """
    return tuple(_card(version, media_type) for version in dict.fromkeys(versions))


def _card(version: str, media_type: MediaType) -> ModelCard:
    if version not in MODELS:
        raise InvalidValue(f"{version!r} must be one of {', '.join(MODELS)}")
    model = MODELS[version]
    return ModelCard(
        version=ModelVersion(version),
        generator="stability",
        width=RATIOS.sizes.side,
        height=RATIOS.sizes.side,
        sizes=RATIOS.sizes.listed,
        prompt_max=10_000,
        media_type=media_type,
        samples_max=1,
        negative_prompt=model.heeds_negative_prompt,
        seed_min=1,
        seed_max=4_294_967_294,
        guidance_scale=NumberRange(1.0, 10.0, default=model.guidance) if model.guidance else None,
        price=Money(Decimal(model.credits) * _CREDIT, "USD"),
    )
