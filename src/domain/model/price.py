"""Prices of images: for each image, each megapixel or each size."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

from darkroom.domain.model.errors import InvalidValue, OutOfBounds
from darkroom.domain.model.money import Money
from darkroom.domain.model.values import ImageSize

_PER_MEGAPIXEL: Final = "MP"
_SIZE: Final = re.compile("([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")


class Price(Protocol):
    """The price of one image. `Money` is a price too: the same for every size."""

    @property
    def currency(self) -> str:
        """The ISO 4217 code of the currency of all amounts in it."""

    def of_image(self, size: ImageSize) -> Money:
        """Return the price of an image of this size."""


@dataclass(frozen=True, slots=True)
class MegapixelPrice(Price):
    """A price for the first megapixel (`PIXELS`) of an image, and one for each further megapixel or part of one."""

    PIXELS: ClassVar = 1_048_576

    first: Money
    further: Money

    @property
    def currency(self) -> str:
        return self.first.currency

    def of_image(self, size: ImageSize) -> Money:
        begun = -(-size.width * size.height // self.PIXELS)
        return Money(self.first.amount + self.further.amount * (begun - 1), self.currency)


@dataclass(frozen=True, slots=True)
class SizePrice(Price):
    """A price for each of at least one `sizes`, and one for all `others`.

    Raises:
        InvalidValue: the prices are in more than one currency.
    """

    sizes: tuple[tuple[ImageSize, Money], ...]
    others: Price | None = None

    def __post_init__(self) -> None:
        currencies = {price.currency for _, price in self.sizes} | ({self.others.currency} if self.others else set())
        if len(currencies) > 1:
            raise InvalidValue(f"must be in one currency for each model, not in {' and '.join(sorted(currencies))}")

    @property
    def currency(self) -> str:
        return self.sizes[0][1].currency

    def of_image(self, size: ImageSize) -> Money:
        """Return the price of an image of this size; for a size without a price, the highest of the listed ones."""
        if listed := dict(self.sizes).get(size):
            return listed
        if self.others:
            return self.others.of_image(size)
        return max((price for _, price in self.sizes), key=lambda price: price.amount)


def read_price(text: str) -> Money | MegapixelPrice:
    """Parse a price such as `0.02 USD`, `0.03 USD/MP` or `0.03+0.015 USD/MP`.

    Raises:
        InvalidValue: the text is something else, or more than any provider charges.
    """
    amounts, _, unit = text.strip().partition(" ")
    currency, per, of = (part.strip() for part in unit.partition("/"))
    first, plus, further = amounts.partition("+") if of == _PER_MEGAPIXEL else (amounts, "", "")
    try:
        begun = _charge(first, currency)
        if not per:
            return begun
        if of == _PER_MEGAPIXEL:
            return MegapixelPrice(begun, _charge(further if plus else first, currency))
    except InvalidValue:
        pass  # the error below gives the rule
    raise InvalidValue(
        "must be prices such as 0.02 USD for an image, 0.03 USD/MP for a megapixel, or 0.03+0.015 USD/MP for the first "
        f"and each further one, of at most {Money.MOST_CHARGED}"
    )


def prices_of_models(
    lines: Mapping[str, Money | MegapixelPrice], cards: Mapping[str, Price | None]
) -> dict[str, Price]:
    """Return the prices of models from lines named `model` or `model@WxH`; models without a line are left out.

    `cards` has the models on offer, with their prices before any line. A model's name may contain `@`: a line belongs
    to the longest name that it matches.

    Raises:
        InvalidValue: a line is not for a model on offer, prices a size by megapixels, or mixes currencies.
    """
    prices, sized = dict[str, Price](), defaultdict[str, list[tuple[ImageSize, Money]]](list)
    unknown = []
    for line, price in lines.items():
        match _read_line(line, cards):
            case None:
                unknown.append(line)
            case name, None:
                prices[name] = price
            case name, size if isinstance(price, Money):
                sized[name].append((size, price))
            case _:
                raise InvalidValue(f"must be for an image if they are for a size, not {line}")
    if unknown:
        raise InvalidValue(f"must be for models on offer, not {', '.join(sorted(unknown))}")
    for name, sizes in sized.items():
        known = prices.get(name) or cards[name]
        if isinstance(known, SizePrice):
            prices[name] = SizePrice(tuple({**dict(known.sizes), **dict(sizes)}.items()), known.others)
        else:
            prices[name] = SizePrice(tuple(sizes), known)
    return prices


def _read_line(line: str, names: Iterable[str]) -> tuple[str, ImageSize | None] | None:
    for name in sorted(names, key=len, reverse=True):
        if line == name:
            return name, None
        sides = _SIZE.fullmatch(line.removeprefix(f"{name}@")) if line.startswith(f"{name}@") else None
        if sides:
            with suppress(OutOfBounds):
                return name, ImageSize(int(sides[1]), int(sides[2]))
    return None


def _charge(amount: str, currency: str) -> Money:
    charge = Money.parse(f"{amount} {currency}")
    if charge.amount > Money.MOST_CHARGED:
        raise InvalidValue("is more than any provider charges")
    return charge
