"""`GET /api/usage`: what the caller has ordered and may still order; with `by`, what all callers have ordered."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Final, Self

from litestar import Response, get
from litestar.datastructures.headers import Accept
from litestar.di import NamedDependency
from msgspec import UNSET, Meta, Struct, UnsetType

from darkroom.domain.model.errors import InvalidRequest, InvalidValue, Violation
from darkroom.domain.model.limits import WINDOW, Usage
from darkroom.domain.model.money import Money
from darkroom.entrypoints.http.answers import Price
from darkroom.entrypoints.http.auth.access import READ, SCOPES, USAGE
from darkroom.entrypoints.http.auth.authentication import CHECKS_SCOPE, CallerRequest, access_of
from darkroom.entrypoints.http.query import PARAMETER, TAKES_PARAMETERS, read_parameters
from darkroom.entrypoints.http.services import Services

CSV: Final = "text/csv"
_JSON: Final = "application/json"
_FORMS: Final = {"json": _JSON, "csv": CSV}
_LOOKS_BACK: Final = timedelta(days=30)

GROUPS: Final[dict[str, Callable[[Usage], str]]] = {
    "caller": lambda row: row.caller,
    "version": lambda row: row.version,
    "day": lambda row: row.day.isoformat(),
}
"""The groups by which usage can be added up, and how to read the group's name from a row."""


class Spent(Struct, frozen=True):
    """Images that were ordered and not refused, and what they cost: one sum for each currency."""

    images: int
    cost: list[Price]

    @classmethod
    def of(cls, usages: Iterable[Usage]) -> Self:
        """Add up usage."""
        rows = list(usages)
        return cls(sum(row.images for row in rows), _costs(rows))


class UsageLimits(Struct, frozen=True):
    """What may be ordered in 24 hours; null is unlimited."""

    images_per_day: Annotated[int | None, Meta(description="The caller's own limit.")]
    spend_per_day: Annotated[Price | None, Meta(description="The whole service's limit, for all callers together.")]
    spend_per_day_per_caller: Annotated[Price | None, Meta(description="The caller's own limit.")]
    models: Annotated[list[str] | None, Meta(description="The versions that the caller may order; null is all.")]


class Left(Struct, frozen=True):
    """What the caller may still order now under its own limits; null is unlimited."""

    images: int | None
    spend: Price | None


class CallerUsage(Struct, frozen=True):
    """What the caller has ordered today and this month (UTC), and what it may still order."""

    today: Spent
    this_month: Spent
    limits: UsageLimits
    left: Left
    scopes: Annotated[list[str], Meta(description="What the token allows.")]


class UsageLine(Struct, frozen=True):
    """What was ordered by one caller, of one version, or on one day (UTC).

    `images` were ordered and not refused, `drawn` came from a provider, `stored` are still kept; for `unknown`, the
    outcome is not known.
    """

    images: int
    drawn: int
    stored: int
    unknown: int
    cost: list[Price]
    caller: str | UnsetType = UNSET
    version: str | UnsetType = UNSET
    day: date | UnsetType = UNSET

    @classmethod
    def of(cls, rows: Sequence[Usage], by: str, name: str) -> Self:
        """Add up the rows of one member, called `name`, of the group `by`."""
        return cls(
            *_counts(rows),
            cost=_costs(rows),
            caller=name if by == "caller" else UNSET,
            version=name if by == "version" else UNSET,
            day=rows[0].day if by == "day" else UNSET,
        )


class UsageReport(Struct, frozen=True):
    """What all callers have ordered since the beginning of a day (UTC)."""

    by: Annotated[str, Meta(extra_json_schema={"enum": [*GROUPS]})]
    since: date
    items: list[UsageLine]

    @classmethod
    def of(cls, usages: Iterable[Usage], by: str, since: date) -> Self:
        """Add up by the group `by`, sorted by name."""
        groups = _grouped(usages, GROUPS[by])
        return cls(by, since, [UsageLine.of(rows, by, name) for name, rows in groups])


