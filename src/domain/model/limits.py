"""Limits on orders, and the usage that counts against them."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar, Final

from darkroom.domain.model.errors import ModelForbidden, QuotaExceeded, SpendLimit
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.money import Money

WINDOW: Final = timedelta(hours=24)
"""The sliding window of every limit; not a calendar day."""

_CLOCKS_DIFFER: Final = timedelta(hours=1)


def too_far_ahead(now: datetime) -> datetime:
    """Return the time from which on an order's date is taken for that of a wrong clock.

    It is the first full hour (UTC) that is more than an hour after `now`.
    """
    ahead = (now + _CLOCKS_DIFFER).astimezone(UTC)
    return ahead.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """The client that orders: the subject of its access token, and the limits that the token sets.

    `images_per_day` and `spend_per_day` hold for the last 24 hours; `models` are the versions that it may order. If
    one is None, the service's limit holds.
    """

    subject: str
    images_per_day: int | None = None
    spend_per_day: Money | None = None
    models: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits for one order, over the 24 hours before it; None is unlimited.

    `images_per_day` limits the caller's images, except those refused or cancelled. `spend_per_day` limits the whole
    service and `spend_per_day_per_caller` the caller: both count what was spent, may have been, or is about to be.
    `models` are the versions that may be ordered.
    """

    images_per_day: int | None = None
    spend_per_day: Money | None = None
    spend_per_day_per_caller: Money | None = None
    models: frozenset[str] | None = None

    def of(self, caller: Caller) -> "Limits":
        """Return these limits, each replaced by that of the caller's token if the token sets one."""
        images, spend = caller.images_per_day, caller.spend_per_day
        return Limits(
            images_per_day=self.images_per_day if images is None else images,
            spend_per_day=self.spend_per_day,
            spend_per_day_per_caller=self.spend_per_day_per_caller if spend is None else spend,
            models=self.models if caller.models is None else caller.models,
        )

    def allowed(self, generation: Generation) -> Generation:
        """Return a new order without the fallbacks whose cost the caller's spending limit could not count.

        Raises:
            ModelForbidden: the caller may not order that version, or has a spending limit in a currency in which the
                price of that version is not known.
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
        """Return how many images the caller may still order, and for how much money; None is unlimited.

        `last_day` is its usage in the window.
        """
        rows, images, spend = list(last_day), self.images_per_day, self.spend_per_day_per_caller
        if images is not None:
            images = max(0, images - sum(row.images for row in rows))
        if spend is not None:
            costs = (row.cost.millionths for row in rows if row.cost and row.cost.currency == spend.currency)
            spend = Money.of_millionths(max(0, spend.millionths - sum(costs)), spend.currency)
        return images, spend

    def checks(self, generation: Generation) -> Iterator["Check"]:
        """Yield a check of a new order for each limit that applies to it."""
        if self.images_per_day is not None:
            yield ImagesCheck(generation.caller, generation.request.samples, self.images_per_day)
        spend, own, cost = self.spend_per_day, self.spend_per_day_per_caller, generation.reserved
        if own is not None and cost is not None and cost.currency == own.currency:
            yield CallerSpendCheck(generation.caller, cost.millionths, own.millionths, own.currency)
        if spend is not None and cost is not None and cost.currency == spend.currency:
            yield SpendCheck(cost.currency, cost.millionths, spend.millionths)


@dataclass(frozen=True, slots=True)
class Check:
    """The check of an order against a limit: it asks for `asked` more, and the window may hold `allowed`.

    `subject` is the caller or currency that is limited. A ledger sums `counted` over the window, and raises what
    `refused` returns if `excess` of the sum is above 0.
    """

    refusal: ClassVar[type[QuotaExceeded] | type[SpendLimit]]
    passed: ClassVar[str]
    never: ClassVar[str]

    subject: str
    asked: int
    allowed: int

    def counted(self, generation: Generation) -> int:
        """Return how much a generation in the window counts."""
        raise NotImplementedError

    def excess(self, taken: int) -> int:
        """Return by how much the order would exceed the limit if the window holds `taken`; 0 or less if it fits."""
        return taken + self.asked - self.allowed

    def shown(self, amount: int) -> str:
        """Return an amount for messages."""
        return str(amount)

    def refused(self, *, now: datetime, room_at: datetime | None) -> QuotaExceeded | SpendLimit:
        """Return the error for an exceeded limit.

        There is room when orders up to `room_at` have left the window; never if None. `retry_after` is set even then,
        to the length of the window, since the limit may have been raised by that time.
        """
        wait = room_at + WINDOW - now if room_at else WINDOW
        detail = self.passed if room_at else self.never
        return self.refusal(
            detail.format(asked=self.shown(self.asked), allowed=self.shown(self.allowed)),
            # A clock that was set back must not keep a caller out for longer than the window.
            retry_after=min(math.ceil(wait.total_seconds()), math.ceil(WINDOW.total_seconds())),
        )


class ImagesCheck(Check):
    """Checks the images of the caller `subject`, as `counted_images` counts them."""

    refusal = QuotaExceeded
    passed = "{asked} more would pass your limit of {allowed} images in 24 hours"
    never = "this order alone asks for {asked}, more than your limit of {allowed} images in 24 hours"

    def counted(self, generation: Generation) -> int:
        return counted_images(generation) if generation.caller == self.subject else 0


@dataclass(frozen=True, slots=True)
class CallerSpendCheck(Check):
    """Checks the money of the caller `subject`, in millionths of the currency."""

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
    """Checks the money of the whole service, in millionths of the currency `subject`."""

    refusal = SpendLimit
    passed = "the service may not spend that much now"
    never = "this order alone costs more than the service may spend in 24 hours"

    def counted(self, generation: Generation) -> int:
        cost = generation.reserved
        return cost.millionths if cost and cost.currency == self.subject else 0


def counted_images(generation: Generation) -> int:
    """Return how many images count against the caller's limit: those ordered, 0 if it was refused or cancelled."""
    return 0 if generation.state in (State.REFUSED, State.CANCELLED) else generation.request.samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One caller's usage of one model on one day (UTC).

    `images` counts those ordered, without refused and cancelled orders; `drawn` those that a provider returned;
    `stored` those that are still kept; and `unknown` those of generations whose outcome is unknown. `cost` is in the
    model's currency; None if no price is known.
    """

    caller: str
    version: str
    day: date
    images: int
    drawn: int
    stored: int
    unknown: int
    cost: Money | None
