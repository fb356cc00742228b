"""`GET /api/usage`: what the caller has ordered, and what it may still order."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Self

from litestar import get
from litestar.di import NamedDependency
from msgspec import Meta, Struct

from darkroom.domain.model.limits import WINDOW, Usage
from darkroom.domain.model.money import Money
from darkroom.entrypoints.http.answers import Price
from darkroom.entrypoints.http.auth.authentication import CallerRequest
from darkroom.entrypoints.http.services import Services


class Spent(Struct, frozen=True):
    """Images that were ordered and not refused, and what they cost, a sum for each currency."""

    images: int
    cost: list[Price]

    @classmethod
    def of(cls, usages: Iterable[Usage]) -> Self:
        """Add up."""
        images, sums = 0, defaultdict[str, Decimal](Decimal)
        for usage in usages:
            images += usage.images
            if usage.cost is not None:
                sums[usage.cost.currency] += usage.cost.amount
        return cls(images, [Price.of(Money(amount, currency)) for currency, amount in sorted(sums.items())])


class UsageLimits(Struct, frozen=True):
    """What may be ordered in 24 hours; null is unlimited."""

    images_per_day: Annotated[int | None, Meta(description="The caller's own limit.")]
    spend_per_day: Annotated[Price | None, Meta(description="The whole service's limit, for all callers together.")]


class Left(Struct, frozen=True):
    """What the caller may still order now; null is unlimited."""

    images: int | None


class CallerUsage(Struct, frozen=True):
    """What the caller has ordered today and this month (UTC), and what it may still order."""

    today: Spent
    this_month: Spent
    limits: UsageLimits
    left: Left


@get("/api/usage")
async def usage(request: CallerRequest, services: NamedDependency[Services]) -> CallerUsage:
    """Show the caller's own usage."""
    caller, now = request.user, services.clock()
    month = await services.ledger.usage(
        now.replace(day=1, hour=0, minute=0, second=0, microsecond=0), caller=caller.subject
    )
    limits = services.limits.of(caller)
    limit = limits.images_per_day
    left = None
    if limit is not None:
        last_day = await services.ledger.usage(now - WINDOW, caller=caller.subject)
        left = max(0, limit - sum(row.images for row in last_day))
    return CallerUsage(
        today=Spent.of(row for row in month if row.day == now.date()),
        this_month=Spent.of(month),
        limits=UsageLimits(limit, Price.of(limits.spend_per_day) if limits.spend_per_day else None),
        left=Left(left),
    )
