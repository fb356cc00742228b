"""How much of a limit, and of the account, a generation takes up."""

from decimal import ROUND_CEILING, Decimal

from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.money import Money

_PLACES = 6  # decimals of a currency that limits and sums look at: a millionth fits every price, and sums stay integers


def counted_images(generation: Generation) -> int:
    """The images that count against the caller's limit: those ordered, unless nothing came of it for free."""
    return 0 if generation.state in (State.REFUSED, State.CANCELLED) else generation.request.samples


def millionths(money: Money) -> int:
    """An amount in millionths of its currency, rounded up."""
    return int(money.amount.scaleb(_PLACES).to_integral_value(ROUND_CEILING))


def from_millionths(amount: int, currency: str) -> Money:
    """The amount again, without needless zeros."""
    exact = Decimal(amount).scaleb(-_PLACES)
    return Money(exact.quantize(Decimal(1)) if exact == exact.to_integral_value() else exact.normalize(), currency)