@get("/api/usage", opt=TAKES_PARAMETERS | CHECKS_SCOPE)
async def usage(
    request: CallerRequest, services: NamedDependency[Services]
) -> Response[CallerUsage] | Response[UsageReport] | Response[str]:
    """Show the caller's own usage, or that of all callers."""
    asked = read_parameters(request.scope["query_string"], {"by": _group, "since": _day, "format": _form})
    access_of(request.scope).require(USAGE if "by" in asked else READ)
    if "by" not in asked:
        if alone := [name for name in ("since", "format") if name in asked]:
            raise InvalidRequest([Violation(PARAMETER + name, "is allowed with `by` only") for name in alone])
        return Response(await _own(request, services))
    since: date = asked.get("since", services.clock().date() - _LOOKS_BACK)
    rows = await services.ledger.usage(datetime.combine(since, time(), UTC))
    accepted = Accept(request.headers.get("accept", "*/*")).best_match([_JSON, CSV])
    if asked.get("format", accepted) == CSV:
        return Response(_as_csv(rows, asked["by"]), media_type=CSV)
    return Response(UsageReport.of(rows, asked["by"], since))


async def _own(request: CallerRequest, services: Services) -> CallerUsage:
    caller, now = request.user, services.clock()
    month = await services.ledger.usage(
        now.replace(day=1, hour=0, minute=0, second=0, microsecond=0), caller=caller.subject
    )
    limits = services.limits.of(caller)
    images = spend = None
    if limits.images_per_day is not None or limits.spend_per_day_per_caller is not None:
        last_day = await services.ledger.usage(now - WINDOW, caller=caller.subject)
        images, spend = limits.left(last_day)
    return CallerUsage(
        today=Spent.of(row for row in month if row.day == now.date()),
        this_month=Spent.of(month),
        limits=UsageLimits(
            limits.images_per_day,
            _price(limits.spend_per_day),
            _price(limits.spend_per_day_per_caller),
            None if limits.models is None else sorted(limits.models),
        ),
        left=Left(images, _price(spend)),
        scopes=[scope for scope in SCOPES if scope in access_of(request.scope).scopes],
    )


def _as_csv(usages: Iterable[Usage], by: str) -> str:
    """Return the report as CSV (RFC 4180), one line for each name and currency, so that every column can be summed."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([by, "images", "drawn", "stored", "unknown", "cost", "currency"])
    for name, rows in _grouped(usages, GROUPS[by]):
        for currency, together in _grouped(rows, lambda row: row.cost.currency if row.cost else ""):
            cost = _costs(together)[0].amount if currency else ""
            writer.writerow([_for_spreadsheets(name), *_counts(together), cost, currency])
    return text.getvalue()


def _grouped(usages: Iterable[Usage], group: Callable[[Usage], str]) -> list[tuple[str, list[Usage]]]:
    groups = defaultdict[str, list[Usage]](list)
    for row in usages:
        groups[group(row)].append(row)
    return sorted(groups.items())


def _counts(rows: Sequence[Usage]) -> tuple[int, int, int, int]:
    return (
        sum(row.images for row in rows),
        sum(row.drawn for row in rows),
        sum(row.stored for row in rows),
        sum(row.unknown for row in rows),
    )


def _costs(rows: Iterable[Usage]) -> list[Price]:
    sums = defaultdict[str, Decimal](Decimal)
    for row in rows:
        if row.cost is not None:
            sums[row.cost.currency] += row.cost.amount
    return [Price.of(Money(amount, currency)) for currency, amount in sorted(sums.items())]


def _price(money: Money | None) -> Price | None:
    return None if money is None else Price.of(money)


def _group(text: str) -> str:
    if text not in GROUPS:
        raise InvalidValue(f"must be {', '.join([*GROUPS][:-1])} or {[*GROUPS][-1]}")
    return text


def _form(text: str) -> str:
    """Return the media type that `format` names; a link cannot send an `Accept` header."""
    if text not in _FORMS:
        raise InvalidValue(f"must be {' or '.join(_FORMS)}")
    return _FORMS[text]


def _day(text: str) -> date:
    rule = "must be a day such as 2026-01-31"
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise InvalidValue(rule)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidValue(rule) from None


def _for_spreadsheets(name: str) -> str:
    """Return a name that spreadsheets do not run as a formula (OWASP, CSV Injection): callers choose their names."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@")) else name
