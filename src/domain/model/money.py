"""Exact amounts of money."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import ClassVar, Final, Self

from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.values import ImageSize

_CODE_LENGTH: Final = 3
_PLACES: Final = 6
"""Decimal places of sums, which are integers of millionths: no provider's price is finer."""


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in a currency, given by its ISO 4217 code."""

    MOST_CHARGED: ClassVar = 10**9
    """More than any provider charges for an order: a higher reported cost is taken for an error."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not self.amount.is_finite() or self.amount < 0:
            raise InvalidValue("must be an amount of 0 or more")
        if len(self.currency) != _CODE_LENGTH or not self.currency.isascii() or not self.currency.isupper():
            raise InvalidValue("must name its currency by three capital letters, such as USD")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse an amount and a currency, such as `0.02 USD`.

        Raises:
            InvalidValue: the text is something else.
        """
        amount, _, currency = text.strip().partition(" ")
        try:
            return cls(Decimal(amount), currency.strip())
        except InvalidOperation:
            raise InvalidValue("must be an amount and a currency, such as 0.02 USD") from None

    def of_image(self, size: ImageSize) -> Self:
        """Return the price of an image, as a `Price` does: the same for every size."""
        del size
        return self

    def times(self, count: int) -> Self:
        """Return the amount multiplied by `count`."""
        return type(self)(self.amount * count, self.currency)

    @property
    def millionths(self) -> int:
        """The amount in millionths of its currency, rounded up."""
        return int(self.amount.scaleb(_PLACES).to_integral_value(ROUND_CEILING))

    @classmethod
    def of_millionths(cls, amount: int, currency: str) -> Self:
        """Return the money of `amount` millionths, without trailing zeros."""
        exact = Decimal(amount).scaleb(-_PLACES)
        return cls(exact.quantize(Decimal(1)) if exact == exact.to_integral_value() else exact.normalize(), currency)

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"
