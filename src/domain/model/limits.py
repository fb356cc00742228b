"""Limits on what may be ordered, and the account of what was."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar, Final

from darkroom.domain.model.errors import ModelForbidden, QuotaExceeded, SpendLimit
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.money import Money

WINDOW: Final = timedelta(hours=24)
"""What every limit looks back over: a window that slides, not a day of the calendar."""

_CLOCKS_DIFFER: Final = timedelta(hours=1)


def too_far_ahead(now: datetime) -> datetime:
    """From what time on an order was dated by a wrong clock: it is more than an hour ahead, and a whole hour (UTC)."""
    ahead = (now + _CLOCKS_DIFFER).astimezone(UTC)
    return ahead.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who orders: the subject of the token, and the limits that the token itself sets.

    `images_per_day` and `spend_per_day` hold for 24 hours; `models` are the versions that may be ordered. None is what
    the service allows.
    """

    subject: str
    images_per_day: int | None = None
    spend_per_day: Money | None = None
    models: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What one order is held to, over the 24 hours before it; None is unlimited.

    `images_per_day` counts the caller's images that were not refused; `spend_per_day` is the whole service's and
    `spend_per_day_per_caller` the caller's: both count what is spent, may have been spent, or is about to be. `models`
    are the versions that may be ordered.
    """

    images_per_day: int | None = None
    spend_per_day: Money | None = None
    spend_per_day_per_caller: Money | None = None
    models: frozenset[str] | None = None

    def of(self, caller: Caller) -> "Limits":
        """These, but that a limit which the caller's token sets holds in place of the service's own."""
        images, spend = caller.images_per_day, caller.spend_per_day
        return Limits(
            images_per_day=self.images_per_day if images is None else images,
            spend_per_day=self.spend_per_day,
            spend_per_day_per_caller=self.spend_per_day_per_caller if spend is None else spend,
            models=self.models if caller.models is None else caller.models,
        )

    def allowed(self, generation: Generation) -> Generation:
        """A new order as far as the caller may have it: without fallbacks whose cost its limit could not count.

        Raises:
            ModelForbidden: the caller may not order that version, or not under a limit in money, since its price in
                that currency is not known.
        """
        version, own = generation.request.version.value, self.spend_per_day_per_caller
        if self.models is not None and version not in self.models:
            raise ModelForbidden(f"your token does not allow {version}")
        if own is None:
            return generation
        if generation.cost is None or generation.cost.currency != own.currency:
            raise ModelForbidden(
                f"your spending is limited in {own.currency}, and the price of {version} in {own.currency} is not known"
            )
        counted = (one for one in generation.fallbacks if one.cost and one.cost.currency == own.currency)
        return replace(generation, fallbacks=tuple(counted))

    def left(self, last_day: Iterable["Usage"]) -> tuple[int | None, Money | None]:
        """The images, and the money, that the caller may still order now; `last_day` is its usage in the window."""
        rows, images, spend = list(last_day), self.images_per_day, self.spend_per_day_per_caller
        if images is not None:
            images = max(0, images - sum(row.images for row in rows))
        if spend is not None:
            costs = (row.cost.millionths for row in rows if row.cost and row.cost.currency == spend.currency)
            spend = Money.of_millionths(max(0, spend.millionths - sum(costs)), spend.currency)
        return images, spend

    def checks(self, generation: Generation) -> Iterator["Check"]:
        """What a new order asks of each limit that it is held to."""
        if self.images_per_day is not None:
            yield ImagesCheck(generation.caller, generation.request.samples, self.images_per_day)
        spend, own, cost = self.spend_per_day, self.spend_per_day_per_caller, generation.reserved
        if own is not None and cost is not None and cost.currency == own.currency:
            yield CallerSpendCheck(generation.caller, cost.millionths, own.millionths, own.currency)
        if spend is not None and cost is not None and cost.currency == spend.currency:
            yield SpendCheck(cost.currency, cost.millionths, spend.millionths)


@dataclass(frozen=True, slots=True)
class Check:
    """What an order asks of a limit: `asked` more of `subject`, of which the window may hold `allowed`.

    A ledger adds up what the window holds, `counted` by this class, and raises what `refused` returns if that is too
    much.
    """

    refusal: ClassVar[type[QuotaExceeded] | type[SpendLimit]]
    passed: ClassVar[str]
    never: ClassVar[str]

    subject: str
    asked: int
    allowed: int

    def counted(self, generation: Generation) -> int:
        """How much a generation within the window takes up."""
        raise NotImplementedError

    def excess(self, taken: int) -> int:
        """By how much the limit would be passed if so much is taken; 0 or less if it would not."""
        return taken + self.asked - self.allowed

    def shown(self, amount: int) -> str:
        """An amount as people are shown it."""
        return str(amount)

    def refused(self, *, now: datetime, room_at: datetime | None) -> QuotaExceeded | SpendLimit:
        """The refusal; there is room once what was ordered at `room_at` has left the window, or never.

        Then too it says when to come back, as every such answer does: by that time the limit may be another.
        """
        wait = room_at + WINDOW - now if room_at else WINDOW
        detail = self.passed if room_at else self.never
        return self.refusal(
            detail.format(asked=self.shown(self.asked), allowed=self.shown(self.allowed)),
            # A clock that was set back must not keep a caller out for longer than the window.
            retry_after=min(math.ceil(wait.total_seconds()), math.ceil(WINDOW.total_seconds())),
        )


class ImagesCheck(Check):
    """Images of the caller `subject`: those ordered, unless nothing came of it for free."""

    refusal = QuotaExceeded
    passed = "{asked} more would pass your limit of {allowed} images in 24 hours"
    never = "this order alone asks for {asked}, more than your limit of {allowed} images in 24 hours"

    def counted(self, generation: Generation) -> int:
        return counted_images(generation) if generation.caller == self.subject else 0


@dataclass(frozen=True, slots=True)
class CallerSpendCheck(Check):
    """Money of the caller `subject`, in millionths of the currency."""

    currency: str

    refusal = QuotaExceeded
    passed = "{asked} more would pass your limit of {allowed} in 24 hours"
    never = "this order alone costs {asked}, more than your limit of {allowed} in 24 hours"

    def counted(self, generation: Generation) -> int:
        cost = generation.reserved if generation.caller == self.subject else None
        return cost.millionths if cost and cost.currency == self.currency else 0

    def shown(self, amount: int) -> str:
        return str(Money.of_millionths(amount, self.currency))


class SpendCheck(Check):
    """Money of the whole service, in millionths of the currency `subject`."""

    refusal = SpendLimit
    passed = "the service may not spend that much now"
    never = "this order alone costs more than the service may spend in 24 hours"

    def counted(self, generation: Generation) -> int:
        cost = generation.reserved
        return cost.millionths if cost and cost.currency == self.subject else 0


def counted_images(generation: Generation) -> int:
    """The images that count against the caller's limit: those ordered, unless nothing came of it for free."""
    return 0 if generation.state in (State.REFUSED, State.CANCELLED) else generation.request.samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one caller ordered of one model on one day (UTC).

    `images` counts those ordered and not refused, `drawn` those that came from a provider, `stored` those of them that
    are still kept, and `unknown` those of generations whose outcome is unknown. `cost` is in the model's currency, None
    if no price is known.
    """

    caller: str
    version: str
    day: date
    images: int
    drawn: int
    stored: int
    unknown: int
    cost: Money | None
