"""What callers may order: the generators' models, with the operator's aliases, prices and fallbacks."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.price import Price, SizePrice, prices_of_models
from darkroom.domain.model.values import ModelVersion
from darkroom.domain.ports import ImageGenerator
from darkroom.entrypoints.container.opening import read_from
from darkroom.entrypoints.settings import BadSettings, Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Models:
    """The models on offer: `cards` by version, and `chains`: for each version the models that may draw it, in order."""

    cards: Mapping[str, ModelCard]
    chains: Mapping[str, Sequence[str]]


def read_models(settings: Settings, generator: ImageGenerator) -> Models:
    """Return the models on offer.

    Raises:
        BadSettings: the settings name models that are not on offer, or contradict each other.
    """
    own = _ending(settings, {card.version.value: _metered(settings, card) for card in generator.cards})
    cards = _priced(settings, {**own, **_aliased(settings, own)})
    if unknown := settings.generators.fallbacks.keys() - cards.keys():
        raise BadSettings(f"DARKROOM_FALLBACKS must be for models on offer, not {', '.join(sorted(unknown))}")
    chains = {version: _chain(settings, version, cards) for version in cards}
    return Models(cards, chains)


def _metered(settings: Settings, card: ModelCard) -> ModelCard:
    """Return the card with `samples_max` limited to what its provider's quota allows for one order."""
    quota = settings.images_per_minute.get(card.generator)
    return card if quota is None else card.metered(quota)


def _ending(settings: Settings, own: Mapping[str, ModelCard]) -> Mapping[str, ModelCard]:
    """Return the cards with the operator's ending dates, which override those of the generators."""
    days = settings.generators.ending_dates
    if unknown := days.keys() - own.keys():
        raise BadSettings(f"DARKROOM_ENDING_DATES must be of models on offer, not {', '.join(sorted(unknown))}")
    return {version: replace(card, ends=days.get(version, card.ends)) for version, card in own.items()}


def _aliased(settings: Settings, own: Mapping[str, ModelCard]) -> Mapping[str, ModelCard]:
    """Return the cards of aliases: each with its own name, and the limits of the model that it stands for."""
    aliases = settings.generators.aliases
    for alias, version in aliases.items():
        if version not in own:
            raise BadSettings(f"DARKROOM_ALIASES must stand for models on offer, not {alias}={version}")
        if alias in own:
            raise BadSettings(f"DARKROOM_ALIASES must be names that no generator offers, not {alias}")
    return {alias: replace(own[version], version=ModelVersion(alias)) for alias, version in aliases.items()}


def _priced(settings: Settings, cards: Mapping[str, ModelCard]) -> Mapping[str, ModelCard]:
    """Return the cards with the operator's prices, which override those of the generators."""
    prices, limit, each = (
        settings.limits.prices,
        settings.limits.spend_per_day,
        settings.limits.spend_per_day_per_caller,
    )
    priced = {}
    with read_from("DARKROOM_PRICES", joined=" "):
        listed = prices_of_models(prices, {version: card.price for version, card in cards.items()})
    for version, card in cards.items():
        price = listed.get(version) or listed.get(settings.generators.aliases.get(version, "")) or card.price
        _require_its_sizes(card, price)
        if limit and price and price.currency != limit.currency:
            raise BadSettings(f"DARKROOM_SPEND_PER_DAY must be in {price.currency}, as {version} is")
        if limit and not price:
            log.warning(
                "DARKROOM_SPEND_PER_DAY does not count %s: it has no price, and none in DARKROOM_PRICES", version
            )
        if each and (not price or price.currency != each.currency):
            log.warning(
                "DARKROOM_SPEND_PER_DAY_PER_CALLER lets no caller order %s: it has no price in %s",
                version,
                each.currency,
            )
        priced[version] = replace(card, price=price)
    return priced


def _require_its_sizes(card: ModelCard, price: Price | None) -> None:
    sizes = [size for size, _ in price.sizes] if isinstance(price, SizePrice) else []
    if never := [f"{size.width}x{size.height}" for size in sizes if not card.draws(size)]:
        raise BadSettings(f"DARKROOM_PRICES must be for sizes that {card.version.value} draws, not {', '.join(never)}")


def _chain(settings: Settings, version: str, cards: Mapping[str, ModelCard]) -> Sequence[str]:
    """Return the models for a version: the one that it stands for, then its fallbacks, whose own are not followed."""
    aliases, fallbacks = settings.generators.aliases, settings.generators.fallbacks
    model = aliases.get(version, version)
    chain = [model, *(aliases.get(name, name) for name in fallbacks.get(version) or fallbacks.get(model) or ())]
    if unknown := set(chain) - cards.keys():
        raise BadSettings(f"DARKROOM_FALLBACKS must be models on offer, not {', '.join(sorted(unknown))}")
    if len(set(chain)) < len(chain):
        raise BadSettings(f"DARKROOM_FALLBACKS must name each model once for {version}, not {' after '.join(chain)}")
    if len(currencies := {price.currency for name in chain if (price := cards[name].price)}) > 1:
        raise BadSettings(f"DARKROOM_FALLBACKS: {version} must cost one currency, not {', '.join(sorted(currencies))}")
    return chain
