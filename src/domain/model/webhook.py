"""Webhooks: messages to callers' URLs when their generations end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from darkroom.domain.model.generation import Generation


@dataclass(frozen=True, slots=True)
class Delivery:
    """A finished generation whose webhook is due; `attempt` counts from 1."""

    generation: Generation
    attempt: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many deliveries wait for their generation's end or for another attempt, and how many were given up."""

    waiting: int
    given_up: int


class NotDelivered(Exception):
    """The receiver did not accept a message; the error says why, without quoting the URL or the response.

    `gone`: it will never accept one. `retry_after`: the seconds that the receiver asks to wait; None if it names none.
    """

    def __init__(self, reason: str, *, gone: bool = False, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.gone, self.retry_after = gone, retry_after


# The schedule that the Standard Webhooks specification proposes under "Deliverability and reliability": 76 hours.
RETRIES: Final[Sequence[timedelta]] = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
"""The wait before each further attempt, counted from the one before it."""
