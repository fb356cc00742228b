"""The limits that one order is held to, as every ledger checks them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from darkroom.adapters.ledgers.counting import millionths
from darkroom.domain.model.errors import QuotaExceeded, SpendLimit
from darkroom.domain.model.generation import Generation
from darkroom.domain.model.limits import Limits

WINDOW: Final = timedelta(hours=24)

Refusal = type[QuotaExceeded] | type[SpendLimit]

_PASSED: Final[dict[Refusal, str]] = {
    QuotaExceeded: "{asked} more would pass your limit of {allowed} images in 24 hours",
    SpendLimit: "the service may not spend that much now",
}
_NEVER: Final[dict[Refusal, str]] = {
    QuotaExceeded: "this order alone asks for {asked}, more than your limit of {allowed} images in 24 hours",
    SpendLimit: "this order alone costs more than the service may spend in 24 hours",
}


@dataclass(frozen=True, slots=True)
class Check:
    """What an order asks of a limit over the 24 hours before it.

    Images of the caller `subject` for `QuotaExceeded`; millionths of the currency `subject` for `SpendLimit`.
    """

    refusal: Refusal
    subject: str
    asked: int
    allowed: int

    def refused(self, *, now: datetime, room_at: datetime | None) -> QuotaExceeded | SpendLimit:
        """The refusal; there is room once what was ordered at `room_at` has left the window, or never.

        Then too it says when to come back, as every such answer does: by that time the limit may be another.
        """
        details = _PASSED if room_at else _NEVER
        wait = room_at + WINDOW - now if room_at else WINDOW
        return self.refusal(
            details[self.refusal].format(asked=self.asked, allowed=self.allowed),
            retry_after=math.ceil(wait.total_seconds()),
        )


def checks(generation: Generation, limits: Limits) -> Iterator[Check]:
    """The limits that a new order is held to."""
    if limits.images_per_day is not None:
        yield Check(QuotaExceeded, generation.caller, generation.request.samples, limits.images_per_day)
    spend, cost = limits.spend_per_day, generation.reserved
    if spend is not None and cost is not None and cost.currency == spend.currency:
        yield Check(SpendLimit, cost.currency, millionths(cost), millionths(spend))
