"""Limits that are set for all workers of a service together, and each worker's share of them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from darkroom.entrypoints.settings.setting import declared_in

G = TypeVar("G")


def share(group: G, workers: int, seat: int) -> G:
    """Return a group of settings with one worker's share of each divided limit; `seat` counts from 1.

    The shares of all seats add up to the limit.
    """
    shares = {
        field: number // workers + (seat <= number % workers) for field, (_, number, _) in _divided(group).items()
    }
    return replace(group, **shares)  # type: ignore[type-var]  # a group is a dataclass


def too_small(group: object, workers: int) -> Iterator[str]:
    """Yield a line for each setting whose share would be too small for a worker."""
    for name, number, least in _divided(group).values():
        if number < workers * least:
            yield f"{name} must be at least DARKROOM_WORKERS, which is {workers}, not {number}: the workers divide it"


def most_workers(*groups: object) -> int:
    """Return the most workers that can each have a large enough share."""
    return min(number // least for group in groups for _, number, least in _divided(group).values() if least)


def _divided(group: object) -> dict[str, tuple[str, int, int]]:
    """Return the name, the number and the least share of each divided setting, by field."""
    return {
        one.field: (one.setting.name, number, one.setting.least_share)
        for one in declared_in(type(group))
        if one.setting.least_share is not None and (number := getattr(group, one.field)) is not None
    }
