"""Limits on what may be ordered, and the account of what was."""

from dataclasses import dataclass
from datetime import date

from darkroom.domain.model.money import Money


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

    `images_per_day` counts the caller's images that were not refused; `spend_per_day` is the whole service's, and
    counts what is spent, may have been spent, or is about to be.
    """

    images_per_day: int | None = None
    spend_per_day: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one caller ordered of one model on one day (UTC).

    `images` counts those ordered and not refused, `stored` those that lie in storage, `unknown` those of generations
    whose outcome nobody knows. `cost` is in the model's currency, None where no price is known.
    """

    caller: str
    version: str
    day: date
    images: int
    stored: int
    unknown: int
    cost: Money | None
