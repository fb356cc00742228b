"""What is set for all workers of a service together, and the share of it that each of them has."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from darkroom.entrypoints.settings.setting import declared_in

G = TypeVar("G")


def share(group: G, workers: int, seat: int) -> G:
    """A group of settings as one of several workers has it; `seat` counts from 1.

    The shares of all seats add up to what is set.
    """
    shares = {
        field: number // workers + (seat <= number % workers) for field, (_, number, _) in _divided(group).items()
    }
    return replace(group, **shares)  # type: ignore[type-var]  # a group is a dataclass


def too_small(group: object, workers: int) -> Iterator[str]:
    """A line for each setting of which a worker would not have what it needs."""
    for name, number, least in _divided(group).values():
        if number < workers * least:
            yield f"{name} must be at least DARKROOM_WORKERS, which is {workers}, not {number}: the workers divide it"


def most_workers(*groups: object) -> int:
    """How many workers can divide what is set, at most."""
    return min(number // least for group in groups for _, number, least in _divided(group).values() if least)


def _divided(group: object) -> dict[str, tuple[str, int, int]]:
    """By field the name, the number and the least share of each setting that is set for all workers together."""
    return {
        one.field: (one.setting.name, number, one.setting.least_share)
        for one in declared_in(type(group))
        if one.setting.least_share is not None and (number := getattr(group, one.field)) is not None
    }
