"""Prices: what an image costs, by the image, by its megapixels, or by its size."""

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
    """What one image costs. Money alone is the price of an image of any size."""

    @property
    def currency(self) -> str:
        """The one currency that it is in."""

    def of_image(self, size: ImageSize) -> Money:
        """What an image of this size costs."""


@dataclass(frozen=True, slots=True)
class MegapixelPrice(Price):
    """What the first megapixel of an image costs, and each further one that is begun."""

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
    """What an image costs at each of these sizes, of which there is at least one; `others` holds at any other size."""

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
        """What an image of this size costs: at a size without a price, as much as at the dearest one."""
        if listed := dict(self.sizes).get(size):
            return listed
        if self.others:
            return self.others.of_image(size)
        return max((price for _, price in self.sizes), key=lambda price: price.amount)


def read_price(text: str) -> Money | MegapixelPrice:
    """Read `0.02 USD`, `0.03 USD/MP` or `0.03+0.015 USD/MP`.

    Raises:
        InvalidValue: it is something else, or more than any provider charges.
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
        pass  # it is said below what would be right
    raise InvalidValue(
        "must be prices such as 0.02 USD for an image, 0.03 USD/MP for a megapixel, or 0.03+0.015 USD/MP for the first "
        f"and each further one, of at most {Money.MOST_CHARGED}"
    )


def prices_of_models(
    lines: Mapping[str, Money | MegapixelPrice], cards: Mapping[str, Price | None]
) -> dict[str, Price]:
    """The prices of models, from lines named `model` or `model@WxH`; of a model without a line nothing is returned.

    `cards` are the models on offer, with the prices that they have without any line. A model may have an `@` in its
    name: a line is for the longest name that it can be read as.

    Raises:
        InvalidValue: naming the lines that are not for a model on offer, or that mix what cannot be mixed.
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
                raise InvalidValue(f"must be for an image if they are for a size, unlike {line}")
    if unknown:
        raise InvalidValue(f"must be for models on offer, unlike {', '.join(sorted(unknown))}")
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
