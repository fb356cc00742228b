"""OpenRouter's description of a model: its makers, their parameters and prices, and when the model ends.

Readers accept any JSON, and ignore what is not as documented.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Self

from darkroom.adapters.generators.ratios import TIERS
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.money import Money


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The supported parameters, each with its descriptor; an absent one is not supported."""

    descriptors: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, value: object) -> Self:
        """Read `supported_parameters`."""
        described = value if isinstance(value, dict) else {}
        return cls({name: one for name, one in described.items() if isinstance(one, dict)})

    def __contains__(self, name: str) -> bool:
        return name in self.descriptors

    def values(self, name: str) -> Sequence[str]:
        """Return the values of an enumeration; empty if the parameter is not one."""
        values = self.descriptors.get(name, {}).get("values")
        return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []

    def bounds(self, name: str) -> tuple[int, int] | None:
        """Return the bounds of a range; None if the parameter is not one."""
        described = self.descriptors.get(name, {})
        low, high = described.get("min"), described.get("max")
        return (low, high) if type(low) is int and type(high) is int else None

    def and_also(self, other: "Capabilities") -> "Capabilities":
        """Return the intersection of both."""
        common: dict[str, Mapping[str, Any]] = {}
        for name in self.descriptors.keys() & other.descriptors.keys():
            ours, theirs = self.bounds(name), other.bounds(name)
            if ours and theirs:
                common[name] = {"type": "range", "min": max(ours[0], theirs[0]), "max": min(ours[1], theirs[1])}
            elif values := self.values(name):
                common[name] = {"type": "enum", "values": [one for one in values if one in other.values(name)]}
            else:
                common[name] = self.descriptors[name]
        return Capabilities(common)


@dataclass(frozen=True, slots=True)
class Maker:
    """A company that serves a model through OpenRouter; `tag` is its name in calls.

    `prices` are USD per image, each with the variant to which it applies, None for all.
    """

    tag: str
    capabilities: Capabilities
    prices: Sequence[tuple[str | None, Money]]

    def price(self, tiers: Sequence[str | None]) -> Money | None:
        """Return the highest price of an image at these tiers; None if the maker does not charge by image."""
        fitting = [price for variant, price in self.prices if _holds_for(variant, tiers)]
        return max(fitting, key=lambda price: price.amount, default=None)


@dataclass(frozen=True, slots=True)
class Description:
    """The description of a model; `ends` is the last day on which it is certainly available, None if unknown."""

    makers: Sequence[Maker]
    ends: date | None = None

    @classmethod
    def read(cls, endpoints: Mapping[str, Any], ends: object) -> Self:
        """Read the document of a model's endpoints, and an `expiration_date`."""
        records = endpoints.get("endpoints")
        makers = [_maker(one) for one in (records if isinstance(records, list) else ()) if isinstance(one, dict)]
        return cls([maker for maker in makers if maker], _date(ends))

    def made_by(self, tag: str | None) -> Maker:
        """Return the maker named `tag`, or the first one if that is None.

        If a maker has several records, only what all of them support counts.

        Raises:
            InvalidValue: there is no such maker.
        """
        found = [maker for maker in self.makers if tag in (None, maker.tag)]
        if not found:
            makers = ", ".join(dict.fromkeys(maker.tag for maker in self.makers)) or "no maker"
            raise InvalidValue(f"is made by {makers}" + (f", not by {tag}" if tag else ""))
        first, *others = [maker for maker in found if maker.tag == found[0].tag]
        for other in others:
            first = Maker(first.tag, first.capabilities.and_also(other.capabilities), [*first.prices, *other.prices])
        return first


def _holds_for(variant: object, tiers: Sequence[str | None]) -> bool:
    """Return whether a price may apply to these tiers: one for another tier does not, other variants may."""
    name = str(variant).upper()
    return name not in TIERS or not any(tiers) or name in tiers


def _maker(record: Mapping[str, Any]) -> Maker | None:
    tag = record.get("provider_tag") or record.get("provider_slug")
    if not isinstance(tag, str):
        return None
    lines = record.get("pricing")
    prices = [
        (line.get("variant"), price)
        for line in (lines if isinstance(lines, list) else ())
        if isinstance(line, dict) and (line.get("billable"), line.get("unit")) == ("output_image", "image")
        if (price := dollars(line.get("cost_usd")))
    ]
    return Maker(tag, Capabilities.read(record.get("supported_parameters")), prices)


def dollars(value: object) -> Money | None:
    """Return a JSON number as an amount of USD; None if it is not a valid one."""
    if type(value) not in (int, float):
        return None
    try:
        return Money(Decimal(str(value)), "USD")
    except (InvalidValue, ArithmeticError):
        return None


def _date(value: object) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None
